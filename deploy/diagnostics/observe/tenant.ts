import type { Management as Auth0 } from 'auth0'
import type { Management } from '../../../shared/auth0/management.ts'
import type { DesiredState } from '../../auth0/desired-state.ts'
import type { PlanItem } from '../../auth0/plan/item.ts'
import { planTenant } from '../../auth0/plan/plan.ts'
import { readTenant, type TenantSnapshot } from '../../auth0/read-tenant.ts'
import { explainFailure, type Failure } from '../../auth0/reading.ts'
import { type AccessSeen, observeAccess } from './access.ts'
import { firstItems } from '../../auth0/doctor/access/optional.ts'
import type { Plan } from '../options.ts'
import type { Skipped } from '../check.ts'
import type { Exchange, Probe } from '../probe.ts'
import type { InsideConfig } from './tenant-config.ts'
import { comparable, desiredOf } from '../../auth0/doctor/inside/inside-desired.ts'
import { deliverNothing } from '../../auth0/doctor/inside/observe-delivery.ts'

/** One part of the tenant, or why it could not be read. */
export type Part<Value> =
  | { readonly value: Value }
  | { readonly failure: Failure & { readonly scope: string } }

/** What the tenant's Management API tells. Everything was read once. */
export interface Inside {
  readonly config: InsideConfig
  readonly desired: DesiredState
  readonly snapshot: TenantSnapshot
  /** What provision would do, the log stream's secret and the connections only if they were given. */
  readonly items: readonly PlanItem[]
  readonly clients: Part<readonly Auth0.Client[]>
  /** The client grants for the API, the default one among them. */
  readonly grants: Part<readonly Auth0.ClientGrantResponseContent[]>
  /** For each login connection the clients that it is on for. */
  readonly enabledClients: Part<ReadonlyMap<string, ReadonlySet<string>>>
  /** What log-webhook answers to the log stream. */
  readonly delivery: Exchange | Skipped
  /** The enabled Rules, by name and id. */
  readonly rules: Part<readonly string[]>
  /** The enabled Hooks that run when a token is exchanged. */
  readonly hooks: Part<readonly string[]>
  /** What is examined only where it can be read. */
  readonly access: AccessSeen
  readonly plan: Plan | undefined
  /** Whether the deployment registers clients itself. */
  readonly isCurated: boolean
}

export interface InsideOptions {
  readonly probe: Probe
  /** Of the deployment. */
  readonly origin: string
  readonly config: InsideConfig
  readonly management: Management
  readonly grantedScopes: () => readonly string[] | undefined
  readonly plan: Plan | undefined
  readonly isCurated: boolean
}

const PER_PAGE = 100
const MAX_ITEMS = 2_000
/** How Auth0 answers for a feature that it has taken from a tenant. */
const GONE: ReadonlySet<number | undefined> = new Set([403, 404, 410, 501])

/**
 * Reads the tenant, one call after the other: a small one allows two a second. Changes nothing. Returns
 * the failure alone when Auth0 gives no token or does not answer.
 */
export async function observeInside(
  options: InsideOptions,
): Promise<Inside | { readonly failure: Failure }> {
  const { probe, origin, config, management, grantedScopes, plan, isCurated } = options
  // Says at once whether Auth0 gives a token and answers.
  const first = await read('read:clients', () =>
    firstItems(management.clients.list({ per_page: 1, fields: 'client_id' }), 1),
  )
  if ('failure' in first && first.failure.kind !== 'scope-missing') return first
  const desired = desiredOf(config, isCurated)
  const snapshot = await readTenant({ management, desired, grantedScopes })
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
    delivery: await deliverNothing({ probe, origin, config, desired, snapshot }),
    rules: await readLegacy('read:rules', async () => {
      const rules = await firstItems(
        management.rules.list({ enabled: true, per_page: PER_PAGE }),
        MAX_ITEMS,
      )
      return rules.filter(({ enabled }) => enabled !== false).map(nameOf)
    }),
    hooks: await readLegacy('read:hooks', async () => {
      const triggerId = 'credentials-exchange'
      const hooks = await firstItems(
        management.hooks.list({ enabled: true, triggerId, per_page: PER_PAGE }),
        MAX_ITEMS,
      )
      return hooks
        .filter((hook) => hook.enabled !== false && hook.triggerId === triggerId)
        .map(nameOf)
    }),
    access: await observeAccess({
      management,
      audience,
      organizations: config.organizations,
      plan,
    }),
    plan,
    isCurated,
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

async function read<Value>(scope: string, run: () => Promise<Value>): Promise<Part<Value>> {
  try {
    return { value: await run() }
  } catch (error) {
    return { failure: { ...explainFailure(error), scope } }
  }
}

/** Rules and Hooks, which tenants no longer have: where there are none, none can be active. */
async function readLegacy(
  scope: string,
  run: () => Promise<readonly string[]>,
): Promise<Part<readonly string[]>> {
  const part = await read(scope, run)
  return 'failure' in part && GONE.has(part.failure.status) ? { value: [] } : part
}

function nameOf({ name, id }: Pick<Auth0.Rule, 'name' | 'id'>): string {
  return name === undefined || id === undefined ? (name ?? id ?? 'unnamed') : `${name} (${id})`
}
