import { type AccessRule, isOpen } from '../../shared/catalogue/access.ts'
import { HttpError } from '../../shared/http/http-error.ts'
import type { Log } from '../../shared/log.ts'
import type { VerifyAccessToken } from '../../shared/oauth/access-token.ts'
import { BearerError, bearerChallenge, bearerToken } from '../../shared/oauth/bearer.ts'
import type { Caller as VerifiedCaller } from '../../shared/oauth/claims.ts'
import { JwksUnavailableError } from '../../shared/oauth/jwks.ts'
import { type Catalogue, catalogueScopes } from '../../shared/tools.ts'

/** The verified caller of a request; an anonymous request has none. */
export interface Caller extends VerifiedCaller {
  /**
   * The token itself, for an exchange at its issuer and nowhere else; undefined where no tool needs
   * one.
   */
  readonly accessToken?: string
}

/** What a tool or resource needs of a caller. */
export type Needed = Pick<AccessRule, 'scopes'>

/** Verifies the credentials of requests. */
export interface Authenticator {
  /**
   * The caller of a request with these Authorization field values; undefined for a request without
   * credentials where some tool can be called, or resource read, without signing in; a BearerError for
   * credentials that are not valid, or are missing where all targets need them.
   *
   * @throws HttpError 503 with Retry-After when there is no key to verify the token with.
   */
  readonly authenticate: (
    authorization: readonly string[],
    log: Log,
  ) => Promise<Caller | undefined | BearerError>
  /**
   * The WWW-Authenticate value for a refusal. Its `scope` names what the tool or resource needs, and
   * what of the catalogue's scopes the token has: a client that asks for exactly these keeps what it
   * was granted.
   */
  readonly challenge: (refusal: BearerError, needed?: Needed, caller?: Caller) => string
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
  const isExchanged = [...catalogue.values()].some(
    ({ backendAuth }) => backendAuth?.type === 'on_behalf_of',
  )
  const allScopes = catalogueScopes(catalogue)
  const isOpenServer = hasOpenResource || [...catalogue.values()].some(isOpen)
  const stepUpScopes = ({ scopes }: Needed, caller: Caller | undefined) => [
    ...new Set([...scopes, ...allScopes.filter((scope) => caller?.scopes.has(scope))]),
  ]

  return {
    authenticate: async (authorization, log) => {
      try {
        const accessToken = bearerToken(authorization)
        if (accessToken !== undefined) {
          const caller = await verify(accessToken)
          return isExchanged ? { ...caller, accessToken } : caller
        }
        if (isOpenServer) return undefined
        throw noCredentials()
      } catch (error) {
        if (error instanceof JwksUnavailableError) {
          log.error('jwks_unavailable')
          throw keysUnavailable(error)
        }
        if (!(error instanceof BearerError)) throw error
        log.info('token_rejected', { reason: error.reason })
        return error
      }
    },
    challenge: (refusal, needed, caller) =>
      bearerChallenge({
        error: refusal.code,
        errorDescription: refusal.code === undefined ? undefined : refusal.message,
        scopes: needed === undefined ? allScopes : stepUpScopes(needed, caller),
        resourceMetadata,
      }),
  }
}

/** Refuses a request without credentials. Its challenge has no `error` (RFC 6750 s3.1). */
export function noCredentials(): BearerError {
  return new BearerError(undefined, 'no_credentials', 'You need to log in to continue.')
}

function keysUnavailable({ retryAfterSeconds }: JwksUnavailableError): HttpError {
  return new HttpError(503, 'keys_unavailable', 'The token cannot be checked right now.', {
    headers: { 'retry-after': String(retryAfterSeconds) },
  })
}
