import type { Management } from 'auth0'
import { type ManagementScope as CalledScope, SCOPES } from '../../kit/management-scopes.ts'

/** Scopes of endpoints that this project does not call. */
const OTHER_SCOPES = [
  'delete:resource_servers',
  'delete:log_streams',
  'create:rules',
  'update:rules',
  'delete:rules',
  'create:hooks',
  'update:hooks',
  'delete:hooks',
  'delete:roles',
  'read:role_members',
  'create:role_members',
  'delete:role_members',
  'update:users',
  'create:organizations',
  'delete:organizations',
  'update:organization_connections',
  'delete:organization_connections',
  'read:organization_members',
  'create:organization_members',
  'delete:organization_members',
  'read:actions',
  'create:actions',
  'update:actions',
  'delete:actions',
  'delete:grants',
] as const satisfies readonly Management.OauthScope[]

export type ManagementScope = CalledScope | (typeof OTHER_SCOPES)[number]

/** Every Management API scope that an endpoint of the emulator requires. */
export const MANAGEMENT_SCOPES: readonly ManagementScope[] = [
  ...new Set<ManagementScope>([...Object.values(SCOPES), ...OTHER_SCOPES]),
]
