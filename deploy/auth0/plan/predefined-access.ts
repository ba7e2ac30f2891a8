import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { PREDEFINED_NAME } from './client-grants.ts'
import { keyOf } from './connections.ts'
import { linked } from './dependencies.ts'
import type { ProvisionStep, Reference } from './item.ts'
import { type ItemInfo, keep, unreadable } from './steps.ts'

/**
 * Plans the connections of the predefined client. Domain-level connections do not apply to first-party
 * clients. The connections in GOOGLE_CONNECTION_NAME are enabled and the others disabled; Auth0 enables
 * all of them for new clients if the tenant's flag `enable_client_connections` is set.
 */
export function planPredefinedAccess(
  desired: DesiredState,
  snapshot: TenantSnapshot,
  client: Reference,
): ProvisionStep[] {
  const { predefinedConnections: reading } = snapshot
  const info: ItemInfo = {
    area: 'connection',
    subject: `connections of ${PREDEFINED_NAME}`,
    why: 'Users can sign in through a first-party client only with the connections that are enabled for it',
    where: `Applications > Applications > ${PREDEFINED_NAME} > Connections`,
  }
  if ('failure' in reading) return [unreadable(info, reading.failure)]
  const enabledIds = new Set(reading.value.map(({ id }) => id))
  const configured = snapshot.connections.flatMap(({ state }) =>
    'value' in state && state.value !== undefined ? [state.value] : [],
  )
  const enabled = configured.map(({ id, name }): ProvisionStep => {
    const subject = `${name} for ${PREDEFINED_NAME}`
    if (enabledIds.has(id)) return keep({ ...info, subject })
    const changes = [{ field: 'enabled', before: false, after: true }]
    return {
      item: { ...info, subject, action: 'change', changes },
      change: { call: 'connections.clients.update', id, client, status: true },
      after: [keyOf(name), 'predefined'],
    }
  })
  // Without configured names, no connection is disabled.
  if (desired.connections.length === 0) return linked(enabled, 'predefined-connections')
  const others =
    'stepKey' in client
      ? othersOfNew(info, desired, snapshot, client)
      : reading.value
          .filter(({ name }) => !desired.connections.includes(name))
          .map(({ id, name }) => disabled(info, name, { id, client }))
  return [...linked(enabled, 'predefined-connections'), ...others]
}

function disabled(
  info: ItemInfo,
  name: string,
  { id, client }: { id: string; client: Reference },
): ProvisionStep {
  const changes = [{ field: 'enabled', before: true, after: false }]
  const subject = `${name} for ${PREDEFINED_NAME}`
  const why = 'GOOGLE_CONNECTION_NAME does not name it'
  return {
    item: { ...info, subject, why, action: 'change', changes },
    change: { call: 'connections.clients.update', id, client, status: false },
  }
}

/** The connections that Auth0 enables for a new client are known only after it was created. */
function othersOfNew(
  info: ItemInfo,
  { connections: names }: DesiredState,
  { settings }: TenantSnapshot,
  client: Reference,
): ProvisionStep[] {
  const flags = 'value' in settings ? settings.value.flags : undefined
  if (flags?.enable_client_connections === false) return []
  const changes = [{ field: 'enabled', before: 'all that Auth0 enables', after: names }]
  return [
    {
      item: { ...info, action: 'change', changes },
      change: { call: 'clients.connections.limit', client, names },
      after: ['predefined'],
    },
  ]
}
