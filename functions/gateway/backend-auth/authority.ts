import type { Caller } from '../authenticator.ts'
import type { BackendPlan } from '../backend/backend-request.ts'
import type { GoogleIdentity } from '../backend/google-identity.ts'
import type { CallableTool } from '../callable-tool.ts'
import type { BackendSecrets } from './secrets.ts'
import type { AskForToken } from './token-endpoint.ts'

/** The credentials for a backend, in header fields besides the signed assertion. */
export interface Authority {
  readonly fields: Readonly<Record<string, string>>
  /** Call this when the backend answers 401: a cached token may have been revoked. */
  readonly refused?: () => void
}

/**
 * Returns the credentials for a backend; undefined if it gets only the assertion. `backend` does
 * not depend on the arguments of the call.
 *
 * @throws BackendAuthError if no credentials can be obtained, GoogleIdentityError, and BearerError
 * if a new sign-in can help.
 */
export type BackendAuth = (
  tool: CallableTool,
  backend: Pick<BackendPlan, 'isOwn' | 'identityUrl'>,
  caller: Caller | undefined,
) => Promise<Authority> | undefined

/** The backend cannot be called; `message` is for the user, `reason` for the log. */
export class BackendAuthError extends Error {
  override readonly name = 'BackendAuthError'
  readonly reason: string
  /** The REST status. */
  readonly status: 403 | 502 | 503
  /** Retry-After, in seconds. */
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
  /**
   * BACKEND_AUTH=google: every backend below FUNCTIONS_BASE gets the ID token, in addition to any
   * other credentials.
   */
  readonly isGoogleForAll: boolean
  readonly askForToken?: AskForToken
  /** Returns seconds since the epoch. */
  readonly now?: () => number
}
