import type { BackendPlan } from '../backend/backend-request.ts'
import type { GoogleIdentity } from '../backend/google-identity.ts'
import type { CallableTool } from '../callable-tool.ts'
import type { Identity } from '../identity.ts'
import type { BackendSecrets } from './secrets.ts'
import type { AskForToken } from './token-endpoint.ts'

/** The header fields by whose authority a backend is called, beside the signed statement. */
export interface Authority {
  readonly fields: Readonly<Record<string, string>>
  /** To be called when the backend answers 401: a token that is kept may have been revoked. */
  readonly refused?: () => void
}

/**
 * By whose authority a backend is called; undefined when the assertion alone tells. `backend` is the same
 * for all arguments of the tool; `signal` ends the call.
 *
 * @throws BackendAuthError when there is none to be had, GoogleIdentityError, and BearerError when a new
 *   sign-in would help.
 */
export type BackendAuth = (
  tool: CallableTool,
  backend: Pick<BackendPlan, 'isOwn' | 'identityUrl'>,
  identity: Identity,
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
