import type { Management } from 'auth0'
import type { JWK } from 'jose'

/** A client as the Management API shows it, secret included. */
export type TenantClient = Management.GetClientResponseContent & { client_id: string }

/** A login connection, with the clients that it is enabled for. */
export interface TenantConnection {
  readonly id: string
  readonly name: string
  displayName: string
  /** Available to every third-party client. */
  isDomainConnection: boolean
  enabledClients: Set<string>
}

export type TenantGrant = Management.ClientGrantResponseContent & { id: string }

/** A person who can sign in. */
export interface TenantUser {
  readonly email: string
  readonly password: string
  readonly userId: string
  readonly permissions: readonly string[]
}

export interface Scope {
  readonly value: string
  readonly description: string
}

export type SecurityMode = 'strict' | 'permissive'

/** Everything that the tenant knows; plain data, changed by its endpoints alone. */
export interface TenantState {
  readonly issuer: string
  readonly audience: string
  readonly scopes: readonly Scope[]
  readonly users: readonly TenantUser[]
  readonly management: { readonly clientId: string; readonly clientSecret: string }
  readonly clients: Map<string, TenantClient>
  readonly connections: readonly TenantConnection[]
  readonly grants: Map<string, TenantGrant>
  /** Private signing keys: the current one, then the one before it. */
  keys: readonly JWK[]
  mode: SecurityMode
  /** Whether `POST /oidc/register` answers. */
  isRegistrationOpen: boolean
  /** Whether a client may name the API as `resource` (RFC 8707), or as `audience` only. */
  resourceParameterProfile: 'audience' | 'compatibility'
  /** The API that a client gets when it names none; empty = an opaque token. */
  defaultAudience: string
  /** Discovery, JWKS and the Management API answer 503. */
  outage: boolean
}

export function isStrict(client: TenantClient): boolean {
  return client.third_party_security_mode === 'strict'
}

/** Auth0 asks for consent unless the client is a first-party one. */
export function isFirstParty(client: TenantClient | undefined): boolean {
  return client?.is_first_party === true
}

/** What Auth0 answers to a client that may sign nobody in; undefined when it may. */
export function whyNotAllowed(
  state: TenantState,
  client: TenantClient,
  audience: string | undefined,
): { readonly error: string; readonly description: string } | undefined {
  const { client_id: clientId } = client
  const hasConnection = state.connections.some(
    ({ isDomainConnection, enabledClients }) =>
      (isDomainConnection && !isFirstParty(client)) ||
      (!isStrict(client) && enabledClients.has(clientId)),
  )
  if (!hasConnection) {
    return { error: 'invalid_request', description: 'no connections enabled for the client' }
  }
  const needsGrant = isStrict(client) && audience === state.audience
  if (!needsGrant || grantOf(state, client) !== undefined) return undefined
  return {
    error: 'unauthorized_client',
    description: `Client "${clientId}" is not authorized to access resource server "${audience}".`,
  }
}

/** The grant by which a client may use the API: its own before the default of third parties. */
function grantOf(state: TenantState, client: TenantClient): TenantGrant | undefined {
  const grants = [...state.grants.values()].filter(
    ({ audience, subject_type }) => audience === state.audience && subject_type === 'user',
  )
  return (
    grants.find((grant) => grant.client_id === client.client_id) ??
    grants.find((grant) => grant.default_for === 'third_party_clients')
  )
}

/** The API's scopes that a client may be given at all: all of them, unless it is a strict one. */
export function grantableScopes(state: TenantState, client: TenantClient): string[] {
  const all = state.scopes.map(({ value }) => value)
  if (!isStrict(client)) return all
  const grant = grantOf(state, client)
  if (grant?.allow_all_scopes === true) return all
  return all.filter((scope) => grant?.scope?.includes(scope))
}
