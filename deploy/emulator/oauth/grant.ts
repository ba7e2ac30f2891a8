import { randomBytes } from 'node:crypto'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { TenantApi, TenantState } from '../state.ts'
import { findApi, grantableScopes, isStrict, needsConsent } from './access.ts'
import { organizationOf } from './organizations.ts'
import { scopesHeld } from './permissions.ts'

/** The scopes that Auth0 lists in every tenant's metadata. */
export const OIDC_SCOPES = [
  ...['openid', 'profile', 'offline_access', 'name', 'given_name', 'family_name', 'nickname'],
  ...['email', 'email_verified', 'picture', 'created_at', 'identities', 'phone', 'address'],
]

/**
 * An internal scope of every request that no response contains. oidc-provider refuses a request without
 * any granted scope, whereas Auth0 issues a token without scopes.
 */
export const SIGN_IN = 'tenant:sign-in'

const HIDDEN: ReadonlySet<string> = new Set([SIGN_IN, 'offline_access'])

export interface GrantRequest {
  readonly clientId: string
  readonly accountId: string
  /** The requested scopes, space-delimited. */
  readonly scope: string
  /** The requested API; undefined if the request has none. */
  readonly audience: string | undefined
  /** The requested organization; undefined if the request has none. */
  readonly organization: string | undefined
}

type OidcGrant = InstanceType<Provider['Grant']>

/**
 * Creates the grant of a consent. It contains the requested scopes of the API that the client may get and
 * the user holds, and the requested OIDC scopes. A strict client gets only `offline_access` of these.
 */
export async function grantRequest(
  provider: Provider,
  state: TenantState,
  request: GrantRequest,
): Promise<OidcGrant> {
  const { clientId, accountId, scope, audience } = request
  const api = findApi(state, audience)
  const client = state.clients.get(clientId)
  const asked = new Set(scope.split(' '))
  const grant = new provider.Grant({ clientId, accountId })
  grant.addOIDCScope(SIGN_IN)
  for (const value of OIDC_SCOPES) {
    const isAllowed = client !== undefined && (!isStrict(client) || value === 'offline_access')
    if (isAllowed && asked.has(value)) grant.addOIDCScope(value)
  }
  for (const value of client && api ? grantableScopes(state, client, api) : []) {
    if (api !== undefined && asked.has(value) && mayGrant(state, api, accountId, value)) {
      grant.addResourceScope(api.identifier, value)
    }
  }
  const organization = organizationOf(state, client, { ...request, userId: accountId })
  await grant.save()
  if (organization !== undefined) state.issuedFor.set(grant.jti, organization)
  storeConsent(state, { ...request, organization }, grant)
  return grant
}

/** Returns whether a user may grant a scope. Without RBAC, every user may grant every scope. */
function mayGrant(state: TenantState, api: TenantApi, userId: string, scope: string): boolean {
  return api.enforce_policies !== true || scopesHeld(state, userId, api).includes(scope)
}

/** Stores the consent for the Management API: one per client, user, API and organization. */
function storeConsent({ userGrants }: TenantState, request: GrantRequest, grant: OidcGrant): void {
  const { clientId: clientID, accountId: user_id, audience = '', organization } = request
  const granted = [grant.getOIDCScope(), audience && grant.getResourceScope(audience)]
  const scope = granted.join(' ').split(' ')
  const previous = [...userGrants.values()].find(
    (one) =>
      one.clientID === clientID &&
      one.user_id === user_id &&
      one.audience === audience &&
      one.organization_id === organization,
  )
  const id = previous?.id ?? randomBytes(12).toString('hex')
  const all = new Set([...(previous?.scope ?? []), ...scope])
  userGrants.set(id, {
    id,
    clientID,
    user_id,
    audience,
    ...(organization !== undefined && { organization_id: organization }),
    scope: [...all].filter((value) => value !== '' && value !== SIGN_IN),
    issued: [...(previous?.issued ?? []), grant.jti],
  })
}

/** Returns the grant of the consent page, or a new grant for a client that needs no consent. */
export async function loadGrant(state: TenantState, { oidc }: KoaContextWithOIDC) {
  const { provider, client, session, params, result } = oidc
  const consented = result?.consent?.grantId
  if (consented !== undefined) return provider.Grant.find(consented)
  const known = state.clients.get(client?.clientId ?? '')
  const audience = audienceIn(params ?? {})
  if (known === undefined || needsConsent(state, known, audience)) return undefined
  if (!session?.accountId) return undefined
  return grantRequest(provider, state, {
    clientId: known.client_id,
    accountId: session.accountId,
    scope: String(params?.['scope'] ?? ''),
    audience,
    organization: organizationIn(params ?? {}),
  })
}

/** Returns the organization of an authorization request. */
export function organizationIn(params: Readonly<Record<string, unknown>>): string | undefined {
  const { organization } = params
  return typeof organization === 'string' ? organization : undefined
}

/** Returns the API of an authorization request, which `/authorize` passes on as `resource`. */
export function audienceIn(params: Readonly<Record<string, unknown>>): string | undefined {
  const { resource } = params
  return typeof resource === 'string' ? resource : undefined
}

/**
 * Returns the `scope` of a token response: the API's scopes, and the OIDC scopes if `openid` was
 * granted.
 */
export function visibleScope({ oidc }: KoaContextWithOIDC, scope: string | undefined) {
  const granted = oidc.entities.Grant?.getOIDCScope().split(' ') ?? []
  const ofOidc = granted.includes('openid') ? granted : []
  const shown = new Set([...ofOidc, ...(scope ?? '').split(' ')])
  return [...shown].filter((value) => value !== '' && !HIDDEN.has(value)).join(' ')
}
