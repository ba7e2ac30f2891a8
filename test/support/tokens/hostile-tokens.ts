import { hostileClaims, hostileIssuersAndAudiences, hostilePayloads } from './hostile-claims.ts'
import { brokenCredentials, hostileForms } from './hostile-forms.ts'
import { hostileHeaders } from './hostile-headers.ts'
import { foreignKeys, hostileSignatures } from './hostile-signatures.ts'
import { EXPECTED, type Expected } from './token.ts'

/** A token that must be rejected, with the expected response. */
export interface HostileToken {
  readonly name: string
  readonly token: string
  readonly status: 400 | 401
  readonly error: 'invalid_request' | 'invalid_token'
  readonly reason: string
}

/** Tokens that a resource server must reject. Each is a valid token except for the named fault. */
export function hostileTokens(expected: Expected = EXPECTED): readonly HostileToken[] {
  const refused = [
    ...hostileForms(expected),
    ...hostileHeaders(expected),
    ...foreignKeys(expected),
    ...hostileSignatures(expected),
    ...hostilePayloads(expected),
    ...hostileIssuersAndAudiences(expected),
    ...hostileClaims(expected),
  ].map(
    ([name, hostile, reason]) =>
      ({ name, token: hostile, status: 401, error: 'invalid_token', reason }) as const,
  )
  const malformed = brokenCredentials(expected).map(
    ([name, hostile, reason]) =>
      ({ name, token: hostile, status: 400, error: 'invalid_request', reason }) as const,
  )
  return [...refused, ...malformed]
}
