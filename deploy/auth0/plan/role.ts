import { type DesiredState, roleDescription } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { linked } from './dependencies.ts'
import { scopesOf } from './grant-scopes.ts'
import type { ProvisionStep, Reference } from './item.ts'
import { create, type ItemInfo, keep, report, unreadable } from './steps.ts'

/**
 * Plans a role with every permission of the tools. With RBAC, a token contains only the scopes that the
 * user has as permissions. The role's permissions for other APIs are not changed. With `--default-role`
 * the plan also shows how to assign the role to new users.
 */
export function planRole(
  desired: DesiredState,
  { role: reading }: TenantSnapshot,
): ProvisionStep[] {
  const name = ('value' in reading ? reading.value?.name : undefined) ?? desired.role
  const info: ItemInfo = {
    area: 'role',
    subject: name,
    why: `A token contains only the scopes that the user has as permissions. Assign this role to users under User Management > Roles > ${name} > Users, or with POST /api/v2/users/{id}/roles {"roles":["${roleIdIn(reading)}"]}`,
    where: `User Management > Roles > ${name}`,
  }
  if ('failure' in reading) return linked([unreadable(info, reading.failure)], 'role')
  const needed = scopesOf(desired)
  const note = desired.defaultRole ? [assignmentNote(info, roleIdIn(reading))] : []
  if (reading.value === undefined) {
    const fields = { name: desired.role, description: roleDescription(desired.audience) }
    const made = create(info, fields, { call: 'roles.create', body: fields })
    return [
      ...linked([made], 'role'),
      ...addPermissions(info, desired, { role: { stepKey: 'role' }, missing: needed }),
      ...note,
    ]
  }
  const { id, permissions: existing } = reading.value
  const missing = needed.filter((name) => !existing.includes(name))
  const extra = existing.filter((name) => !needed.includes(name))
  return [
    ...(missing.length === 0
      ? [keep(info)]
      : addPermissions(info, desired, { role: { id }, missing })),
    ...removePermissions(info, desired, { id, extra }),
    ...note,
  ]
}

function roleIdIn(reading: TenantSnapshot['role']): string {
  return ('value' in reading ? reading.value?.id : undefined) ?? 'ROLE_ID'
}

function addPermissions(
  info: ItemInfo,
  { audience }: DesiredState,
  { role, missing }: { readonly role: Reference; readonly missing: readonly string[] },
): ProvisionStep[] {
  if (missing.length === 0) return []
  const body = { permissions: missing.map((name) => permission(audience, name)) }
  const changes = [{ field: 'permissions', before: undefined, after: missing }]
  const item = {
    ...info,
    subject: `${info.subject}, permissions`,
    action: 'change',
    changes,
  } as const
  const step: ProvisionStep = { item, change: { call: 'roles.permissions.add', role, body } }
  return linked([step], 'role-permissions', ['role', 'api'])
}

function removePermissions(
  info: ItemInfo,
  { audience, prune }: DesiredState,
  { id, extra }: { readonly id: string; readonly extra: readonly string[] },
): ProvisionStep[] {
  if (extra.length === 0) return []
  const subject = `${info.subject}, permissions that no tool requires`
  if (!prune) {
    const why = `${extra.join(' ')}: not in the catalogue; kept without --prune`
    return [report({ ...info, subject, why })]
  }
  const body = { permissions: extra.map((name) => permission(audience, name)) }
  const changes = [{ field: 'permissions', before: extra, after: undefined }]
  const item = { ...info, subject, action: 'remove', changes } as const
  return [{ item, change: { call: 'roles.permissions.delete', role: { id }, body } }]
}

function permission(audience: string, name: string) {
  return { resource_server_identifier: audience, permission_name: name }
}

/**
 * Auth0 has no default role. A post-login Action can assign one only with its own Management API client,
 * and this command does not store such a client's secret in the tenant.
 */
function assignmentNote(info: ItemInfo, roleId: string): ProvisionStep {
  return report({
    ...info,
    subject: `${info.subject} for every new user`,
    why: 'Auth0 has no default role, and a post-login Action can assign one only with its own Management API client, whose secret this command does not store in the tenant. Create a Machine to Machine application with the Management scopes read:roles and update:users, then an Action for Login / Post Login with the dependency auth0, the secrets DOMAIN, CLIENT_ID and CLIENT_SECRET, and the code below. The role takes effect at the next login',
    code: assignmentCode(roleId),
  })
}

function assignmentCode(roleId: string): readonly string[] {
  return [
    "const { ManagementClient } = require('auth0');",
    'exports.onExecutePostLogin = async (event) => {',
    '  if (event.stats.logins_count > 1) return;',
    '  const { DOMAIN: domain, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret } = event.secrets;',
    '  const management = new ManagementClient({ domain, clientId, clientSecret });',
    `  await management.users.roles.assign(event.user.user_id, { roles: ['${roleId}'] });`,
    '};',
  ]
}
