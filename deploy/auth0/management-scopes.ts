/** Each call to the Management API that changes something, with the scope that it needs. */
export const SCOPE_OF_CHANGE = {
  'resourceServers.create': 'create:resource_servers',
  'resourceServers.update': 'update:resource_servers',
  'tenants.settings.update': 'update:tenant_settings',
  'connections.update': 'update:connections',
  'connections.clients.update': 'update:connections',
  'clients.connections.limit': 'update:connections',
  'clients.refreshTokens.leeway': 'update:clients',
  'clientGrants.create': 'create:client_grants',
  'clientGrants.update': 'update:client_grants',
  'clientGrants.delete': 'delete:client_grants',
  'logStreams.create': 'create:log_streams',
  'logStreams.update': 'update:log_streams',
  'clients.create': 'create:clients',
  'clients.update': 'update:clients',
  'clients.registerCimdClient': 'create:clients',
  'roles.create': 'create:roles',
  'roles.permissions.add': 'update:roles',
  'roles.permissions.delete': 'update:roles',
  'organizations.update': 'update:organizations',
  'organizations.enabledConnections.add': 'create:organization_connections',
} as const

export type ManagementChange = keyof typeof SCOPE_OF_CHANGE

const READ = [
  'read:resource_servers',
  'read:tenant_settings',
  'read:connections',
  'read:client_grants',
  'read:log_streams',
  'read:clients',
  'read:roles',
  'read:organizations',
  'read:organization_connections',
] as const

export type ManagementScope = (typeof READ)[number] | (typeof SCOPE_OF_CHANGE)[ManagementChange]

/** Every Management scope that `npm run provision` can need, sorted. */
export const PROVISION_SCOPES: readonly ManagementScope[] = [
  ...new Set<ManagementScope>([...READ, ...Object.values(SCOPE_OF_CHANGE)]),
].sort()
