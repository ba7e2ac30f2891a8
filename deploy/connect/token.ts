import { decodeJwt, decodeProtectedHeader } from 'jose'
import { type Found, StepError } from './step.ts'

/** What of a token may be shown. */
export interface TokenClaims {
  readonly scopes: readonly string[]
}

/**
 * Looks at an access token as its owner may: form, algorithm, issuer, audience, scopes, life. Does not
 * check the signature, which is the gateway's to do.
 */
export function readToken(
  accessToken: string,
  expected: { readonly issuer: string; readonly audience: string },
): Found<TokenClaims> {
  const parts = accessToken.split('.').length
  if (parts === 5) throw new StepError('ACCESS_TOKEN_IS_ENCRYPTED_JWE', 'five parts: a JWE')
  if (parts !== 3) throw new StepError('ACCESS_TOKEN_IS_OPAQUE', 'not a JWT')
  const { alg, typ } = decodeProtectedHeader(accessToken)
  if (alg !== 'RS256') throw new StepError('token_algorithm', `alg is ${alg}`)
  const { iss, aud, exp = 0, scope, permissions } = decodeJwt(accessToken)
  const audiences = [aud ?? []].flat()
  if (!audiences.includes(expected.audience)) {
    throw new StepError('token_audience', `aud is ${audiences.join(' ') || 'absent'}`)
  }
  if (iss !== expected.issuer) throw new StepError('token_issuer', `iss is ${iss}`)
  const scopes = String(scope ?? '').split(' ')
  const minutes = Math.round((exp - Date.now() / 1_000) / 60)
  const held = Array.isArray(permissions) ? permissions.join(' ') || 'none' : 'not in the token'
  const seen = [
    `${alg}${typ === undefined ? '' : ` ${typ}`}`,
    `iss ${iss}`,
    `aud ${audiences.join(' ')}`,
    `scope ${scopes.join(' ') || 'none'}`,
    `permissions ${held}`,
    `for ${minutes} min`,
  ]
  return { value: { scopes }, seen: seen.join(', ') }
}
