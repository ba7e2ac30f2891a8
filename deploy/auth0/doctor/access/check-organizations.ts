import { type Check, type Finding, fault, type Verdict } from '../../../diagnostics/check.ts'
import type { Inside } from '../../../diagnostics/observe/tenant.ts'
import type { OrganizationSeen } from './observe-organizations.ts'

const ORGANIZATIONS = 'Auth0 dashboard: Organizations'

/** The organizations whose members sign in with ChatGPT. */
export const ORGANIZATION_CHECKS: readonly Check<Inside>[] = [
  {
    name: 'organizations',
    title: 'the organizations let third-party clients sign their members in',
    run: checkOrganizations,
  },
]

function checkOrganizations(seen: Inside): Verdict {
  const { organizations } = seen.access
  if (seen.config.organizations.length === 0) return []
  if ('skipped' in organizations) return organizations
  return organizations.value.flatMap((one) => findingsOf(one, seen))
}

function findingsOf({ id, state }: OrganizationSeen, { desired }: Inside): Finding[] {
  const where = `${ORGANIZATIONS} > ${id}`
  const fix = `npm run provision -- --organization ${id} --apply`
  if (state === undefined) {
    return [
      fault({
        id: 'organization_missing',
        seen: `there is no organization ${id}`,
        why: 'The gateway accepts only tokens whose org_id OAUTH_ORGANIZATION names, so it refuses every token',
        fix: 'set OAUTH_ORGANIZATION to the id of an organization (org_..., not its name), then npm run deploy -- gateway',
        where: ORGANIZATIONS,
      }),
    ]
  }
  const { allowsThirdParties, connections } = state
  const isEnabled = desired.connections.some((name) => connections?.includes(name))
  return [
    ...(allowsThirdParties
      ? []
      : [
          fault({
            id: 'organization_third_party_access',
            seen: `third_party_client_access of ${id} is not "allow"`,
            why: 'Third-party clients cannot sign members of the organization in: invalid_request, parameter organization is invalid',
            fix,
            where: `${where} > Settings > Third-party application access`,
          }),
        ]),
    ...(connections === undefined || desired.connections.length === 0 || isEnabled
      ? []
      : [
          fault({
            id: 'organization_connection_missing',
            seen: `none of the connections ${desired.connections.join(', ')} is enabled in ${id}`,
            why: 'Members cannot sign in with a connection that is not enabled in the organization',
            fix,
            where: `${where} > Connections`,
          }),
        ]),
  ]
}
