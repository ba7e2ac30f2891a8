import type { Management as Auth0 } from 'auth0'
import type { Management } from '../../../shared/auth0/management.ts'
import { type DesiredState, desiredState } from '../../auth0/desired-state.ts'
import type { PlanItem } from '../../auth0/plan/item.ts'
import { isSecretHidden, streamTo } from '../../auth0/plan/log-stream.ts'
import { planTenant } from '../../auth0/plan/plan.ts'
import { readTenant, type TenantSnapshot } from '../../auth0/read-tenant.ts'
import { explainFailure, type Failure } from '../../auth0/reading.ts'
import type { Skipped } from '../check.ts'
import type { SubscriptionPlan } from '../options.ts'
import type { Probe, ProbeResult } from '../probe.ts'
import { type AccessObservation, firstItems, observeAccess } from './access.ts'
import { type TenantConfig, UNKNOWN_CONNECTION } from './tenant-config.ts'

/** One part of the tenant, or why it could not be read. */
export type TenantReading<Value> =
  | { readonly value: Value }
  | { readonly failure: Failure & { readonly scope: string } }

/** What the Management API shows of the tenant. Everything was read once. */
export interface TenantObservation {
  readonly config: TenantConfig
  readonly desired: DesiredState
  readonly snapshot: TenantSnapshot
  /** The plan of provision; covers the log stream's secret and the connections only if they were passed. */
  readonly items: readonly PlanItem[]
  readonly clients: TenantReading<readonly Auth0.Client[]>
  /** The client grants for the API, including the default grant. */
  readonly grants: TenantReading<readonly Auth0.ClientGrantResponseContent[]>
  /** For each login connection the ids of its enabled clients. */
  readonly enabledClients: TenantReading<ReadonlyMap<string, ReadonlySet<string>>>
  /** The response of log-webhook to the log stream. */
  readonly delivery: ProbeResult | Skipped
  /** The enabled Rules, by name and id. */
  readonly rules: TenantReading<readonly string[]>
  /** The enabled Hooks that run when a token is exchanged. */
  readonly hooks: TenantReading<readonly string[]>
  /** Parts that are examined only where they can be read. */
  readonly access: AccessObservation
  readonly subscription: SubscriptionPlan | undefined
  /** Whether the deployment registers clients itself. */
  readonly isCurated: boolean
}

export interface TenantOptions {
  readonly probe: Probe
  /** Of the deployment. */
  readonly origin: string
  readonly config: TenantConfig
  readonly management: Management
  readonly grantedScopes: () => readonly string[] | undefined
  readonly subscription: SubscriptionPlan | undefined
  readonly isCurated: boolean
}

const PER_PAGE = 100
const MAX_ITEMS = 2_000
/** Statuses of Auth0 for a feature that it has removed from a tenant. */
const REMOVED: ReadonlySet<number | undefined> = new Set([403, 404, 410, 501])

/**
 * Reads the tenant with sequential calls, because small tenants allow two requests per second. Changes
 * nothing. Returns only the failure if Auth0 issues no token or does not respond.
 */
export async function observeTenant(
  options: TenantOptions,
): Promise<TenantObservation | { readonly failure: Failure }> {
  const { config, management, grantedScopes, subscription, isCurated } = options
  // Fails early if Auth0 issues no token or does not respond.
  const domain = config.provision.MGMT_DOMAIN
  const first = await read(
    'read:clients',
    () => firstItems(management.clients.list({ per_page: 1, fields: 'client_id' }), 1),
    domain,
  )
  if ('failure' in first && first.failure.kind !== 'scope-missing') return first
  const desired = desiredBy(config, isCurated)
  const snapshot = await readTenant({ management, domain, desired, grantedScopes })
  const { audience } = desired
  return {
    config,
    desired,
    snapshot,
    items: planTenant(comparable(desired, snapshot, config), {
      ...snapshot,
      grantedScopes: undefined,
    }),
    clients: snapshot.clients,
    grants: snapshot.grants,
    enabledClients: await read('read:connections', () => readEnabled(management, snapshot)),
    delivery: await deliverNothing(options, desired, snapshot),
    rules: withoutRemoved(await read('read:rules', () => readRules(management))),
    hooks: withoutRemoved(await read('read:hooks', () => readHooks(management))),
    access: await observeAccess({
      ...{ management, audience, subscription },
      organizations: config.organizations,
    }),
    subscription,
    isCurated,
  }
}

/**
 * The state to compare with. Without GOOGLE_CONNECTION_NAME it has no connections, and the deployment
 * itself shows whether its metadata is curated.
 */
function desiredBy({ provision }: TenantConfig, isCurated: boolean): DesiredState {
  const desired = desiredState(provision)
  const connections = desired.connections.filter((name) => name !== UNKNOWN_CONNECTION)
  return { ...desired, connections, isCurated }
}

/** The desired state with an equal secret of the log stream, unless LOG_WEBHOOK_SECRET was passed. */
function comparable(
  desired: DesiredState,
  { logStreams }: TenantSnapshot,
  { given }: TenantConfig,
): DesiredState {
  const { logStream } = desired
  const stream = 'value' in logStreams ? streamTo(logStreams.value, logStream.endpoint) : undefined
  const secret = stream?.sink?.httpAuthorization
  const isToBeCompared = given.has('LOG_WEBHOOK_SECRET') || secret === undefined
  return {
    ...desired,
    logStream: isToBeCompared ? logStream : { ...logStream, equivalents: [secret] },
  }
}

async function readEnabled(management: Management, { connections }: TenantSnapshot) {
  const enabled = new Map<string, ReadonlySet<string>>()
  for (const { name, state } of connections) {
    if (!('value' in state) || state.value === undefined) continue
    const clients = await firstItems(
      management.connections.clients.get(state.value.id, { take: PER_PAGE }),
      MAX_ITEMS,
    )
    enabled.set(name, new Set(clients.map(({ client_id }) => client_id)))
  }
  return enabled
}

async function readRules(management: Management): Promise<readonly string[]> {
  const listing = management.rules.list({ enabled: true, per_page: PER_PAGE })
  const rules = await firstItems(listing, MAX_ITEMS)
  return rules.filter(({ enabled }) => enabled !== false).map(nameOf)
}

async function readHooks(management: Management): Promise<readonly string[]> {
  const triggerId = 'credentials-exchange'
  const listing = management.hooks.list({ enabled: true, triggerId, per_page: PER_PAGE })
  const hooks = await firstItems(listing, MAX_ITEMS)
  return hooks.filter((hook) => hook.enabled !== false && hook.triggerId === triggerId).map(nameOf)
}

async function read<Value>(
  scope: string,
  run: () => Promise<Value>,
  domain?: string,
): Promise<TenantReading<Value>> {
  try {
    return { value: await run() }
  } catch (error) {
    return { failure: { ...explainFailure(error, domain), scope } }
  }
}

/** Newer tenants do not have Rules and Hooks, so none is active. */
function withoutRemoved(
  reading: TenantReading<readonly string[]>,
): TenantReading<readonly string[]> {
  return 'failure' in reading && REMOVED.has(reading.failure.status) ? { value: [] } : reading
}

function nameOf({ name, id }: Pick<Auth0.Rule, 'name' | 'id'>): string {
  return name === undefined || id === undefined ? (name ?? id ?? 'unnamed') : `${name} (${id})`
}

/**
 * Delivers an empty list of records to log-webhook, as the log stream would: the secret goes only
 * where the stream sends it anyway. Returns the exchange, or why nothing was sent.
 */
async function deliverNothing(
  { probe, origin, config }: TenantOptions,
  desired: DesiredState,
  snapshot: TenantSnapshot,
): Promise<ProbeResult | Skipped> {
  const { endpoint, authorization, equivalents } = desired.logStream
  if ('failure' in snapshot.logStreams) return { skipped: 'the log streams could not be read' }
  const stream = streamTo(snapshot.logStreams.value, endpoint)
  if (stream === undefined || new URL(endpoint).origin !== origin) {
    return { skipped: 'no log stream delivers to this deployment' }
  }
  const isGiven = config.given.has('LOG_WEBHOOK_SECRET')
  const visible = isSecretHidden(stream.sink) ? undefined : stream.sink?.httpAuthorization
  const sent = visible ?? (isGiven ? authorization : undefined)
  if (!sent) return { skipped: "the log stream's secret is unknown" }
  if (isGiven && !equivalents.includes(sent))
    return { skipped: 'the log stream has another secret' }
  return probe({
    url: endpoint,
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: sent },
    body: '[]',
  })
}
