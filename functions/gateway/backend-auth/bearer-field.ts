import { tryAgain } from '../backend-failure.ts'
import { type Authority, BackendAuthError } from './authority.ts'
import { TokenError } from './token-endpoint.ts'

/** Returns the Authorization field for the token (RFC 6750 s2.1). */
export function bearer(token: string, refused: () => void): Authority {
  return { fields: { authorization: `Bearer ${token}` }, refused }
}

/** Throws a BackendAuthError in place of a TokenError, and any other error unchanged. */
export function withoutToken(error: unknown): never {
  if (!(error instanceof TokenError)) throw error
  const { kind, code, retryAfter } = error
  const reason = `backend_auth_${code}`
  if (kind !== 'unavailable') throw new BackendAuthError(reason, 502, NOT_SET_UP)
  const advice = retryAfter === undefined ? 'Try again later.' : tryAgain(Math.max(1, retryAfter))
  throw new BackendAuthError(reason, 503, `The tool is not available. ${advice}`, retryAfter)
}

/** The user cannot fix the cause, so the message does not name it. */
const NOT_SET_UP = 'The tool cannot be used: its access to the API is not set up correctly.'
