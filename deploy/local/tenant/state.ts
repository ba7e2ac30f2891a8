import type { Management } from 'auth0'
import type { JWK } from 'jose'

/** A client as the Management API shows it, secret included. */
export type TenantClient = Management.GetClientResponseContent & { client_id: string }

/** A login connection, with the clients that it is enabled for. */
export interface TenantConnection {
  readonly id: string
  readonly name: string
  isDomainConnection: boolean
  readonly enabledClients: Set<string>
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
  /** Discovery, JWKS and the Management API answer 503. */
  outage: boolean
}

/** Why a client may sign nobody in, undefined when it may. */
export function whyNotAllowed(state: TenantState, client: TenantClient): string | undefined {
  const isStrict = client.third_party_security_mode === 'strict'
  const isEnabled = state.connections.some(
    ({ isDomainConnection, enabledClients }) =>
      (isDomainConnection && client.is_first_party !== true) ||
      (!isStrict && enabledClients.has(client.client_id)),
  )
  if (!isEnabled) return 'no connections enabled for the client'
  if (isStrict && grantOf(state, client) === undefined) {
    return `Client "${client.client_id}" is not authorized to access resource server "${state.audience}".`
  }
  return undefined
}

/** The grant by which a client may use the API: its own before the default of third parties. */
export function grantOf(state: TenantState, client: TenantClient): TenantGrant | undefined {
  const grants = [...state.grants.values()].filter((grant) => grant.audience === state.audience)
  return (
    grants.find((grant) => grant.client_id === client.client_id) ??
    grants.find((grant) => grant.default_for === 'third_party_clients')
  )
}

/** The API's scopes that a client may be given at all: all of them, unless it is a strict one. */
export function grantableScopes(state: TenantState, client: TenantClient): string[] {
  const all = state.scopes.map(({ value }) => value)
  if (client.third_party_security_mode !== 'strict') return all
  const grant = grantOf(state, client)
  if (grant?.allow_all_scopes === true) return all
  return all.filter((scope) => grant?.scope?.includes(scope))
}
