import { hkdfSync } from 'node:crypto'
import type { SigningKey } from '../../../shared/oauth/signing-key.ts'

const PURPOSE = 'chatgpt-auth0-gateway requestState'
const KEY_BYTES = 32

/**
 * Derives the keys for `createStateSeal` with HKDF-SHA256 (RFC 5869) from GATEWAY_HMAC_SECRET or,
 * without that secret, from GATEWAY_SIGNING_KEY. Keeps the order of the secrets or keys.
 */
export function stateKeys(
  secrets: readonly string[] | undefined,
  signingKeys: readonly SigningKey[],
): readonly [Uint8Array, ...Uint8Array[]] {
  const [first, ...others] =
    secrets?.map((secret) => new Uint8Array(hkdfSync('sha256', secret, '', PURPOSE, KEY_BYTES))) ??
    signingKeys.map((key) => key.derive(PURPOSE, KEY_BYTES))
  if (first === undefined) throw new Error('neither a secret nor a signing key is set')
  return [first, ...others]
}
