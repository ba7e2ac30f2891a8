/**
 * The roles that a deployer needs on the project, each with the roles that include it. Owners have all.
 * (https://cloud.google.com/iam/docs/roles-permissions)
 */
const REQUIRED_ROLES: readonly (readonly [role: string, ...others: string[]])[] = [
  ['roles/cloudfunctions.developer', 'roles/cloudfunctions.admin', 'roles/editor'],
  ['roles/run.admin'],
  ['roles/iam.serviceAccountUser', 'roles/editor'],
  ['roles/iam.serviceAccountAdmin', 'roles/iam.serviceAccountCreator', 'roles/editor'],
  ['roles/secretmanager.admin'],
  ['roles/serviceusage.serviceUsageAdmin', 'roles/editor'],
  [
    'roles/firebasehosting.admin',
    'roles/firebase.admin',
    'roles/firebase.developAdmin',
    'roles/editor',
  ],
  ['roles/browser', 'roles/viewer', 'roles/editor'],
]

/** Returns the required roles that `roles` do not include; empty if there is a custom role. */
export function missingRoles(roles: readonly string[]): string[] {
  const isUnknown = roles.some((role) => !role.startsWith('roles/'))
  if (isUnknown || roles.includes('roles/owner')) return []
  return REQUIRED_ROLES.filter((ways) => !ways.some((way) => roles.includes(way))).map(
    ([role]) => role,
  )
}
