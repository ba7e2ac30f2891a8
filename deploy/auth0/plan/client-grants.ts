import type { Management as Auth0 } from 'auth0'
import { mayHaveRegistered, registrationKind } from '../../../shared/auth0/registered-client.ts'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { clientGrantIn, PREDEFINED_MARK } from '../tenant-lookups.ts'
import { userAccess } from './api.ts'
import type { GrantSteps } from './default-grant.ts'
import { linked } from './dependencies.ts'
import { grantChange, scopesOf } from './grant-scopes.ts'
import type { Reference, Step } from './item.ts'
import { type About, create, report, unreadable } from './steps.ts'

type Client = Auth0.Client

/** Auth0's entity limits for client grants: the Free plan, and self-service plans. */
const LIMITS = [100, 10_000] as const
/** The share of a limit from which it is reported. */
const NEAR = 0.8

/**
 * The grants of our own clients: those admitted by their redirect URIs, those imported, and the one of
 * `--predefined`. With `admitted` each has one; with `open` those that there are follow the catalogue,
 * because a client's own grant goes before the default one.
 */
export function planClientGrants(desired: DesiredState, snapshot: TenantSnapshot): GrantSteps {
  const { clients, grants } = snapshot
  const about: About = aboutGrant(desired, 'of admitted clients')
  if ('failure' in clients) return only(unreadable(about, clients.failure))
  if ('failure' in grants) return only(unreadable(about, grants.failure))
  const steps = clients.value
    .filter((client) => isOurs(client, desired))
    .map((client) => planGrant(client, desired, snapshot, grants.value))
  const made = grantsOfNewClients(desired, snapshot)
  const count = grants.value.filter(({ client_id }) => client_id !== undefined).length
  const created = [...steps.flatMap(({ settings }) => settings), ...made].filter(
    ({ item }) => item.action === 'create',
  )
  return {
    settings: [
      ...steps.flatMap(({ settings }) => settings),
      ...made,
      ...limitOf(about, count + created.length),
    ],
    removals: steps.flatMap(({ removals }) => removals),
  }
}

/** Whether access of this client is this system's to give: it registered, was imported or made for it. */
export function isOurs(client: Client, desired: DesiredState): boolean {
  if (client.client_id === undefined) return false
  if (client.client_metadata?.[PREDEFINED_MARK] === desired.audience) return true
  if (desired.cimd !== undefined && client.external_client_id === desired.cimd) return true
  const isKnown = mayHaveRegistered(client) || registrationKind(client) === 'imported'
  return isKnown && desired.mayRedirectTo(client.callbacks ?? [])
}

function planGrant(
  client: Client,
  desired: DesiredState,
  snapshot: TenantSnapshot,
  grants: readonly Auth0.ClientGrantResponseContent[],
): GrantSteps {
  const { client_id: id = '', name = id } = client
  const about = aboutGrant(desired, `${name}, client id ${id}`)
  const key = `client-grant:${id}`
  const grant = clientGrantIn(grants, id)
  if (grant !== undefined) {
    const { change, removals } = grantChange(about, grant, desired)
    return { settings: linked([change], key, ['api']), removals: linked(removals, 'grant-removal') }
  }
  if (!needsGrant(client, desired, snapshot)) return { settings: [], removals: [] }
  return {
    settings: linked([createGrant(about, desired, { id })], key, ['api']),
    removals: [],
  }
}

/** The registered ones only where this system admits; a first-party one has no default grant. */
function needsGrant(client: Client, desired: DesiredState, snapshot: TenantSnapshot): boolean {
  const isPredefined = client.client_metadata?.[PREDEFINED_MARK] !== undefined
  if (isPredefined) return predefinedNeedsGrant(desired, snapshot)
  if (desired.thirdPartyAccess === 'open') return false
  return desired.admitsClients || registrationKind(client) === 'imported'
}

function predefinedNeedsGrant(desired: DesiredState, { api }: TenantSnapshot): boolean {
  if (desired.thirdPartyAccess === 'admitted') return true
  const policy = userAccess(desired, 'value' in api ? api.value : undefined).user?.policy
  return policy === 'require_client_grant'
}

/** Clients that this run makes. */
function grantsOfNewClients(desired: DesiredState, snapshot: TenantSnapshot): Step[] {
  const { cimd, predefined } = desired
  const { cimdClient, predefinedClient } = snapshot
  const isMade = (reading: typeof cimdClient) => 'value' in reading && reading.value === undefined
  const steps: Step[] = []
  if (cimd !== undefined && isMade(cimdClient) && desired.thirdPartyAccess === 'admitted') {
    steps.push(...grantOfNew(desired, cimd, 'cimd'))
  }
  const needs = predefined !== undefined && predefinedNeedsGrant(desired, snapshot)
  if (needs && isMade(predefinedClient)) {
    steps.push(...grantOfNew(desired, PREDEFINED_NAME, 'predefined'))
  }
  return steps
}

function grantOfNew(desired: DesiredState, name: string, madeBy: string): Step[] {
  const step = createGrant(aboutGrant(desired, name), desired, { madeBy })
  return linked([step], `client-grant:${madeBy}`, ['api', madeBy])
}

function createGrant(about: About, desired: DesiredState, client: Reference): Step {
  const fields = { scope: scopesOf(desired), subject_type: 'user' } as const
  const body = { audience: desired.audience, ...fields }
  return create(about, fields, { call: 'clientGrants.create', body, client })
}

function limitOf(about: About, count: number): Step[] {
  const limit = LIMITS.find((one) => count >= one * NEAR && count <= one * 1.5)
  if (limit === undefined) return []
  const plan = limit === LIMITS[0] ? "on Auth0's Free plan" : 'on self-service plans'
  const why = `${count} clients have a grant for this API, and ${limit} is the limit of a tenant ${plan}. Delete clients that are not used (npm run clients -- --prune --older-than 30d), use one client for all of ChatGPT (npm run provision -- --iss --predefined), or set THIRD_PARTY_ACCESS=open`
  return [report({ ...about, subject: 'number of grants', why })]
}

function aboutGrant({ audience }: DesiredState, subject: string): About {
  return {
    area: 'client-grant',
    subject,
    why: 'A client gets a token for the API only with a grant that has the scopes of the tools',
    where: `Applications > APIs > ${audience} > Application Access`,
  }
}

function only(step: Step): GrantSteps {
  return { settings: linked([step], 'client-grants'), removals: [] }
}

/** The name of the client that `--predefined` makes. */
export const PREDEFINED_NAME = 'ChatGPT (predefined)'
