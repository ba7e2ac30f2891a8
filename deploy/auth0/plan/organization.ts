import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import type { OrganizationState } from '../tenant-lookups.ts'
import { keyOf } from './connections.ts'
import { linked } from './dependencies.ts'
import type { ProvisionStep } from './item.ts'
import {
  blocked,
  changeOrKeep,
  type ItemInfo,
  keep,
  patchField,
  report,
  unreadable,
} from './steps.ts'

const FIELD = 'third_party_client_access'

/**
 * Plans the organization of `--organization` so that its members can sign in through third-party
 * clients: the organization allows such clients, and the login connections are enabled in it.
 */
export function planOrganization(desired: DesiredState, snapshot: TenantSnapshot): ProvisionStep[] {
  const { organization: id } = desired
  if (id === undefined) return []
  const info: ItemInfo = {
    area: 'organization',
    subject: id,
    why: 'An organization denies third-party clients by default',
    where: `Organizations > ${id} > Overview > Third-Party Application Access`,
  }
  const { organization: reading } = snapshot
  if ('failure' in reading) return [unreadable(info, reading.failure)]
  if (reading.value === undefined) {
    return [
      blocked(info, 'There is no organization with this id: pass an id that starts with org_'),
    ]
  }
  const { value } = reading
  return [access(info, value), ...connections(info, value, snapshot)]
}

/**
 * If Auth0 does not return the field, each `--apply` sends it. Either it is unset, or the tenant does
 * not support it and refuses the call (the published API of June 2026 does not contain it).
 */
function access(info: ItemInfo, { id, thirdPartyAccess }: OrganizationState): ProvisionStep {
  if (thirdPartyAccess !== undefined) {
    return changeOrKeep(info, [patchField(FIELD, thirdPartyAccess, 'allow')], (body) => ({
      call: 'organizations.update',
      id,
      body,
    }))
  }
  const why = `Auth0 does not return ${FIELD} of this organization: each run with --apply sets it to allow`
  const change = { call: 'organizations.update', id, body: { [FIELD]: 'allow' } } as const
  const whenRefused = 'Allow third-party applications for this organization in the dashboard'
  return { ...report({ ...info, why }), change, whenRefused }
}

function connections(
  info: ItemInfo,
  { id, connectionIds }: OrganizationState,
  snapshot: TenantSnapshot,
): ProvisionStep[] {
  return snapshot.connections.flatMap(({ name, state }) => {
    if ('failure' in state || state.value === undefined) return []
    const { id: connection_id } = state.value
    const connectionInfo: ItemInfo = {
      ...info,
      subject: `${name} in ${id}`,
      why: 'Members can sign in only through connections that are enabled in the organization',
      where: `Organizations > ${id} > Connections`,
    }
    if (connectionIds.includes(connection_id)) return [keep(connectionInfo)]
    const changes = [{ field: 'enabled', before: false, after: true }]
    const body = { connection_id }
    const step: ProvisionStep = {
      item: { ...connectionInfo, action: 'change', changes },
      change: { call: 'organizations.enabledConnections.add', id, body },
    }
    return linked([step], `organization:${name}`, [keyOf(name)])
  })
}
