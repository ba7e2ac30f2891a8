import { randomBytes } from 'node:crypto'
import type { Management } from 'auth0'
import { z } from 'zod'
import { given } from '../../control/faults.ts'
import type { Permission, TenantRole } from '../../entities.ts'
import { TenantError } from '../../http.ts'
import { isSame } from '../../oauth/permissions.ts'
import type { TenantState } from '../../state.ts'
import { CHECKPOINT, type Listed, listed, OFFSET } from '../list.ts'
import { type ApiCall, found, parseBody, type Route, type Schemas } from '../route.ts'
import { checkPermissions, permissionList } from './permission-list.ts'

const update = z
  .strictObject({
    name: z.string().min(1),
    description: z.string(),
  } satisfies Schemas<Management.UpdateRoleRequestContent>)
  .partial()
const create = update.required({ name: true })
const users = z.strictObject({ users: z.array(z.string().min(1)).min(1) })

/** The endpoints at `/roles`, with their permissions and users. */
export function roleRoutes(state: TenantState): readonly Route[] {
  const { roles } = state
  const get = ({ id }: ApiCall): TenantRole => found(roles.get(id), 'inexistent_role', 'role')
  const change = (role: TenantRole, changes: Partial<TenantRole>): TenantRole => {
    const changed = { ...role, ...changes }
    roles.set(role.id, changed)
    return changed
  }
  const checkName = (name: string, id?: string) => {
    if (![...roles.values()].some((role) => role.name === name && role.id !== id)) return
    throw new TenantError(409, 'role_conflict', 'A role with the same name already exists')
  }

  const list = ({ query }: ApiCall): Listed<Management.Role, 'roles'> => {
    const name = query.get('name_filter')?.toLowerCase() ?? ''
    const isAsked = (query.get('type') ?? 'tenant') === 'tenant'
    const matching = [...roles.values()].filter(
      (role) => isAsked && role.name.toLowerCase().includes(name),
    )
    return listed(matching.map(shown), query, 'roles')
  }
  const post = ({ body }: ApiCall): Management.CreateRoleResponseContent => {
    const wanted = given(parseBody(create, body))
    checkName(wanted.name)
    const id = `rol_${randomBytes(8).toString('hex')}`
    return shown(change({ id, permissions: [], users: [], ...wanted }, {}))
  }
  const patch = (call: ApiCall): Management.UpdateRoleResponseContent => {
    const wanted = given(parseBody(update, call.body))
    if (wanted.name !== undefined) checkName(wanted.name, call.id)
    return shown(change(get(call), wanted))
  }
  const remove = (call: ApiCall): undefined => void roles.delete(get(call).id)

  const permissions = (
    call: ApiCall,
  ): Listed<Management.PermissionsResponsePayload, 'permissions'> => {
    const all = get(call).permissions.flatMap((one) => describe(state, one))
    return listed(all, call.query, 'permissions')
  }
  const addPermissions = (call: ApiCall): undefined => {
    const role = get(call)
    const { permissions: added } = parseBody(permissionList, call.body)
    checkPermissions(state, added)
    const isNew = (one: Permission) => !role.permissions.some((other) => isSame(one, other))
    change(role, { permissions: [...role.permissions, ...added.filter(isNew)] })
  }
  const removePermissions = (call: ApiCall): undefined => {
    const role = get(call)
    const { permissions: removed } = parseBody(permissionList, call.body)
    const isKept = (one: Permission) => !removed.some((other) => isSame(one, other))
    change(role, { permissions: role.permissions.filter(isKept) })
  }
  const listUsers = (call: ApiCall): Listed<Management.RoleUser, 'users'> => {
    const ids = get(call).users
    const all = state.users.filter(({ userId }) => ids.includes(userId))
    const shownUsers = all.map(({ userId, email }) => ({ user_id: userId, email, name: email }))
    return listed(shownUsers, call.query, 'users')
  }
  const addUsers = (call: ApiCall): undefined => {
    const role = get(call)
    const { users: added } = parseBody(users, call.body)
    for (const userId of added) checkUser(state, userId)
    change(role, { users: [...new Set([...role.users, ...added])] })
  }

  const many = '/roles'
  const one = '/roles/:id'
  const ofRole = '/roles/:id/permissions'
  const withRole = '/roles/:id/users'
  const read = ['read:roles'] as const
  // The emulator has only roles of the tenant, not of organizations.
  const query = [...OFFSET, 'name_filter', 'type', 'owner_id']
  const write = ['update:roles'] as const
  const description = 'Update a role'
  return [
    { method: 'GET', path: many, scopes: read, query, answer: list },
    { method: 'GET', path: one, scopes: read, answer: (call) => shown(get(call)) },
    {
      method: 'POST',
      path: many,
      scopes: ['create:roles'],
      answer: post,
      description: 'Create a role',
    },
    { method: 'PATCH', path: one, scopes: write, answer: patch, description },
    { method: 'DELETE', path: one, scopes: ['delete:roles'], answer: remove },
    { method: 'GET', path: ofRole, scopes: read, query: OFFSET, answer: permissions },
    {
      method: 'POST',
      path: ofRole,
      scopes: write,
      status: 201,
      answer: addPermissions,
      description,
    },
    {
      method: 'DELETE',
      path: ofRole,
      scopes: write,
      hasBody: true,
      answer: removePermissions,
      description,
    },
    {
      method: 'GET',
      path: withRole,
      scopes: ['read:role_members', 'read:users', 'read:roles'],
      query: [...OFFSET, ...CHECKPOINT],
      answer: listUsers,
    },
    {
      method: 'POST',
      path: withRole,
      scopes: ['create:role_members', 'update:roles'],
      answer: addUsers,
      description: 'Assign users to a role',
    },
  ]
}

/** Returns a role without its permissions and users. */
export function shown({ id, name, description }: TenantRole): Management.Role {
  return { id, name, ...(description !== undefined && { description }) }
}

/** Checks that a user exists. @throws TenantError 404 */
export function checkUser({ users }: TenantState, id: string): void {
  found(
    users.find(({ userId }) => userId === id),
    'inexistent_user',
    'user',
  )
}

/** Returns a permission as Auth0 does; an empty list if its API or scope does not exist any more. */
function describe(state: TenantState, { permission_name, ...given }: Permission) {
  const identifier = given.resource_server_identifier ?? ''
  const api = [...state.apis.values()].find((one) => one.identifier === identifier)
  const scope = api?.scopes.find(({ value }) => value === permission_name)
  if (api === undefined || scope === undefined) return []
  const { name: resource_server_name } = api
  const description = scope.description ?? ''
  const about = { resource_server_identifier: identifier, resource_server_name }
  return [{ ...about, permission_name, description }]
}
