import type { Management as Auth0 } from 'auth0'

/**
 * The scope that each Management API call of the functions needs, by the name of the call in the `auth0`
 * package. deploy/kit/management-scopes.ts adds the calls of the commands.
 */
export const SCOPE_OF_CALL = {
  'clients.get': 'read:clients',
  'clients.update': 'update:clients',
  'clients.delete': 'delete:clients',
  'connections.list': 'read:connections',
  'connections.update': 'update:connections',
  'connections.clients.get': 'read:connections',
  'connections.clients.update': 'update:connections',
  'clientGrants.list': 'read:client_grants',
  'clientGrants.create': 'create:client_grants',
  'clientGrants.update': 'update:client_grants',
} as const satisfies Readonly<Record<string, Auth0.OauthScope>>
