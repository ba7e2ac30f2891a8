import { type DesiredState, roleDescription } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { linked } from './dependencies.ts'
import { scopesOf } from './grant-scopes.ts'
import type { Reference, Step } from './item.ts'
import { type About, create, keep, report, unreadable } from './steps.ts'

/**
 * A role with every permission of the tools: with RBAC a token has only the scopes that the person has
 * as permissions. Permissions that the role has for other APIs are not touched. With `--default-role`
 * also how each new user gets it.
 */
export function planRole(desired: DesiredState, { role: reading }: TenantSnapshot): Step[] {
  const name = ('value' in reading ? reading.value?.name : undefined) ?? desired.role
  const about: About = {
    area: 'role',
    subject: name,
    why: `A token has only the scopes that the person has as permissions. Give this role to people under User Management > Roles > ${name} > Users, or with POST /api/v2/users/{id}/roles {"roles":["${idIn(reading)}"]}`,
    where: `User Management > Roles > ${name}`,
  }
  if ('failure' in reading) return linked([unreadable(about, reading.failure)], 'role')
  const needed = scopesOf(desired)
  const note = desired.defaultRole ? [howToAssign(about, idIn(reading))] : []
  if (reading.value === undefined) {
    const fields = { name: desired.role, description: roleDescription(desired.audience) }
    const made = create(about, fields, { call: 'roles.create', body: fields })
    return [
      ...linked([made], 'role'),
      ...added(about, desired, { role: { madeBy: 'role' }, missing: needed }),
      ...note,
    ]
  }
  const { id, permissions: there } = reading.value
  const missing = needed.filter((name) => !there.includes(name))
  const extra = there.filter((name) => !needed.includes(name))
  return [
    ...(missing.length === 0 ? [keep(about)] : added(about, desired, { role: { id }, missing })),
    ...removed(about, desired, { id, extra }),
    ...note,
  ]
}

function idIn(reading: TenantSnapshot['role']): string {
  return ('value' in reading ? reading.value?.id : undefined) ?? 'ROLE_ID'
}

function added(
  about: About,
  { audience }: DesiredState,
  { role, missing }: { readonly role: Reference; readonly missing: readonly string[] },
): Step[] {
  if (missing.length === 0) return []
  const body = { permissions: missing.map((name) => permission(audience, name)) }
  const changes = [{ field: 'permissions', before: undefined, after: missing }]
  const item = {
    ...about,
    subject: `${about.subject}, permissions`,
    action: 'change',
    changes,
  } as const
  const step: Step = { item, change: { call: 'roles.permissions.add', role, body } }
  return linked([step], 'role-permissions', ['role', 'api'])
}

function removed(
  about: About,
  { audience, prune }: DesiredState,
  { id, extra }: { readonly id: string; readonly extra: readonly string[] },
): Step[] {
  if (extra.length === 0) return []
  const subject = `${about.subject}, permissions that no tool needs`
  if (!prune) {
    const why = `${extra.join(' ')}: not in the catalogue; left alone, and removed with --prune`
    return [report({ ...about, subject, why })]
  }
  const body = { permissions: extra.map((name) => permission(audience, name)) }
  const changes = [{ field: 'permissions', before: extra, after: undefined }]
  const item = { ...about, subject, action: 'remove', changes } as const
  return [{ item, change: { call: 'roles.permissions.delete', role: { id }, body } }]
}

function permission(audience: string, name: string) {
  return { resource_server_identifier: audience, permission_name: name }
}

/**
 * Auth0 has no default role, and the API of a post-login Action cannot assign one: the Action needs a
 * Management API client of its own. This command does not put such a secret into the tenant.
 */
function howToAssign(about: About, roleId: string): Step {
  return report({
    ...about,
    subject: `${about.subject} for every new user`,
    why: actionText(roleId),
  })
}

function actionText(roleId: string): string {
  const code = [
    "const { ManagementClient } = require('auth0');",
    'exports.onExecutePostLogin = async (event) => {',
    '  if (event.stats.logins_count > 1) return;',
    '  const { DOMAIN: domain, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret } = event.secrets;',
    '  const management = new ManagementClient({ domain, clientId, clientSecret });',
    `  await management.users.roles.assign(event.user.user_id, { roles: ['${roleId}'] });`,
    '};',
  ]
  return [
    'Auth0 has no default role, and a post-login Action can assign one only with a Management API client of its own, whose secret this command does not put into the tenant. Make a Machine to Machine application with the Management scopes read:roles and update:users, then an Action for Login / Post Login with the dependency auth0, the secrets DOMAIN, CLIENT_ID and CLIENT_SECRET, and this code. The role counts from the next login on:',
    ...code.map((line) => `      ${line}`),
  ].join('\n')
}
