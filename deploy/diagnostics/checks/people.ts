import { type Check, type Verdict, warning } from '../check.ts'
import type { Inside } from '../observe/tenant.ts'

const ROLES = 'Auth0 dashboard: User Management > Roles'

/** Whether people have permissions, without which RBAC leaves their tokens without scopes. */
export const PEOPLE_CHECKS: readonly Check<Inside>[] = [
  { name: 'permissions of people', title: 'people have permissions for the API', run: checkPeople },
]

function checkPeople({ access: { people }, desired, snapshot }: Inside): Verdict {
  if (desired.scopes.length === 0) return []
  if ('failure' in snapshot.api || snapshot.api.value === undefined) {
    return { skipped: 'the API could not be read' }
  }
  if (snapshot.api.value.enforce_policies !== true) return { skipped: 'RBAC is off for the API' }
  if ('skipped' in people) return people
  const { isAnyoneAllowed, roles, peopleRead } = people.value
  if (isAnyoneAllowed) return []
  const role = roles[0]
  const ofRoles =
    role === undefined
      ? 'no role has a permission of the API'
      : `the roles with permissions of the API have no members (${roles.join(', ')})`
  const ofPeople =
    peopleRead === 0
      ? 'the tenant has no users'
      : `none of the ${peopleRead} users who signed in last has a permission of the API`
  return [
    warning({
      id: 'permissions_unassigned',
      seen: `${ofRoles}; ${ofPeople}`,
      why: 'With RBAC, Auth0 reduces the scopes of a token to the permissions of the person. Without permissions every tool answers insufficient_scope',
      fix:
        role === undefined
          ? 'npm run provision -- --apply creates a role with these permissions; assign it to the people who use the tools, then let them connect again'
          : `assign the role ${role} to the people who use the tools, then let them connect again`,
      where: ROLES,
    }),
  ]
}
