import { hkdfSync } from 'node:crypto'
import type { SigningKey } from '../../../shared/oauth/signing-key.ts'

const PURPOSE = 'chatgpt-auth0-gateway requestState'
const KEY_BYTES = 32

/**
 * The keys for `createStateSeal`, by HKDF-SHA256 (RFC 5869) from GATEWAY_HMAC_SECRET, or from
 * GATEWAY_SIGNING_KEY where there is no secret, in their order.
 */
export function stateKeys(
  secrets: readonly string[] | undefined,
  signingKeys: readonly SigningKey[],
): readonly [Uint8Array, ...Uint8Array[]] {
  const [first, ...others] =
    secrets?.map((secret) => new Uint8Array(hkdfSync('sha256', secret, '', PURPOSE, KEY_BYTES))) ??
    signingKeys.map((key) => key.derive(PURPOSE, KEY_BYTES))
  if (first === undefined) throw new Error('no key to seal with')
  return [first, ...others]
}
