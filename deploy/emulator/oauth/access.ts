import type { TenantApi, TenantClient, TenantGrant, TenantState } from '../state.ts'
import { organizationFault } from './organizations.ts'

/** Returns whether a client has the strict security mode. */
export function isStrict(client: TenantClient): boolean {
  return client.third_party_security_mode === 'strict'
}

function isFirstParty(client: TenantClient): boolean {
  return client.is_first_party === true
}

/** Returns the API with this identifier; undefined if it does not exist. */
export function findApi({ apis }: TenantState, identifier: string | undefined) {
  return [...apis.values()].find((api) => api.identifier === identifier)
}

/** Returns the client ID for a `client_id`, which may be the URL of a metadata document. */
export function clientIdOf({ clients }: TenantState, given: string): string {
  const client = [...clients.values()].find((one) => one.external_client_id === given)
  return client?.client_id ?? given
}

/**
 * Returns whether a sign-in shows the consent page. First-party clients need it only if the API requires
 * it.
 */
export function needsConsent(
  state: TenantState,
  client: TenantClient | undefined,
  audience: string | undefined,
): boolean {
  const api = findApi(state, audience)
  return (
    client?.is_first_party !== true ||
    api?.skip_consent_for_verifiable_first_party_clients === false
  )
}

export interface Refusal {
  readonly error: string
  readonly description: string
}

export interface SignInRequest {
  /** The identifier of the requested API. */
  readonly audience: string | undefined
  /** The requested organization. */
  readonly organization: string | undefined
}

/** Returns Auth0's error for a client that cannot sign users in; undefined if it can. */
export function whyNotAllowed(
  state: TenantState,
  client: TenantClient,
  { audience, organization }: SignInRequest,
): Refusal | undefined {
  const extension = isStrict(client) ? activeExtension(state) : undefined
  if (extension !== undefined) {
    const description = `${extension} are active, which strict third-party clients do not support`
    return { error: 'access_denied', description }
  }
  const fault = organizationFault(state, client, organization)
  if (fault !== undefined) return { error: 'invalid_request', description: fault }
  const { client_id: clientId } = client
  const hasConnection = [...state.connections.values()].some(
    ({ is_domain_connection, enabledClients }) =>
      (is_domain_connection && !isFirstParty(client)) ||
      (!isStrict(client) && enabledClients.has(clientId)),
  )
  if (!hasConnection) {
    return { error: 'invalid_request', description: 'no connections enabled for the client' }
  }
  const api = findApi(state, audience)
  if (api === undefined || mayUse(state, client, api)) return undefined
  return {
    error: 'unauthorized_client',
    description: `Client "${clientId}" is not authorized to access resource server "${audience}".`,
  }
}

/**
 * Returns the active extension that makes sign-ins with strict clients fail; undefined if there is none.
 */
function activeExtension({ rules, hooks }: TenantState): string | undefined {
  if (rules.some(({ enabled }) => enabled === true)) return 'Rules'
  const isActive = hooks.some(
    ({ enabled, triggerId }) => enabled === true && triggerId === 'credentials-exchange',
  )
  return isActive ? 'Hooks' : undefined
}

function mayUse(state: TenantState, client: TenantClient, api: TenantApi): boolean {
  const policy = api.subject_type_authorization.user?.policy ?? 'allow_all'
  if (policy === 'deny_all') return false
  return !needsGrant(client, api) || userGrantOf(state, client, api) !== undefined
}

/**
 * Returns whether a client needs a grant. A strict client always does; for others the API's policy
 * decides.
 */
function needsGrant(client: TenantClient, api: TenantApi): boolean {
  return isStrict(client) || api.subject_type_authorization.user?.policy === 'require_client_grant'
}

/**
 * Returns the grant of a client for an API: its own, or else the default grant for third-party clients.
 */
export function userGrantOf(state: TenantState, client: TenantClient, api: TenantApi) {
  const grants = [...state.grants.values()].filter(
    ({ audience, subject_type }) => audience === api.identifier && subject_type === 'user',
  )
  const byDefault = (grant: TenantGrant) =>
    grant.default_for === 'third_party_clients' && !isFirstParty(client)
  return grants.find((grant) => grant.client_id === client.client_id) ?? grants.find(byDefault)
}

/** Returns the API's scopes that a client may get: those of its grant, or all if it needs no grant. */
export function grantableScopes(
  state: TenantState,
  client: TenantClient,
  api: TenantApi | undefined,
): string[] {
  const all = api?.scopes.map(({ value }) => value) ?? []
  if (api === undefined || !needsGrant(client, api)) return all
  const grant = userGrantOf(state, client, api)
  if (grant?.allow_all_scopes === true) return all
  return all.filter((scope) => grant?.scope?.includes(scope))
}
