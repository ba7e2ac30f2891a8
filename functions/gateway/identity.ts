import { type AccessRule, isOpen } from '../../shared/catalogue/access.ts'
import { HttpError } from '../../shared/http/http-error.ts'
import type { Log } from '../../shared/log.ts'
import type { VerifyAccessToken } from '../../shared/oauth/access-token.ts'
import { BearerError, bearerChallenge, bearerToken } from '../../shared/oauth/bearer.ts'
import type { Caller } from '../../shared/oauth/claims.ts'
import { JwksUnavailableError } from '../../shared/oauth/jwks.ts'
import { type Catalogue, catalogueScopes } from '../../shared/tools.ts'

/** Who asks: a verified caller, or nobody in particular. */
export type Identity = SignedIn | undefined

export interface SignedIn extends Caller {
  /**
   * The token itself, for an exchange at its issuer and nowhere else; undefined where no tool needs
   * one.
   */
  readonly accessToken?: string
}

/** What a tool or resource needs of a caller. */
export type Needed = Pick<AccessRule, 'scopes'>

/** Tells who asks. */
export interface Gate {
  /**
   * The caller of a request with these Authorization field values; undefined for a request without
   * credentials where some tool can be called, or resource read, without signing in.
   *
   * @throws BearerError when the credentials will not do, or are missing and all need them.
   * @throws HttpError 503 with Retry-After when no key can be had to judge the token by.
   */
  readonly identify: (authorization: readonly string[], log: Log) => Promise<Identity>
  /**
   * The WWW-Authenticate value for a refusal. Its `scope` names what the tool or resource needs, and
   * what of the catalogue's scopes the token has: a client that asks for exactly these keeps what it
   * was granted.
   */
  readonly challenge: (refusal: BearerError, needed?: Needed, identity?: Identity) => string
}

export interface GateOptions {
  readonly verify: VerifyAccessToken
  readonly catalogue: Catalogue
  /** Whether a resource can be read without signing in. */
  readonly hasOpenResource?: boolean
  readonly resourceMetadata: string
}

export function createGate(options: GateOptions): Gate {
  const { verify, catalogue, hasOpenResource = false, resourceMetadata } = options
  const isExchanged = [...catalogue.values()].some(
    ({ backendAuth }) => backendAuth?.type === 'on_behalf_of',
  )
  const allScopes = catalogueScopes(catalogue)
  const isOpenServer = hasOpenResource || [...catalogue.values()].some(isOpen)
  const stepUpScopes = ({ scopes }: Needed, identity: Identity) => [
    ...new Set([...scopes, ...allScopes.filter((scope) => identity?.scopes.has(scope))]),
  ]

  return {
    identify: async (authorization, log) => {
      try {
        const accessToken = bearerToken(authorization)
        if (accessToken !== undefined) {
          const caller = await verify(accessToken)
          return isExchanged ? { ...caller, accessToken } : caller
        }
        if (isOpenServer) return undefined
        throw noCredentials()
      } catch (error) {
        if (error instanceof BearerError) log.info('token_rejected', { reason: error.reason })
        if (!(error instanceof JwksUnavailableError)) throw error
        log.error('jwks_unavailable')
        throw new HttpError(503, 'keys_unavailable', 'The token cannot be checked right now.', {
          headers: { 'retry-after': String(error.retryAfterSeconds) },
        })
      }
    },
    challenge: (refusal, needed, identity) =>
      bearerChallenge({
        error: refusal.code,
        errorDescription: refusal.code === undefined ? undefined : refusal.message,
        scopes: needed === undefined ? allScopes : stepUpScopes(needed, identity),
        resourceMetadata,
      }),
  }
}

/**
 * The user lacks permissions that a tool needs, so a new token would lack the scopes too: a refusal
 * without a challenge, which would have the client sign the user in again. `message` is for the user.
 */
export class PermissionError extends Error {
  override readonly name = 'PermissionError'
  readonly status = 403
  readonly reason = 'permission_missing'

  constructor(permissions: readonly string[]) {
    const [named, them] =
      permissions.length === 1
        ? [`permission ${permissions[0]}`, 'it']
        : [`permissions ${permissions.slice(0, -1).join(', ')} and ${permissions.at(-1)}`, 'them']
    super(
      `Your account lacks the ${named}. Signing in again does not change that; an administrator can grant ${them}.`,
    )
  }
}

/**
 * Checks that the caller may call the tool, or read the resource: for one that needs sign-in, that
 * there is a caller, who was granted every scope that it needs. One that is open takes every caller.
 *
 * With either SCOPE_SOURCE a scope outside `permissions` stays missing after a sign-in: Auth0 grants
 * a user of an API with RBAC no scope beyond the permissions.
 *
 * @throws BearerError without a code for nobody, `insufficient_scope` where a sign-in can help.
 * @throws PermissionError when the token has `permissions` and a missing scope is not among them.
 */
export function requireScopes(
  rule: AccessRule,
  identity: Identity,
  kind: 'tool' | 'resource' = 'tool',
): void {
  if (isOpen(rule)) return
  if (identity === undefined) throw noCredentials()
  const missing = rule.scopes.filter((scope) => !identity.scopes.has(scope))
  if (missing.length === 0) return
  const { permissions } = identity
  const withheld = permissions && missing.filter((scope) => !permissions.has(scope))
  if (withheld !== undefined && withheld.length > 0) throw new PermissionError(withheld)
  throw new BearerError(
    'insufficient_scope',
    'scope_missing',
    `This ${kind} needs: ${rule.scopes.join(' ')}`,
  )
}

/** The refusal of a request without credentials; its challenge has no `error` (RFC 6750 s3.1). */
export function noCredentials(): BearerError {
  return new BearerError(undefined, 'no_credentials', 'You need to log in to continue.')
}
