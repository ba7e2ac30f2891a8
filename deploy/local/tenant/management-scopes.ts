import type { Management } from 'auth0'

/** Every scope of the Management API that an endpoint of this tenant asks for. */
export const MANAGEMENT_SCOPES = [
  'read:clients',
  'create:clients',
  'update:clients',
  'delete:clients',
  'read:client_grants',
  'create:client_grants',
  'update:client_grants',
  'delete:client_grants',
  'read:connections',
  'update:connections',
  'read:resource_servers',
  'create:resource_servers',
  'update:resource_servers',
  'delete:resource_servers',
  'read:tenant_settings',
  'update:tenant_settings',
  'read:log_streams',
  'create:log_streams',
  'update:log_streams',
  'delete:log_streams',
  'read:logs',
  'read:rules',
  'create:rules',
  'update:rules',
  'delete:rules',
  'read:hooks',
  'create:hooks',
  'update:hooks',
  'delete:hooks',
  'read:grants',
  'delete:grants',
] as const satisfies readonly Management.OauthScope[]

export type ManagementScope = (typeof MANAGEMENT_SCOPES)[number]
