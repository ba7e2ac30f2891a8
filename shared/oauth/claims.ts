import { invalidToken } from './bearer.ts'
import { type ProfileClaims, profileClaims } from './profile-claims.ts'
import { SCOPE_TOKEN } from './scope.ts'

/** The caller that a verified access token identifies. */
export interface Caller {
  /** `sub`, unchanged. */
  readonly subject: string
  /** `client_id` (RFC 9068), else Auth0's `azp`. */
  readonly clientId: string | undefined
  readonly scopes: ReadonlySet<string>
  /**
   * Auth0's `permissions`: all permissions of the user for the API. Undefined = the token has no such
   * claim.
   */
  readonly permissions?: ReadonlySet<string>
  /** The claims that backends get, by name; undefined if the token has none of them. */
  readonly claims?: Claims | undefined
  /** The profile claims of the token, for profile tools; undefined if it has none. */
  readonly profile?: ProfileClaims
  /** `exp`, NumericDate seconds. */
  readonly expiresAt: number
}

/** The source of the granted scopes: the intersection of `scope` and `permissions`, or their union. */
export type ScopeSource = 'scope' | 'scope-or-permissions'

/** The payload of a token whose signature has been verified. */
export type Claims = Readonly<Record<string, unknown>>

/** The clock tolerance for `nbf` and `iat`. `exp` has no tolerance. */
const CLOCK_TOLERANCE_SECONDS = 5

/**
 * Checks the claims of a verified token and returns its caller (RFC 9068 s4). `now` is NumericDate seconds.
 *
 * @throws BearerError `invalid_token` with the reason of the first check that fails.
 */
export function checkClaims(
  claims: Claims,
  expected: {
    readonly issuer: string
    readonly audience: string
    readonly scopeSource: ScopeSource
    /** The allowed values of `org_id`; undefined = not checked. */
    readonly organizations?: readonly string[] | undefined
  },
  now: number,
): Caller {
  checkIssuer(claims['iss'], expected.issuer)
  checkAudience(claims['aud'], expected.audience)
  const expiresAt = checkTimes(claims, now)
  // RFC 7800: a sender-constrained token is not a bearer token.
  if (claims['cnf'] !== undefined) throw invalidToken('token_is_bound')
  checkOrganization(claims['org_id'], expected.organizations)
  const permissions = heldPermissions(claims)
  const profile = profileClaims(claims)
  return {
    subject: checkSubject(claims['sub']),
    clientId: clientId(claims),
    scopes: grantedScopes(claims, permissions, expected.scopeSource),
    ...(permissions !== undefined && { permissions: new Set(permissions) }),
    ...(profile !== undefined && { profile }),
    expiresAt,
  }
}

function checkIssuer(iss: unknown, issuer: string): void {
  if (iss === issuer) return
  throw invalidToken(
    typeof iss === 'string' && iss.replace(/\/$/, '') === issuer.replace(/\/$/, '')
      ? 'iss_mismatch_slash'
      : 'iss_mismatch',
  )
}

function checkAudience(aud: unknown, audience: string): void {
  const audiences = Array.isArray(aud) ? aud : [aud]
  if (!audiences.every((value) => typeof value === 'string')) throw invalidToken('aud_malformed')
  if (!audiences.includes(audience)) throw invalidToken('aud_mismatch')
}

/** Checks `org_id`, which Auth0 adds to the token of a user who signed in with an Organization. */
function checkOrganization(organization: unknown, allowed: readonly string[] | undefined): void {
  if (allowed === undefined) return
  if (organization === undefined) throw invalidToken('org_id_missing')
  if (typeof organization !== 'string' || !allowed.includes(organization)) {
    throw invalidToken('org_id_mismatch')
  }
}

function checkTimes({ exp, nbf, iat }: Claims, now: number): number {
  if (!isNumericDate(exp)) throw invalidToken(exp === undefined ? 'exp_missing' : 'exp_malformed')
  if (exp <= now) throw invalidToken('token_expired', 'The access token has expired.')
  for (const [name, value] of Object.entries({ nbf, iat })) {
    if (value === undefined) continue
    if (!isNumericDate(value)) throw invalidToken(`${name}_malformed`)
    if (value > now + CLOCK_TOLERANCE_SECONDS) throw invalidToken(`${name}_in_future`)
  }
  return exp
}

function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function checkSubject(sub: unknown): string {
  if (typeof sub !== 'string' || sub === '' || !sub.isWellFormed())
    throw invalidToken('sub_malformed')
  return sub
}

function clientId(claims: Claims): string | undefined {
  const value = claims['client_id'] ?? claims['azp']
  return typeof value === 'string' && value !== '' ? value : undefined
}

/**
 * Returns the granted scopes. `scope` contains what the client was granted, `permissions` everything that
 * the user may do. Their union would give the client more than it was granted, so by default `permissions`
 * only narrows `scope`. Drops values that are not scope tokens, because a backend that splits the
 * assertion's `scope` could read one as several scopes.
 */
function grantedScopes(
  { scope = '' }: Claims,
  permissions: readonly string[] | undefined,
  source: ScopeSource,
): Set<string> {
  if (typeof scope !== 'string') throw invalidToken('scope_malformed')
  const granted = scope.split(' ').filter(isScopeToken)
  if (permissions === undefined) return new Set(granted)
  if (source === 'scope-or-permissions') return new Set([...granted, ...permissions])
  return new Set(granted.filter((value) => permissions.includes(value)))
}

function heldPermissions({ permissions }: Claims): string[] | undefined {
  if (permissions === undefined) return undefined
  if (!Array.isArray(permissions) || !permissions.every((value) => typeof value === 'string')) {
    throw invalidToken('permissions_malformed')
  }
  return permissions.filter(isScopeToken)
}

function isScopeToken(value: string): boolean {
  return SCOPE_TOKEN.test(value)
}
