import type { Management as Auth0 } from 'auth0'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { linked } from './dependencies.ts'
import { grantChange, scopesOf } from './grant-scopes.ts'
import type { Step } from './item.ts'
import { type About, create, keep, report, unreadable } from './steps.ts'

type Grant = Auth0.ClientGrantResponseContent

/** What is to become of the default grant, and of its scopes that no tool needs. */
export interface GrantSteps {
  readonly settings: readonly Step[]
  readonly removals: readonly Step[]
}

/**
 * The grant that every third-party client has for the API: there with `THIRD_PARTY_ACCESS=open`, and
 * gone with `admitted`.
 */
export function planDefaultGrant(desired: DesiredState, snapshot: TenantSnapshot): GrantSteps {
  const about: About = {
    area: 'client-grant',
    subject: 'default for third-party clients',
    why: 'THIRD_PARTY_ACCESS=open: every third-party client may use the API for the people who sign in',
    where: `Applications > APIs > ${desired.audience} > Default Permissions for Third-Party Applications`,
  }
  const { defaultGrant: reading } = snapshot
  const only = (steps: readonly Step[]) => ({
    settings: linked(steps, 'default-grant'),
    removals: [],
  })
  if ('failure' in reading) return only([unreadable(about, reading.failure)])
  if (desired.thirdPartyAccess === 'admitted') return only(planRemoval(about, reading.value))
  if (reading.value === undefined) {
    return { settings: opened(about, [createGrant(about, desired)]), removals: [] }
  }
  const { change, removals } = grantChange(about, reading.value, desired)
  return { settings: opened(about, [change]), removals: linked(removals, 'grant-removal') }
}

function planRemoval(about: About, grant: Grant | undefined): Step[] {
  if (grant === undefined) {
    const why = 'None: with THIRD_PARTY_ACCESS=admitted each admitted client has a grant of its own'
    return [keep({ ...about, why })]
  }
  const why =
    'It gives this API to every third-party client, also to one that a stranger registers. With THIRD_PARTY_ACCESS=admitted only clients that this system admits get it. Other APIs are not affected; set THIRD_PARTY_ACCESS=open to keep it'
  const changes = [{ field: 'scope', before: grant.scope ?? [], after: undefined }]
  const item = { ...about, why, action: 'remove' as const, changes }
  // Clients that cannot be read may depend on it.
  const after = ['client-grants']
  return [{ item, change: { call: 'clientGrants.delete', id: grant.id ?? '' }, after }]
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

function opened(about: About, steps: readonly Step[]): Step[] {
  const why =
    'THIRD_PARTY_ACCESS=open: a client that a stranger registers under any name can ask people for access. People see its name and domain on the consent page only'
  const note = report({ ...about, subject: 'who may use the API', why })
  return [...linked(steps, 'default-grant', ['api']), note]
}
