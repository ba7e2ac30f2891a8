import type { TenantApi, TenantClient, TenantGrant, TenantState } from '../state.ts'
import { organizationFault } from './organizations.ts'

export function isStrict(client: TenantClient): boolean {
  return client.third_party_security_mode === 'strict'
}

function isFirstParty(client: TenantClient): boolean {
  return client.is_first_party === true
}

/** The API that a token is asked for; undefined also for one that does not exist. */
export function findApi({ apis }: TenantState, identifier: string | undefined) {
  return [...apis.values()].find((api) => api.identifier === identifier)
}

/** The id of the client that names itself by its metadata document; any other as it is given. */
export function clientIdOf({ clients }: TenantState, given: string): string {
  const client = [...clients.values()].find((one) => one.external_client_id === given)
  return client?.client_id ?? given
}

/** First-party clients are spared the question, unless the API wants it asked of all. */
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
  /** The API that a token is asked for. */
  readonly audience: string | undefined
  /** The organization that people are to sign in to. */
  readonly organization: string | undefined
}

/** What Auth0 answers to a client that may sign nobody in; undefined when it may. */
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

/** What a sign-in with a strict client fails on. */
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

/** A strict client needs a grant whatever the API's policy says. */
function needsGrant(client: TenantClient, api: TenantApi): boolean {
  return isStrict(client) || api.subject_type_authorization.user?.policy === 'require_client_grant'
}

/** The grant by which a client may use an API: its own before the default of third parties. */
export function userGrantOf(state: TenantState, client: TenantClient, api: TenantApi) {
  const grants = [...state.grants.values()].filter(
    ({ audience, subject_type }) => audience === api.identifier && subject_type === 'user',
  )
  const byDefault = (grant: TenantGrant) =>
    grant.default_for === 'third_party_clients' && !isFirstParty(client)
  return grants.find((grant) => grant.client_id === client.client_id) ?? grants.find(byDefault)
}

/** The API's scopes that a client may be given at all: all of them, unless it needs a grant. */
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
