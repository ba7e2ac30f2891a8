import type { Management as Auth0 } from 'auth0'
import { SCOPE_OF_STEP } from '../../shared/auth0/admission-error.ts'
import { SCOPE_OF_CALL } from '../../shared/auth0/scopes.ts'

/**
 * Every Management API call that the functions and commands make, with the scope that it requires. The
 * names are the method names of the `auth0` package, except for two provision steps that make several
 * calls.
 */
export const SCOPES = {
  ...SCOPE_OF_CALL,
  'clients.list': 'read:clients',
  'clients.create': 'create:clients',
  'clients.previewCimdMetadata': 'create:clients',
  'clients.registerCimdClient': 'create:clients',
  'clients.connections.get': 'read:connections',
  'clients.connections.limit': 'update:connections',
  'clients.refreshTokens.leeway': 'update:clients',
  'clientGrants.delete': 'delete:client_grants',
  'resourceServers.list': 'read:resource_servers',
  'resourceServers.create': 'create:resource_servers',
  'resourceServers.update': 'update:resource_servers',
  'tenants.settings.get': 'read:tenant_settings',
  'tenants.settings.update': 'update:tenant_settings',
  'logStreams.list': 'read:log_streams',
  'logStreams.create': 'create:log_streams',
  'logStreams.update': 'update:log_streams',
  'roles.list': 'read:roles',
  'roles.permissions.list': 'read:roles',
  'roles.create': 'create:roles',
  'roles.permissions.add': 'update:roles',
  'roles.permissions.delete': 'update:roles',
  'organizations.get': 'read:organizations',
  'organizations.update': 'update:organizations',
  'organizations.enabledConnections.list': 'read:organization_connections',
  'organizations.enabledConnections.add': 'create:organization_connections',
  'logs.list': 'read:logs',
  'userGrants.list': 'read:grants',
  'rules.list': 'read:rules',
  'hooks.list': 'read:hooks',
  'prompts.getSettings': 'read:prompts',
  'users.list': 'read:users',
} as const satisfies Readonly<Record<string, Auth0.OauthScope>>

export type ManagementCall = keyof typeof SCOPES
export type ManagementScope = (typeof SCOPES)[ManagementCall]

const PROVISION_READS = [
  ...(['resourceServers.list', 'tenants.settings.get', 'logStreams.list'] as const),
  ...(['clientGrants.list', 'clients.list', 'clients.previewCimdMetadata'] as const),
  ...(['connections.list', 'connections.clients.get', 'clients.connections.get'] as const),
  ...(['roles.list', 'roles.permissions.list'] as const),
  ...(['organizations.get', 'organizations.enabledConnections.list'] as const),
] as const satisfies readonly ManagementCall[]

const PROVISION_CHANGES = [
  ...(['resourceServers.create', 'resourceServers.update', 'tenants.settings.update'] as const),
  ...(['connections.update', 'connections.clients.update', 'clients.connections.limit'] as const),
  ...(['clients.create', 'clients.update', 'clients.registerCimdClient'] as const),
  ...(['clients.refreshTokens.leeway'] as const),
  ...(['clientGrants.create', 'clientGrants.update', 'clientGrants.delete'] as const),
  ...(['logStreams.create', 'logStreams.update'] as const),
  ...(['roles.create', 'roles.permissions.add', 'roles.permissions.delete'] as const),
  ...(['organizations.update', 'organizations.enabledConnections.add'] as const),
] as const satisfies readonly ManagementCall[]

const CLIENTS_CALLS = [
  ...(['clients.list', 'clientGrants.list', 'userGrants.list', 'logs.list'] as const),
  ...(['clients.delete'] as const),
] as const satisfies readonly ManagementCall[]

/** The calls by which provision changes the tenant. */
export type ManagementChange = (typeof PROVISION_CHANGES)[number]

type ScopeOf<Call extends ManagementCall> = (typeof SCOPES)[Call]

/** The scopes that `npm run provision` requires for reading. */
export type ProvisionReadScope = ScopeOf<(typeof PROVISION_READS)[number]>

/** The scopes that `npm run clients` requires. */
export type ClientsScope = ScopeOf<(typeof CLIENTS_CALLS)[number]>

/** Every Management scope that `npm run provision` may require, sorted. */
export const PROVISION_SCOPES = scopesOf([...PROVISION_READS, ...PROVISION_CHANGES])

/** Every Management scope that `npm run clients` may require, sorted. */
export const CLIENTS_SCOPES = scopesOf(CLIENTS_CALLS)

/** The scopes by which log-webhook and registration admit clients, sorted; without `delete:clients`. */
export const ADMISSION_SCOPES = [...new Set(Object.values(SCOPE_OF_STEP))]
  .filter((scope) => scope !== SCOPES['clients.delete'])
  .sort()

/** `npm run doctor` uses these to read Rules and Hooks, which affect strict clients. */
export const RULES_AND_HOOKS_SCOPES = scopesOf(['rules.list', 'hooks.list'])

/** `npm run doctor` uses these to check the login page and the users. */
export const LOGIN_AND_PEOPLE_SCOPES = scopesOf(['prompts.getSettings', 'users.list'])

function scopesOf<Call extends ManagementCall>(calls: readonly Call[]): readonly ScopeOf<Call>[] {
  return [...new Set(calls.map((call) => SCOPES[call]))].sort()
}
