import { expect } from 'vitest'
import { newConnection } from '../../../deploy/emulator/control/new-tenant.ts'
import type { TenantOrganization } from '../../../deploy/emulator/entities.ts'
import { newConnection as newEnabledConnection } from '../../../deploy/emulator/management/people/organization-connections.ts'
import {
  MANAGEMENT_SCOPES,
  type ManagementScope,
} from '../../../deploy/emulator/management/scopes.ts'
import type { TenantApi, TenantLogStream, TenantSettings } from '../../../deploy/emulator/state.ts'
import { apiOf, type Change, CONNECTION, permissionsFor } from './doctor-tenant.ts'
import { stage } from './recorded-emulator.ts'

type Faults = Parameters<typeof stage>[1]

/** Makes the changes in this order. */
export const all =
  (...changes: readonly Change[]): Change =>
  (state) => {
    for (const change of changes) change(state)
  }

/** Changes the members of the item with this id. */
export function update<Item extends object>(
  map: Map<string, Item>,
  id: string,
  changes: Partial<Item>,
): void {
  const item = map.get(id) ?? expect.unreachable(`the tenant has no ${id}`)
  map.set(id, { ...item, ...changes })
}

export const api =
  (changes: Partial<TenantApi>): Change =>
  (state) =>
    update(state.apis, apiOf(state).id, changes)
/** The API requires no client grant of users' clients. */
export const allowAll = api({ subject_type_authorization: { user: { policy: 'allow_all' } } })
export const withoutApi: Change = (state) => void state.apis.delete(apiOf(state).id)

export const settings =
  (changes: Partial<TenantSettings>): Change =>
  (state) => {
    state.settings = { ...state.settings, ...changes }
  }
export const withIss = settings({ authorization_response_iss_parameter_supported: true })
export const registrationClosed = settings({ flags: { enable_dynamic_client_registration: false } })
/** The tenant shows the security mode of new clients, which is permissive. */
export const permissive: Change = (state) => {
  state.mode = 'permissive'
  state.traits = { ...state.traits, securityModeSetting: 'settable' }
}
export const classicLogin: Change = (state) => {
  state.traits = { ...state.traits, loginExperience: 'classic' }
}
/** The login connection is not at domain level. */
export const unshared: Change = ({ connections }) => {
  for (const connection of connections.values()) connection.is_domain_connection = false
}

export const stream =
  (changes: Partial<TenantLogStream>): Change =>
  ({ logStreams }) =>
    update(logStreams, 'lst_1', changes)
export const sink =
  (changes: Partial<TenantLogStream['sink']>): Change =>
  ({ logStreams }) => {
    const { sink: before } = logStreams.get('lst_1') ?? expect.unreachable('no log stream')
    update(logStreams, 'lst_1', { sink: { ...before, ...changes } })
  }
export const withoutStream: Change = ({ logStreams }) => logStreams.clear()
/** The plan has no log streams. */
export const noStreams: Change = (state) => {
  state.traits = { ...state.traits, logStreams: 'refused' }
}
/** The tenant does not show the secret of a log stream. */
export const secretMasked: Change = (state) => {
  state.traits = { ...state.traits, logStreamSecrets: 'masked' }
}

/** Injects faults of the Management API. */
const faults =
  (change: Faults): Change =>
  (state) =>
    stage(state, change)
/** Management API tokens lack these scopes. */
export const withoutScopes = (...lacking: readonly ManagementScope[]): Change =>
  faults({ scopes: MANAGEMENT_SCOPES.filter((scope) => !lacking.includes(scope)) })
/** Management API tokens name their scopes. */
export const scopesNamed = faults({ namesScopes: true })
/** The tenant refuses to read these paths, each with this status, because it no longer has the feature. */
export const withoutFeatures = (statuses: Readonly<Record<string, number>>): Change => {
  const message = 'This is a deprecated feature'
  const entries = Object.entries(statuses)
  return faults({
    fail: entries.map(([path, status]) => ({ method: 'GET', path, status, message })),
  })
}

export const rolePermissions =
  (...names: readonly string[]): Change =>
  (state) =>
    update(state.roles, 'rol_1', { permissions: permissionsFor(apiOf(state).identifier, names) })
export const withoutRole: Change = ({ roles }) => roles.clear()
export const withoutUsers: Change = ({ users }) => void users.splice(0)
/** No user has a permission, whether from a role or directly. */
export const permissionsUnassigned: Change = ({ roles, permissions }) => {
  update(roles, 'rol_1', { users: [] })
  permissions.clear()
}

export const ORGANIZATION = { OAUTH_ORGANIZATION: 'org_a' }
/** Adds the organization of `ORGANIZATION`, which enables one connection. */
export const organization =
  (changes: Partial<TenantOrganization> = {}, connection = CONNECTION): Change =>
  ({ organizations, connections }) => {
    const existing = [...connections.values()].find(({ name }) => name === connection)
    const enabled = existing ?? newConnection(connection)
    connections.set(enabled.id, enabled)
    organizations.set('org_a', {
      id: 'org_a',
      name: 'a',
      display_name: 'A',
      metadata: {},
      third_party_client_access: 'allow',
      connections: new Map([[enabled.id, newEnabledConnection()]]),
      members: new Set(),
      ...changes,
    })
  }
