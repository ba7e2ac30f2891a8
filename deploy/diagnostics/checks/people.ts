import { quantity } from '../../kit/quantity.ts'
import type { Check, CheckOutcome } from '../check.ts'
import type { Observed } from '../faults/faults.ts'
import type { OrganizationObservation } from '../observe/access.ts'
import type { TenantObservation } from '../observe/tenant.ts'

/** The users: their permissions and their organizations. */
export const PEOPLE_CHECKS: readonly Check<TenantObservation>[] = [
  {
    name: 'permissions of people',
    title: 'Users have permissions for the API',
    run: checkPermissions,
  },
  {
    name: 'organizations',
    title: 'The organizations let third-party clients sign their members in',
    run: ({ access: { organizations }, config, desired }) => {
      if (config.organizations.length === 0) return []
      if ('skipped' in organizations) return organizations
      return organizations.value.flatMap((one) => organizationFaults(one, desired.connections))
    },
  },
]

function checkPermissions({
  access: { people },
  desired,
  snapshot,
}: TenantObservation): CheckOutcome {
  if (desired.scopes.length === 0) return []
  if ('failure' in snapshot.api || snapshot.api.value === undefined) {
    return { skipped: 'the API could not be read' }
  }
  if (snapshot.api.value.enforce_policies !== true) return { skipped: 'RBAC is off for the API' }
  if ('skipped' in people) return people
  const { isAnyoneAllowed, roles, peopleRead } = people.value
  if (isAnyoneAllowed) return []
  const [role] = roles
  const byRole =
    role === undefined
      ? 'no role has a permission of the API'
      : `the roles with permissions of the API have no members (${roles.join(', ')})`
  const byUser =
    peopleRead === 0
      ? 'the tenant has no users'
      : `no permission of the API is assigned to the ${quantity(peopleRead, 'user')} who signed in last`
  return [{ id: 'permissions_unassigned', seen: `${byRole}; ${byUser}`, details: { role } }]
}

function organizationFaults(
  { id: organization, state }: OrganizationObservation,
  wanted: readonly string[],
): Observed[] {
  if (state === undefined) {
    return [{ id: 'organization_missing', seen: `no organization has the id ${organization}` }]
  }
  const details = { organization }
  const found: Observed[] = []
  if (!state.allowsThirdParties) {
    const seen = `third_party_client_access of ${organization} is not "allow"`
    found.push({ id: 'organization_third_party_access', seen, details })
  }
  const { connections } = state
  const isEnabled = wanted.some((name) => connections?.includes(name))
  if (connections !== undefined && wanted.length > 0 && !isEnabled) {
    const seen = `none of the connections ${wanted.join(', ')} is enabled in ${organization}`
    found.push({ id: 'organization_connection_missing', seen, details })
  }
  return found
}
