import { tryAgain } from '../backend-failure.ts'
import { type Authority, BackendAuthError } from './authority.ts'
import { TokenError } from './token-endpoint.ts'

/** The token as RFC 6750 s2.1 sends it. */
export function bearer(token: string, refused: () => void): Authority {
  return { fields: { authorization: `Bearer ${token}` }, refused }
}

/** @throws BackendAuthError in place of a TokenError; any other error as it is. */
export function withoutToken(error: unknown): never {
  if (!(error instanceof TokenError)) throw error
  const { kind, code, retryAfter } = error
  const reason = `backend_auth_${code}`
  if (kind !== 'unavailable') throw new BackendAuthError(reason, 502, NOT_SET_UP)
  const advice = retryAfter === undefined ? 'Try again later.' : tryAgain(Math.max(1, retryAfter))
  throw new BackendAuthError(reason, 503, `The tool is not available. ${advice}`, retryAfter)
}

/** For the user: nothing that they could mend. */
const NOT_SET_UP = 'The tool cannot be used: its access to the API is not set up correctly.'
