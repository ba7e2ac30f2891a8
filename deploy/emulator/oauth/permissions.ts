import type { Permission, TenantRole } from '../entities.ts'
import { TenantError } from '../http.ts'
import type { TenantApi, TenantState, TenantUser } from '../state.ts'

/** A permission of a user for an existing API. */
export interface HeldPermission {
  readonly api: TenantApi
  readonly permission_name: string
  readonly description: string
  /** The roles that grant the permission; empty if it is only assigned directly. */
  readonly roles: readonly TenantRole[]
  readonly isDirect: boolean
}

/** Returns whether two permissions are the same scope of the same API. */
export function isSame(one: Permission, other: Permission): boolean {
  const [first, second] = [one.resource_server_identifier, other.resource_server_identifier]
  const isSameApi = first === undefined || second === undefined || first === second
  return isSameApi && one.permission_name === other.permission_name
}

/** Returns the initial direct permissions of users, by user ID. */
export function initialPermissions(users: readonly TenantUser[]): [string, Permission[]][] {
  return users.map(({ userId, permissions }) => [
    userId,
    permissions.map((permission_name) => ({ permission_name })),
  ])
}

/**
 * Converts direct permissions by email address to permissions by `userId`.
 *
 * @throws TenantError 400 for an unknown address.
 */
export function permissionsOf(
  { users }: TenantState,
  given: Readonly<Record<string, readonly string[]>>,
): [string, Permission[]][] {
  const unknown = Object.keys(given).filter((email) => !users.some((one) => one.email === email))
  if (unknown.length > 0) {
    const message = `userPermissions: unknown user: ${unknown.join(', ')}`
    throw new TenantError(400, 'invalid_body', message)
  }
  const named = users.filter(({ email }) => given[email] !== undefined)
  return initialPermissions(
    named.map((user) => ({ ...user, permissions: given[user.email] ?? [] })),
  )
}

/** Returns the permissions of a user for each API, assigned directly or by roles. */
export function heldBy(state: TenantState, userId: string): HeldPermission[] {
  const direct = state.permissions.get(userId) ?? []
  const ofUser = [...state.roles.values()].filter(({ users }) => users.includes(userId))
  const apis = [...state.apis.values()].filter(({ is_system }) => is_system !== true)
  return apis.flatMap((api) =>
    api.scopes.flatMap(({ value, description = '' }) => {
      const wanted = { resource_server_identifier: api.identifier, permission_name: value }
      const has = (all: readonly Permission[]) => all.some((one) => isSame(one, wanted))
      const roles = ofUser.filter(({ permissions }) => has(permissions))
      const isDirect = has(direct)
      if (!isDirect && roles.length === 0) return []
      return [{ api, permission_name: value, description, roles, isDirect }]
    }),
  )
}

/** Returns the scopes of one API that a user may grant to a client. */
export function scopesHeld(state: TenantState, userId: string, api: TenantApi): string[] {
  return heldBy(state, userId)
    .filter((permission) => permission.api.id === api.id)
    .map(({ permission_name }) => permission_name)
}
