import { type AccessRule, isOpen } from '../../shared/catalogue/access.ts'
import { HttpError } from '../../shared/http/http-error.ts'
import type { Log } from '../../shared/log.ts'
import type { VerifyAccessToken } from '../../shared/oauth/access-token.ts'
import { BearerError, bearerChallenge, bearerToken } from '../../shared/oauth/bearer.ts'
import type { Caller as VerifiedCaller } from '../../shared/oauth/claims.ts'
import { JwksUnavailableError } from '../../shared/oauth/jwks.ts'
import { type Catalogue, catalogueScopes } from '../../shared/tools.ts'

/** The verified caller of a request. An anonymous request has no caller. */
export interface Caller extends VerifiedCaller {
  /**
   * The access token, for a token exchange at its issuer only. Undefined if no tool needs an
   * exchange.
   */
  readonly accessToken?: string
}

/** The scopes that a tool or resource requires. */
export type RequiredScopes = Pick<AccessRule, 'scopes'>

type Authenticated = Caller | undefined | BearerError

/** Verifies the credentials of requests. */
export interface Authenticator {
  /**
   * Returns the caller for these Authorization field values. Returns undefined for a request
   * without credentials if any tool or resource is open, and a BearerError if the credentials are
   * invalid, or missing although they are required. Returns a promise only for a token that is not
   * cached.
   *
   * @throws HttpError 503 with Retry-After if no key is available to verify the token.
   */
  readonly authenticate: (
    authorization: readonly string[],
    log: Log,
  ) => Authenticated | Promise<Authenticated>
  /**
   * Returns the WWW-Authenticate value for a refusal. Its `scope` lists the scopes that `target`
   * requires and the scopes of the catalogue that the token of `caller` already has, so that a
   * client that requests exactly these keeps what it was granted. Without `target`, it lists all
   * scopes of the catalogue.
   */
  readonly challenge: (refusal: BearerError, target?: RequiredScopes, caller?: Caller) => string
}

export interface AuthenticatorOptions {
  readonly verify: VerifyAccessToken
  readonly catalogue: Catalogue
  /** Whether a resource can be read without signing in. */
  readonly hasOpenResource?: boolean
  readonly resourceMetadata: string
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { verify, catalogue, hasOpenResource = false, resourceMetadata } = options
  const needsAccessToken = [...catalogue.values()].some(
    ({ backendAuth }) => backendAuth?.type === 'on_behalf_of',
  )
  const allScopes = catalogueScopes(catalogue)
  const isOpenServer = hasOpenResource || [...catalogue.values()].some(isOpen)
  const stepUpScopes = ({ scopes }: RequiredScopes, caller: Caller | undefined) => [
    ...new Set([...scopes, ...allScopes.filter((scope) => caller?.scopes.has(scope))]),
  ]

  const toCaller = (accessToken: string, caller: VerifiedCaller): Caller =>
    needsAccessToken ? { ...caller, accessToken } : caller

  return {
    authenticate: (authorization, log) => {
      try {
        const accessToken = bearerToken(authorization)
        if (accessToken === undefined) {
          if (isOpenServer) return undefined
          throw noCredentials()
        }
        const caller = verify(accessToken)
        if (!(caller instanceof Promise)) return toCaller(accessToken, caller)
        return caller.then(
          (verified) => toCaller(accessToken, verified),
          (error) => refusalOf(error, log),
        )
      } catch (error) {
        return refusalOf(error, log)
      }
    },
    challenge: (refusal, target, caller) =>
      bearerChallenge({
        error: refusal.code,
        errorDescription: refusal.code === undefined ? undefined : refusal.message,
        scopes: target === undefined ? allScopes : stepUpScopes(target, caller),
        resourceMetadata,
      }),
  }
}

/**
 * Returns the refusal of a request without credentials. Its challenge has no `error` (RFC 6750
 * s3.1).
 */
export function noCredentials(): BearerError {
  return new BearerError(undefined, 'no_credentials', 'You need to log in to continue.')
}

/**
 * Returns the refusal, and logs its reason.
 * @throws HttpError 503 if no key is available, and any other error.
 */
function refusalOf(error: unknown, log: Log): BearerError {
  if (error instanceof JwksUnavailableError) {
    log.error('jwks_unavailable')
    throw keysUnavailable(error)
  }
  if (!(error instanceof BearerError)) throw error
  log.info('token_rejected', { reason: error.reason })
  return error
}

function keysUnavailable({ retryAfterSeconds }: JwksUnavailableError): HttpError {
  return new HttpError(503, 'keys_unavailable', 'The token cannot be checked right now.', {
    headers: { 'retry-after': String(retryAfterSeconds) },
  })
}
