import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { grantableScopes, isFirstParty, isStrict, type TenantState } from './state.ts'

/** The scopes that Auth0 lists in every tenant's metadata. */
export const OIDC_SCOPES = [
  ...['openid', 'profile', 'offline_access', 'name', 'given_name', 'family_name', 'nickname'],
  ...['email', 'email_verified', 'picture', 'created_at', 'identities', 'phone', 'address'],
]

/**
 * A scope that every request carries inside the tenant and no answer shows: oidc-provider refuses
 * a request of which nothing is granted, Auth0 answers it with a token without scopes.
 */
export const SIGN_IN = 'tenant:sign-in'

const HIDDEN: ReadonlySet<string> = new Set([SIGN_IN, 'offline_access'])

export interface GrantRequest {
  readonly clientId: string
  readonly accountId: string
  /** What the client asked for, space-delimited. */
  readonly scope: string
}

/**
 * What a person grants by accepting: of the API's scopes those that the client may have and the
 * person holds, and of the OIDC scopes none but `offline_access` to a strict client.
 */
export async function grantRequest(
  provider: Provider,
  state: TenantState,
  { clientId, accountId, scope }: GrantRequest,
) {
  const client = state.clients.get(clientId)
  const user = state.users.find(({ userId }) => userId === accountId)
  const asked = new Set(scope.split(' '))
  const grant = new provider.Grant({ clientId, accountId })
  grant.addOIDCScope(SIGN_IN)
  for (const value of OIDC_SCOPES) {
    const isAllowed = client !== undefined && (!isStrict(client) || value === 'offline_access')
    if (isAllowed && asked.has(value)) grant.addOIDCScope(value)
  }
  for (const value of client ? grantableScopes(state, client) : []) {
    if (asked.has(value) && user?.permissions.includes(value)) {
      grant.addResourceScope(state.audience, value)
    }
  }
  await grant.save()
  return grant
}

/** What was accepted on the consent page just now; what first-party clients need not ask for. */
export async function loadGrant(state: TenantState, { oidc }: KoaContextWithOIDC) {
  const { provider, client, session, params, result } = oidc
  const consented = result?.consent?.grantId
  if (consented !== undefined) return provider.Grant.find(consented)
  const known = state.clients.get(client?.clientId ?? '')
  if (known === undefined || !isFirstParty(known) || !session?.accountId) return undefined
  return grantRequest(provider, state, {
    clientId: known.client_id,
    accountId: session.accountId,
    scope: String(params?.['scope'] ?? ''),
  })
}

/** The `scope` to show for a token: the API's scopes in it, and OIDC's that came with `openid`. */
export function visibleScope({ oidc }: KoaContextWithOIDC, scope: string | undefined) {
  const granted = oidc.entities.Grant?.getOIDCScope().split(' ') ?? []
  const ofOidc = granted.includes('openid') ? granted : []
  const shown = new Set([...ofOidc, ...(scope ?? '').split(' ')])
  return [...shown].filter((value) => value !== '' && !HIDDEN.has(value)).join(' ')
}
