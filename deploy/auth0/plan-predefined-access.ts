import type { DesiredState } from './desired-state.ts'
import { userAccess } from './plan-api.ts'
import type { ClientReference, Step } from './plan-item.ts'
import { type About, aspect, changeOrKeep, create, keep, unreadable } from './plan-steps.ts'
import type { TenantSnapshot } from './read-tenant.ts'

export const PREDEFINED_NAME = 'ChatGPT (predefined)'

/** A first-party client has no part in domain-level connections and default grants. */
export function planPredefinedAccess(
  desired: DesiredState,
  snapshot: TenantSnapshot,
  client: ClientReference,
): Step[] {
  const connections = snapshot.connections.flatMap(({ state }) =>
    'value' in state && state.value !== undefined ? [state.value] : [],
  )
  const needsGrant = userAccess(snapshot).user?.policy === 'require_client_grant'
  return [
    ...(needsGrant ? itsGrant(desired, snapshot, client) : []),
    ...connections.map(({ id, name, isOnForPredefined }): Step => {
      const about: About = {
        area: 'connection',
        subject: `${name} for ${PREDEFINED_NAME}`,
        why: 'A first-party client signs people in through the connections that are on for it',
        where: `Authentication > Social, Database or Enterprise > ${name} > Applications`,
      }
      if (isOnForPredefined) return keep(about)
      const changes = [{ field: 'enabled', before: false, after: true }]
      return {
        item: { ...about, action: 'change', changes },
        change: { call: 'connections.clients.update', id, client },
      }
    }),
  ]
}

function itsGrant(
  { audience, scopes }: DesiredState,
  { predefinedGrant: reading }: TenantSnapshot,
  client: ClientReference,
): Step[] {
  const about: About = {
    area: 'client-grant',
    subject: `${PREDEFINED_NAME}`,
    why: 'The API gives tokens only to clients that have a grant',
    where: `Applications > APIs > ${audience} > Application Access`,
  }
  if ('failure' in reading) return [unreadable(about, reading.failure)]
  const needed = scopes.map(({ value }) => value)
  if (reading.value === undefined) {
    const fields = { scope: needed, subject_type: 'user' } as const
    const body = { audience, ...fields }
    return [create(about, fields, { call: 'clientGrants.create', body, client })]
  }
  const { id = '', scope: granted = [], allow_all_scopes: grantsAll } = reading.value
  const aspects = [aspect('scope', granted, grantsAll ? granted : withAll(granted, needed))]
  return [changeOrKeep(about, aspects, (body) => ({ call: 'clientGrants.update', id, body }))]
}

/** What is there, and what is needed and is not. */
export function withAll(there: readonly string[], needed: readonly string[]): string[] {
  return [...new Set([...there, ...needed])]
}
