import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { PREDEFINED_NAME } from './client-grants.ts'
import { keyOf } from './connections.ts'
import { linked } from './dependencies.ts'
import type { Reference, Step } from './item.ts'
import { type About, keep, unreadable } from './steps.ts'

/**
 * The connections of a first-party client, which has no part in those at domain level: on for the ones
 * in GOOGLE_CONNECTION_NAME, off for the others, which Auth0 turns on for every new client where the
 * tenant's flag `enable_client_connections` is set.
 */
export function planPredefinedAccess(
  desired: DesiredState,
  snapshot: TenantSnapshot,
  client: Reference,
): Step[] {
  const { predefinedConnections: reading } = snapshot
  const about: About = {
    area: 'connection',
    subject: `connections of ${PREDEFINED_NAME}`,
    why: 'A first-party client signs people in through the connections that are on for it',
    where: `Applications > Applications > ${PREDEFINED_NAME} > Connections`,
  }
  if ('failure' in reading) return [unreadable(about, reading.failure)]
  const on = new Set(reading.value.map(({ id }) => id))
  const ours = snapshot.connections.flatMap(({ state }) =>
    'value' in state && state.value !== undefined ? [state.value] : [],
  )
  const enabled = ours.map(({ id, name }): Step => {
    const subject = `${name} for ${PREDEFINED_NAME}`
    if (on.has(id)) return keep({ ...about, subject })
    const changes = [{ field: 'enabled', before: false, after: true }]
    return {
      item: { ...about, subject, action: 'change', changes },
      change: { call: 'connections.clients.update', id, client, status: true },
      after: [keyOf(name), 'predefined'],
    }
  })
  // Without names it is not known which ones are meant.
  if (desired.connections.length === 0) return linked(enabled, 'predefined-connections')
  const others =
    'madeBy' in client
      ? othersOfNew(about, desired, snapshot, client)
      : reading.value
          .filter(({ name }) => !desired.connections.includes(name))
          .map(({ id, name }) => disabled(about, name, { id, client }))
  return [...linked(enabled, 'predefined-connections'), ...others]
}

function disabled(
  about: About,
  name: string,
  { id, client }: { id: string; client: Reference },
): Step {
  const changes = [{ field: 'enabled', before: true, after: false }]
  const subject = `${name} for ${PREDEFINED_NAME}`
  const why = 'GOOGLE_CONNECTION_NAME does not name it'
  return {
    item: { ...about, subject, why, action: 'change', changes },
    change: { call: 'connections.clients.update', id, client, status: false },
  }
}

/** Which ones Auth0 turns on for a new client shows once it is made. */
function othersOfNew(
  about: About,
  { connections: names }: DesiredState,
  { settings }: TenantSnapshot,
  client: Reference,
): Step[] {
  const flags = 'value' in settings ? settings.value.flags : undefined
  if (flags?.enable_client_connections === false) return []
  const changes = [{ field: 'enabled', before: 'all that Auth0 turns on', after: names }]
  return [
    {
      item: { ...about, action: 'change', changes },
      change: { call: 'clients.connections.limit', client, names },
      after: ['predefined'],
    },
  ]
}
