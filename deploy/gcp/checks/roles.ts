/**
 * What a deployer needs on the project, each with the roles that include it. Owners have all of it.
 * (https://cloud.google.com/iam/docs/roles-permissions)
 */
const NEEDED: readonly (readonly [role: string, ...others: string[]])[] = [
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

/** Those that `roles` neither have nor include; none where a custom role may. */
export function missingRoles(roles: readonly string[]): string[] {
  const isUnknown = roles.some((role) => !role.startsWith('roles/'))
  if (isUnknown || roles.includes('roles/owner')) return []
  return NEEDED.filter((ways) => !ways.some((way) => roles.includes(way))).map(([role]) => role)
}
