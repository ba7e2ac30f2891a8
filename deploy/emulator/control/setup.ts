import type { LogStreamOptions } from '../log-stream/log-stream-settings.ts'
import { initialPermissions } from '../oauth/permissions.ts'
import { newApi } from '../resource-server.ts'
import type { Scope, SecurityMode, TenantApi, TenantState, TenantUser } from '../state.ts'
import { addApis, addExchangeClient, type ExchangeSetup, type OtherApi } from './exchange-client.ts'
import { NO_FAULTS } from './faults.ts'
import { addManagementApi, NEW_SETTINGS, newConnection } from './new-tenant.ts'
import { NEW_TRAITS } from './traits.ts'

/** The initial state of the tenant, which a reset restores. */
export interface TenantSetup {
  /** The identifier of the gateway's API. */
  readonly audience: string
  /** The scopes of the API; unused if `prepare` creates the API. */
  readonly scopes?: readonly Scope[]
  readonly users: readonly TenantUser[]
  /** The names of the login connections. */
  readonly connections: readonly string[]
  readonly management: { readonly clientId: string; readonly clientSecret: string }
  /** Further APIs. */
  readonly apis?: readonly OtherApi[]
  /** The client and APIs for token exchange; undefined = none. */
  readonly exchange?: ExchangeSetup | undefined
  /** The security mode of newly registered clients; `strict` by default, as in a new tenant. */
  readonly mode?: SecurityMode
  readonly logStream?: LogStreamOptions
  /**
   * True = a new Auth0 tenant with only the further APIs, without a log stream and without registration.
   */
  readonly empty?: boolean
  /** Creates the initial state in the empty tenant through its Management API. */
  readonly prepare?: (issuer: string) => Promise<void>
}

/** Resets the tenant to its initial state. Its keys and issued tokens remain valid. */
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

/** Returns the gateway's API with the settings that this system requires. */
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

/** Saves the current state of the tenant and returns a function that restores it. */
export function saveState(state: TenantState): () => void {
  const { settings, maps } = structuredClone({ settings: state.settings, maps: mapsOf(state) })
  return () => {
    for (const [map, saved] of mapsOf(state).map((map, index) => [map, maps[index]] as const)) {
      map.clear()
      for (const [id, entity] of structuredClone(saved) ?? []) map.set(id, entity)
    }
    state.settings = settings
  }
}

/** Returns the parts of the state that Management API calls change. */
function mapsOf(state: TenantState): Map<string, unknown>[] {
  const { clients, connections, grants, apis, logStreams, userGrants, roles } = state
  const { permissions, organizations, issuedFor, actions, bindings } = state
  return [
    ...[clients, connections, grants, apis, logStreams, userGrants, roles],
    ...[permissions, organizations, issuedFor, actions, bindings],
  ]
}
