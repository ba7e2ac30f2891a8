import { decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose'
import { StepError } from '../causes/step-error.ts'
import type { Found } from '../step.ts'

/** What of a token may be shown. */
export interface TokenClaims {
  readonly scopes: readonly string[]
}

export interface ExpectedToken {
  readonly issuer: string
  /** Undefined: any. */
  readonly audience: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}

/**
 * Looks at an access token as its owner may: form, algorithm, issuer, audience, scopes, life. Does not
 * check the signature, which is the gateway's to do.
 *
 * @throws StepError
 */
export function readToken(accessToken: string, expected: ExpectedToken): Found<TokenClaims> {
  const { header, claims } = decode(accessToken)
  const { alg, typ } = header
  if (alg !== 'RS256') throw new StepError('token_algorithm', `alg is ${alg}`)
  const { iss, aud, exp = 0, scope, permissions } = claims
  const audiences = [aud ?? []].flat()
  if (expected.audience !== undefined && !audiences.includes(expected.audience)) {
    throw new StepError('token_audience', `aud is ${audiences.join(' ') || 'absent'}`)
  }
  if (iss !== expected.issuer) throw new StepError('token_issuer', `iss is ${iss}`)
  const minutes = Math.round((exp - expected.now / 1_000) / 60)
  if (exp * 1_000 <= expected.now) {
    throw new StepError('token_expired', `exp was ${-minutes} min ago`)
  }
  const scopes = String(scope ?? '')
    .split(' ')
    .filter((value) => value !== '')
  const held = Array.isArray(permissions) ? permissions.join(' ') || 'none' : 'not in the token'
  const seen = [
    `${alg}${typ === undefined ? '' : ` ${typ}`}`,
    `iss ${iss}`,
    `aud ${audiences.join(' ')}`,
    `scope ${scopes.join(' ') || 'none'}`,
    `permissions ${held}`,
    `exp in ${minutes} min`,
  ]
  return { value: { scopes }, seen: seen.join(', ') }
}

function decode(accessToken: string) {
  const parts = accessToken.split('.').length
  if (parts === 5) throw new StepError('ACCESS_TOKEN_IS_ENCRYPTED_JWE', 'five parts: a JWE')
  try {
    const claims: JWTPayload = decodeJwt(accessToken)
    return { header: decodeProtectedHeader(accessToken), claims }
  } catch {
    throw new StepError('ACCESS_TOKEN_IS_OPAQUE', 'not a JWT')
  }
}
