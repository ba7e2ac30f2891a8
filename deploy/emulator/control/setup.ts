import type { LogStreamOptions } from '../log-stream/log-stream-settings.ts'
import { initialPermissions } from '../oauth/permissions.ts'
import { newApi } from '../resource-server.ts'
import type { Scope, SecurityMode, TenantApi, TenantState, TenantUser } from '../state.ts'
import { addApis, addExchangeClient, type ExchangeSetup, type OtherApi } from './exchange-client.ts'
import { NO_FAULTS } from './faults.ts'
import { addManagementApi, NEW_SETTINGS, newConnection } from './new-tenant.ts'
import { NEW_TRAITS } from './traits.ts'

/** How the tenant is to be when it starts, and again when it is reset. */
export interface TenantSetup {
  /** Identifier of the API that is set up for the gateway. */
  readonly audience: string
  /** Scopes of the API, unless `prepare` makes it. */
  readonly scopes?: readonly Scope[]
  readonly users: readonly TenantUser[]
  /** Names of the login connections. */
  readonly connections: readonly string[]
  readonly management: { readonly clientId: string; readonly clientSecret: string }
  /** Further APIs. */
  readonly apis?: readonly OtherApi[]
  /** For exchanges of tokens; undefined = the tenant has none of it. */
  readonly exchange?: ExchangeSetup | undefined
  /** What DCR makes of a new client; `strict`, as in a new tenant, unless said otherwise. */
  readonly mode?: SecurityMode
  readonly logStream?: LogStreamOptions
  /** True = as Auth0 makes a tenant: only the further APIs, no log stream, registration off. */
  readonly empty?: boolean
  /** Brings the empty tenant to the state in which it starts, through its Management API. */
  readonly prepare?: (issuer: string) => Promise<void>
}

/** Puts the tenant back to how it starts; its keys and what it has given out stay good. */
export function setUp(state: TenantState, setup: TenantSetup, empty: boolean): void {
  const { connections, apis, permissions } = state
  for (const map of mapsOf(state)) map.clear()
  for (const [userId, all] of initialPermissions(setup.users)) permissions.set(userId, all)
  state.logs.splice(0)
  state.mode = 'strict'
  state.settings = NEW_SETTINGS
  state.rules = []
  state.hooks = []
  state.outage = false
  state.traits = NEW_TRAITS
  state.faults = NO_FAULTS
  for (const name of setup.connections) {
    const connection = newConnection(name)
    connections.set(connection.id, connection)
  }
  addManagementApi(state)
  addApis(state, [...(setup.apis ?? []), ...(setup.exchange?.apis ?? [])])
  if (empty) return
  if (setup.exchange !== undefined) addExchangeClient(state, setup.exchange, setup.audience)
  state.mode = setup.mode ?? 'strict'
  if (setup.prepare !== undefined) return
  const api = localApi(setup)
  apis.set(api.id, api)
  state.settings = {
    ...NEW_SETTINGS,
    flags: { ...NEW_SETTINGS.flags, enable_dynamic_client_registration: true },
    resource_parameter_profile: 'compatibility',
  }
}

/** The API as this system needs it. */
function localApi({ audience, scopes = [] }: TenantSetup): TenantApi {
  return {
    ...newApi(audience),
    name: 'MCP',
    scopes: scopes.map(({ value, description }) => ({ value, description })),
    enforce_policies: true,
    token_dialect: 'rfc9068_profile_authz',
    token_lifetime: 3_600,
    token_lifetime_for_web: 3_600,
    allow_offline_access: true,
  }
}

/** Keeps the tenant as it is now; the function that it returns puts it back to that. */
export function keepState(state: TenantState): () => void {
  const { settings, maps } = structuredClone({ settings: state.settings, maps: mapsOf(state) })
  return () => {
    for (const [map, kept] of mapsOf(state).map((map, at) => [map, maps[at]] as const)) {
      map.clear()
      for (const [id, one] of structuredClone(kept) ?? []) map.set(id, one)
    }
    state.settings = settings
  }
}

/** What calls of the Management API change. */
function mapsOf(state: TenantState): Map<string, unknown>[] {
  const { clients, connections, grants, apis, logStreams, userGrants, roles } = state
  const { permissions, organizations, issuedFor, actions, bindings } = state
  return [
    ...[clients, connections, grants, apis, logStreams, userGrants, roles],
    ...[permissions, organizations, issuedFor, actions, bindings],
  ]
}
