import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import type { OrganizationState } from '../tenant-lookups.ts'
import { keyOf } from './connections.ts'
import { linked } from './dependencies.ts'
import type { Step } from './item.ts'
import { type About, aspect, blocked, changeOrKeep, keep, report, unreadable } from './steps.ts'

const FIELD = 'third_party_client_access'

/**
 * What third-party clients need to sign in the members of the organization of `--organization`: its
 * own consent, and the login connections enabled in it (they are at domain level besides).
 */
export function planOrganization(desired: DesiredState, snapshot: TenantSnapshot): Step[] {
  const { organization: id } = desired
  if (id === undefined) return []
  const about: About = {
    area: 'organization',
    subject: id,
    why: 'An organization denies third-party clients unless it allows them',
    where: `Organizations > ${id} > Overview > Third-Party Application Access`,
  }
  const { organization: reading } = snapshot
  if ('failure' in reading) return [unreadable(about, reading.failure)]
  if (reading.value === undefined) {
    return [
      blocked(about, 'There is no organization with this id: pass an id that starts with org_'),
    ]
  }
  const { value } = reading
  return [access(about, value), ...connections(about, value, snapshot)]
}

/**
 * Where Auth0 does not show the field, it is sent with each `--apply`: nobody has set it, or the tenant
 * does not have it (Auth0's published contract of June 2026 does not), and then refuses it.
 */
function access(about: About, { id, thirdPartyAccess }: OrganizationState): Step {
  if (thirdPartyAccess !== undefined) {
    return changeOrKeep(about, [aspect(FIELD, thirdPartyAccess, 'allow')], (body) => ({
      call: 'organizations.update',
      id,
      body,
    }))
  }
  const why = `Auth0 does not show ${FIELD} of this organization: each run with --apply sends it as allow`
  const change = { call: 'organizations.update', id, body: { [FIELD]: 'allow' } } as const
  const whenRefused = 'Allow third-party applications of this organization in the dashboard'
  return { ...report({ ...about, why }), change, whenRefused }
}

function connections(
  about: About,
  { id, connectionIds }: OrganizationState,
  snapshot: TenantSnapshot,
): Step[] {
  return snapshot.connections.flatMap(({ name, state }) => {
    if ('failure' in state || state.value === undefined) return []
    const { id: connection_id } = state.value
    const itself: About = {
      ...about,
      subject: `${name} in ${id}`,
      why: 'Members sign in through a connection that is enabled in the organization',
      where: `Organizations > ${id} > Connections`,
    }
    if (connectionIds.includes(connection_id)) return [keep(itself)]
    const changes = [{ field: 'enabled', before: false, after: true }]
    const body = { connection_id }
    const step: Step = {
      item: { ...itself, action: 'change', changes },
      change: { call: 'organizations.enabledConnections.add', id, body },
    }
    return linked([step], `organization:${name}`, [keyOf(name)])
  })
}
