import type { Management as Auth0 } from 'auth0'
import { mayHaveRegistered, registrationKind } from '../../../shared/auth0/registered-client.ts'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { clientGrantIn, PREDEFINED_MARK } from '../tenant-lookups.ts'
import { userAccess } from './api.ts'
import type { GrantSteps } from './default-grant.ts'
import { linked } from './dependencies.ts'
import { grantChange, scopesOf } from './grant-scopes.ts'
import type { ProvisionStep, Reference } from './item.ts'
import { create, type ItemInfo, report, unreadable } from './steps.ts'

type Client = Auth0.Client

/** Auth0's limits on client grants per tenant: Free plan, self-service plans. */
const GRANT_LIMITS = [100, 10_000] as const
/** The share of a limit at which the plan reports it. */
const REPORTED_SHARE = 0.8

/**
 * Plans the client grants of our clients: admitted ones, imported ones and the one of `--predefined`.
 * With `admitted` each has a grant. With `open` only existing grants are updated to the catalogue,
 * because a client's own grant takes precedence over the default grant.
 */
export function planClientGrants(desired: DesiredState, snapshot: TenantSnapshot): GrantSteps {
  const { clients, grants } = snapshot
  const info: ItemInfo = grantInfo(desired, 'of admitted clients')
  if ('failure' in clients) return only(unreadable(info, clients.failure))
  if ('failure' in grants) return only(unreadable(info, grants.failure))
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
      ...reportGrantLimit(info, count + created.length),
    ],
    removals: steps.flatMap(({ removals }) => removals),
  }
}

/** Returns whether this system manages the client's access: it was admitted, imported or predefined. */
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
  const info = grantInfo(desired, `${name}, client id ${id}`)
  const key = `client-grant:${id}`
  const grant = clientGrantIn(grants, id)
  if (grant !== undefined) {
    const { change, removals } = grantChange(info, grant, desired)
    return { settings: linked([change], key, ['api']), removals: linked(removals, 'grant-removal') }
  }
  if (!needsGrant(client, desired, snapshot)) return { settings: [], removals: [] }
  return {
    settings: linked([createGrant(info, desired, { id })], key, ['api']),
    removals: [],
  }
}

/** Registered clients need one only if this system admits clients. First-party clients have no default grant. */
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

/** Grants of clients that this run creates. */
function grantsOfNewClients(desired: DesiredState, snapshot: TenantSnapshot): ProvisionStep[] {
  const { cimd, predefined } = desired
  const { cimdClient, predefinedClient } = snapshot
  const isNew = (reading: typeof cimdClient) => 'value' in reading && reading.value === undefined
  const steps: ProvisionStep[] = []
  if (cimd !== undefined && isNew(cimdClient) && desired.thirdPartyAccess === 'admitted') {
    steps.push(...grantOfNew(desired, cimd, 'cimd'))
  }
  const needsPredefined = predefined !== undefined && predefinedNeedsGrant(desired, snapshot)
  if (needsPredefined && isNew(predefinedClient)) {
    steps.push(...grantOfNew(desired, PREDEFINED_NAME, 'predefined'))
  }
  return steps
}

function grantOfNew(desired: DesiredState, name: string, stepKey: string): ProvisionStep[] {
  const step = createGrant(grantInfo(desired, name), desired, { stepKey })
  return linked([step], `client-grant:${stepKey}`, ['api', stepKey])
}

function createGrant(info: ItemInfo, desired: DesiredState, client: Reference): ProvisionStep {
  const fields = { scope: scopesOf(desired), subject_type: 'user' } as const
  const body = { audience: desired.audience, ...fields }
  return create(info, fields, { call: 'clientGrants.create', body, client })
}

function reportGrantLimit(info: ItemInfo, count: number): ProvisionStep[] {
  const limit = GRANT_LIMITS.find((one) => count >= one * REPORTED_SHARE && count <= one * 1.5)
  if (limit === undefined) return []
  const plan = limit === GRANT_LIMITS[0] ? "on Auth0's Free plan" : 'on self-service plans'
  const why = `${count} clients have a grant for this API, and ${limit} is the limit of a tenant ${plan}. Delete unused clients (npm run clients -- --prune --older-than 30d), use one client for all of ChatGPT (npm run provision -- --iss --predefined), or set THIRD_PARTY_ACCESS=open`
  return [report({ ...info, subject: 'number of grants', why })]
}

function grantInfo({ audience }: DesiredState, subject: string): ItemInfo {
  return {
    area: 'client-grant',
    subject,
    why: 'A client needs a grant with the scopes of the tools to get a token for the API',
    where: `Applications > APIs > ${audience} > Application Access`,
  }
}

function only(step: ProvisionStep): GrantSteps {
  return { settings: linked([step], 'client-grants'), removals: [] }
}

/** The name of the client that `--predefined` creates. */
export const PREDEFINED_NAME = 'ChatGPT (predefined)'
