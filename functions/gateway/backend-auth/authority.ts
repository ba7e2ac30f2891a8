import type { Caller } from '../authenticator.ts'
import type { BackendPlan } from '../backend/backend-request.ts'
import type { GoogleIdentity } from '../backend/google-identity.ts'
import type { CallableTool } from '../callable-tool.ts'
import type { BackendSecrets } from './secrets.ts'
import type { AskForToken } from './token-endpoint.ts'

/** The credentials for a backend, in header fields beside the signed assertion. */
export interface Authority {
  readonly fields: Readonly<Record<string, string>>
  /** Call this when the backend answers 401: a cached token may have been revoked. */
  readonly refused?: () => void
}

/**
 * Returns the credentials for a backend; undefined when it gets the assertion alone. `backend` is the same
 * for all arguments of the tool; `signal` ends the call.
 *
 * @throws BackendAuthError when no credentials can be obtained, GoogleIdentityError, and BearerError when a new
 *   sign-in would help.
 */
export type BackendAuth = (
  tool: CallableTool,
  backend: Pick<BackendPlan, 'isOwn' | 'identityUrl'>,
  caller: Caller | undefined,
  signal: AbortSignal,
) => Promise<Authority> | undefined

/** The backend cannot be called; `message` is for the user, `reason` for the log. */
export class BackendAuthError extends Error {
  override readonly name = 'BackendAuthError'
  readonly reason: string
  /** What REST answers. */
  readonly status: 403 | 502 | 503
  /** Seconds. */
  readonly retryAfter: number | undefined

  constructor(reason: string, status: 403 | 502 | 503, message: string, retryAfter?: number) {
    super(message)
    this.reason = reason
    this.status = status
    this.retryAfter = retryAfter
  }
}

export interface BackendAuthOptions {
  readonly secrets: BackendSecrets
  readonly issuer: string
  readonly googleIdentity: GoogleIdentity
  /** BACKEND_AUTH=google: every backend below FUNCTIONS_BASE gets the ID token, whatever else it gets. */
  readonly isGoogleForAll: boolean
  readonly askForToken?: AskForToken
  /** Seconds of the epoch. */
  readonly now?: () => number
}
