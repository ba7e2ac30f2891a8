import type { Management as Auth0 } from 'auth0'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { linked } from './dependencies.ts'
import { grantChange, scopesOf } from './grant-scopes.ts'
import type { ProvisionStep } from './item.ts'
import { create, type ItemInfo, keep, report, unreadable } from './steps.ts'

type Grant = Auth0.ClientGrantResponseContent

/** The steps for grants. `removals` take unused scopes from them. */
export interface GrantSteps {
  readonly settings: readonly ProvisionStep[]
  readonly removals: readonly ProvisionStep[]
}

/**
 * Plans the default grant for third-party clients: created with `THIRD_PARTY_ACCESS=open`, removed with
 * `admitted`.
 */
export function planDefaultGrant(desired: DesiredState, snapshot: TenantSnapshot): GrantSteps {
  const info: ItemInfo = {
    area: 'client-grant',
    subject: 'default for third-party clients',
    why: 'THIRD_PARTY_ACCESS=open: every third-party client may use the API for the users who sign in',
    where: `Applications > APIs > ${desired.audience} > Default Permissions for Third-Party Applications`,
  }
  const { defaultGrant: reading } = snapshot
  const only = (steps: readonly ProvisionStep[]) => ({
    settings: linked(steps, 'default-grant'),
    removals: [],
  })
  if ('failure' in reading) return only([unreadable(info, reading.failure)])
  if (desired.thirdPartyAccess === 'admitted') return only(planRemoval(info, reading.value))
  if (reading.value === undefined) {
    return { settings: withOpenAccessNote(info, [createGrant(info, desired)]), removals: [] }
  }
  const { change, removals } = grantChange(info, reading.value, desired)
  return {
    settings: withOpenAccessNote(info, [change]),
    removals: linked(removals, 'grant-removal'),
  }
}

function planRemoval(info: ItemInfo, grant: Grant | undefined): ProvisionStep[] {
  if (grant === undefined) {
    const why = 'None: with THIRD_PARTY_ACCESS=admitted each admitted client has its own grant'
    return [keep({ ...info, why })]
  }
  const why =
    'It gives every third-party client access to this API, including clients that a stranger registers. With THIRD_PARTY_ACCESS=admitted only admitted clients have access. Other APIs are not affected; set THIRD_PARTY_ACCESS=open to keep the grant'
  const changes = [{ field: 'scope', before: grant.scope ?? [], after: undefined }]
  const item = { ...info, why, action: 'remove' as const, changes }
  // If the clients cannot be read, some may depend on the default grant.
  const after = ['client-grants']
  return [{ item, change: { call: 'clientGrants.delete', id: grant.id ?? '' }, after }]
}

function createGrant(info: ItemInfo, desired: DesiredState): ProvisionStep {
  const fields = {
    default_for: 'third_party_clients',
    scope: scopesOf(desired),
    subject_type: 'user',
  } as const
  const body = { audience: desired.audience, ...fields }
  return create(info, fields, { call: 'clientGrants.create', body })
}

function withOpenAccessNote(info: ItemInfo, steps: readonly ProvisionStep[]): ProvisionStep[] {
  const why =
    'THIRD_PARTY_ACCESS=open: a client that a stranger registers under any name can request access. Users see its name and domain only on the consent page'
  const note = report({ ...info, subject: 'who may use the API', why })
  return [...linked(steps, 'default-grant', ['api']), note]
}
