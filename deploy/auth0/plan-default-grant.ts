import type { Management as Auth0 } from 'auth0'
import type { DesiredState } from './desired-state.ts'
import { servesThirdParties } from './plan-connections.ts'
import type { Step } from './plan-item.ts'
import {
  type About,
  aspect,
  changeOrKeep,
  create,
  foreignScopes,
  keep,
  report,
  unreadable,
} from './plan-steps.ts'
import type { TenantSnapshot } from './read-tenant.ts'

type Grant = Auth0.ClientGrantResponseContent

/** The API for every third-party client, so that none has to wait for log-webhook's own grant. */
export function planDefaultGrant(desired: DesiredState, snapshot: TenantSnapshot): Step[] {
  const about: About = {
    area: 'client-grant',
    subject: 'default for third-party clients',
    why: 'A strict third-party client gets no token for an API without a grant; this one is there before the client is',
    where: `Applications > APIs > ${desired.audience} > Default Permissions for Third-Party Applications`,
  }
  const { defaultGrant: reading } = snapshot
  if ('failure' in reading) return [unreadable(about, reading.failure)]
  const steps =
    reading.value === undefined
      ? [createGrant(about, desired)]
      : changeGrant(about, reading.value, desired)
  const isOpen = servesThirdParties(desired, snapshot) && !desired.deletesForeignClients
  return isOpen ? [...steps, openness(about)] : steps
}

/** The scopes of the default grant as they will be before any is removed. */
export function mergedGrantScopes(grant: Grant | undefined, desired: DesiredState): string[] {
  const there = grant?.scope ?? []
  const known = new Set(there)
  return [...there, ...scopesOf(desired).filter((scope) => !known.has(scope))]
}

function createGrant(about: About, desired: DesiredState): Step {
  const fields = {
    default_for: 'third_party_clients',
    scope: scopesOf(desired),
    subject_type: 'user',
  } as const
  const body = { audience: desired.audience, ...fields }
  return create(about, fields, { call: 'clientGrants.create', body })
}

function changeGrant(about: About, grant: Grant, desired: DesiredState): Step[] {
  // It has whatever the API has; Auth0 takes no scopes for it.
  if (grant.allow_all_scopes === true) return [keep(about)]
  const { id = '', scope: before = [] } = grant
  const aspects = [aspect('scope', before, mergedGrantScopes(grant, desired))]
  const needed = scopesOf(desired)
  const extra = before.filter((scope) => !needed.includes(scope))
  const removal = { call: 'clientGrants.update', id, body: { scope: needed } } as const
  return [
    changeOrKeep(about, aspects, (body) => ({ call: 'clientGrants.update', id, body })),
    ...foreignScopes(about, extra, { prune: desired.prune, change: removal }),
  ]
}

function openness(about: About): Step {
  return report({
    ...about,
    subject: 'who may use the API',
    why: 'This grant is for every client that registers, also one with a foreign redirect URI: set DCR_POLICY=enforce, so that log-webhook deletes those',
  })
}

function scopesOf(desired: DesiredState): string[] {
  return desired.scopes.map(({ value }) => value)
}
