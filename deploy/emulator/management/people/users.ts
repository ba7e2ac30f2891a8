import type { Management } from 'auth0'
import { z } from 'zod'
import type { Permission } from '../../entities.ts'
import { heldBy, isSame } from '../../oauth/permissions.ts'
import type { TenantState, TenantUser } from '../../state.ts'
import { FIELDS, type Listed, listed, OFFSET, pick } from '../list.ts'
import { type ApiCall, found, parseBody, type Route } from '../route.ts'
import { checkPermissions, permissionList } from './permission-list.ts'
import { shown } from './roles.ts'

const roleList = z.strictObject({ roles: z.array(z.string().min(1)).min(1) })

/** The endpoints at `/users` to find users, and for their roles and permissions. */
export function userRoutes(state: TenantState): readonly Route[] {
  const { users, roles, permissions } = state
  const get = ({ id }: ApiCall): TenantUser =>
    found(
      users.find(({ userId }) => userId === id),
      'inexistent_user',
      'user',
    )

  const list = ({ query }: ApiCall): Listed<Management.UserResponseSchema, 'users'> => {
    const matches = toMatcher(query.get('q') ?? '')
    const matching = users.filter(matches).map((user) => pick(toUser(user), query))
    return listed(matching, query, 'users')
  }
  const byEmail = ({ query }: ApiCall): Management.UserResponseSchema[] => {
    const email = query.get('email')?.toLowerCase()
    return users.filter((user) => user.email === email).map((user) => pick(toUser(user), query))
  }
  const one = (call: ApiCall) => pick(toUser(get(call)), call.query)

  const rolesOf = (call: ApiCall): Listed<Management.Role, 'roles'> => {
    const { userId } = get(call)
    const all = [...roles.values()].filter((role) => role.users.includes(userId))
    return listed(all.map(shown), call.query, 'roles')
  }
  const changeRoles = (call: ApiCall, isAdded: boolean): undefined => {
    const { userId } = get(call)
    const ids = parseBody(roleList, call.body).roles
    const named = ids.map((id) => found(roles.get(id), 'inexistent_role', 'role'))
    for (const role of named) {
      const others = role.users.filter((other) => other !== userId)
      roles.set(role.id, { ...role, users: isAdded ? [...others, userId] : others })
    }
  }
  const permissionsOf = (call: ApiCall): Listed<Management.UserPermissionSchema, 'permissions'> => {
    const all = heldBy(state, get(call).userId).map(
      ({ api, permission_name, description, ...of }) => ({
        permission_name,
        description,
        resource_server_name: api.name,
        resource_server_identifier: api.identifier,
        sources: [
          ...(of.isDirect ? [{ source_id: '', source_name: '', source_type: 'DIRECT' }] : []),
          ...of.roles.map(({ id, name }) => ({
            source_id: id,
            source_name: name,
            source_type: 'ROLE',
          })),
        ],
      }),
    )
    return listed(all, call.query, 'permissions')
  }
  const addPermissions = (call: ApiCall): undefined => {
    const { userId } = get(call)
    const { permissions: added } = parseBody(permissionList, call.body)
    checkPermissions(state, added)
    const before = permissions.get(userId) ?? []
    const isNew = (wanted: Permission) => !before.some((other) => isSame(wanted, other))
    permissions.set(userId, [...before, ...added.filter(isNew)])
  }
  const removePermissions = (call: ApiCall): undefined => {
    const { userId } = get(call)
    const { permissions: removed } = parseBody(permissionList, call.body)
    const before = permissions.get(userId) ?? []
    const isKept = (held: Permission) => !removed.some((other) => isSame(held, other))
    permissions.set(userId, before.filter(isKept))
  }

  const many = '/users'
  const path = '/users/:id'
  const rolePath = '/users/:id/roles'
  const permissionPath = '/users/:id/permissions'
  const read = ['read:users'] as const
  const query = [...OFFSET, ...FIELDS, 'sort', 'connection', 'q', 'search_engine', 'primary_order']
  const ofMembers = ['read:users', 'read:roles', 'read:role_members'] as const
  return [
    { method: 'GET', path: many, scopes: read, query, answer: list },
    {
      method: 'GET',
      path: '/users-by-email',
      scopes: read,
      query: [...FIELDS, 'email'],
      answer: byEmail,
    },
    { method: 'GET', path, scopes: read, query: FIELDS, answer: one },
    { method: 'GET', path: rolePath, scopes: ofMembers, query: OFFSET, answer: rolesOf },
    {
      method: 'POST',
      path: rolePath,
      scopes: ['update:users', 'create:role_members'],
      status: 204,
      answer: (call) => changeRoles(call, true),
      description: 'Assign roles to a user',
    },
    {
      method: 'DELETE',
      path: rolePath,
      scopes: ['update:users', 'delete:role_members'],
      status: 204,
      hasBody: true,
      answer: (call) => changeRoles(call, false),
      description: 'Remove roles from a user',
    },
    { method: 'GET', path: permissionPath, scopes: read, query: OFFSET, answer: permissionsOf },
    {
      method: 'POST',
      path: permissionPath,
      scopes: ['update:users'],
      status: 201,
      answer: addPermissions,
      description: 'Assign permissions to a user',
    },
    {
      method: 'DELETE',
      path: permissionPath,
      scopes: ['update:users'],
      status: 204,
      hasBody: true,
      answer: removePermissions,
      description: 'Remove permissions from a user',
    },
  ]
}

function toUser({ userId, email }: TenantUser): Management.UserResponseSchema {
  const [provider, id] = userId.split('|')
  return {
    user_id: userId,
    email,
    email_verified: true,
    name: email,
    identities: [
      {
        connection: 'Username-Password-Authentication',
        provider: provider as Management.UserIdentityProviderEnum,
        user_id: id ?? '',
        isSocial: false,
      },
    ],
  }
}

/** Parses `member:value`, `member:"value"` or a single word, as in Auth0's query language. */
function toMatcher(text: string): (user: TenantUser) => boolean {
  const [, member, quoted, plain] = /^(?:(\w+):)?(?:"([^"]*)"|(\S*))$/.exec(text.trim()) ?? []
  const wanted = (quoted ?? plain ?? text).toLowerCase()
  return (user) => {
    const values = { email: user.email, name: user.email, user_id: user.userId }
    return Object.entries(values).some(
      ([name, value]) =>
        (member === undefined || member === name) &&
        (wanted === '' || toPattern(wanted).test(value.toLowerCase())),
    )
  }
}

function toPattern(wanted: string): RegExp {
  const parts = wanted.split('*').map((part) => part.replaceAll(/[\\^$.+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`)
}
