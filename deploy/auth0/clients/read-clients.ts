import type { Management as Auth0 } from 'auth0'
import type { Management } from '../../../shared/auth0/management.ts'
import type { RedirectUriPolicy } from '../../../shared/auth0/redirect-uris.ts'
import type { ClientsScope } from '../../kit/management-scopes.ts'
import { explainFailure, type Failure } from '../reading.ts'
import type { ClientUsage } from './classify.ts'
import { asDynamicClient, type DynamicClient } from './dynamic-client.ts'
import { readRegistrations, registeredBy } from './registered-in-logs.ts'

export interface ReadOptions {
  readonly management: Management
  /** The value of MGMT_DOMAIN, for messages. */
  readonly domain?: string
  readonly mayRedirectTo: RedirectUriPolicy
  readonly audience: string
}

export interface ClientWithUsage extends DynamicClient {
  readonly usage: ClientUsage
  readonly way: Way | undefined
}

/**
 * How a client may access the API: `promoted` (it is a first-party client), `granted` (a third-party
 * client with its own grant), `default` (by the default grant for third-party clients), or `none`.
 */
export type Way = 'promoted' | 'granted' | 'default' | 'none'

/** The tenant's clients. Values that could not be read are undefined, with a reason in `failures`. */
export interface ClientsRead {
  readonly clients: readonly ClientWithUsage[]
  /** The number of other clients; this command never changes them. */
  readonly others: number
  readonly logsSince: number | null | undefined
  readonly failures: readonly ScopedFailure[]
}

export interface ScopedFailure extends Failure {
  /** The Management scope that the call requires. */
  readonly scope: ClientsScope
}

const PAGE = 100
const RECENT_LOGS = 50
/** Events about managing a client, not about its use. */
const MANAGEMENT_EVENTS = /^(sapi|fapi|mgmt_)/

/**
 * Reads every client of the tenant and its usage. Makes two calls per client, sequentially, because
 * Auth0 allows few requests per second.
 */
export async function readClients(options: ReadOptions): Promise<ClientsRead> {
  const { management, mayRedirectTo } = options
  const { read, failures } = createScopedReader(options.domain)
  const all = await read('read:clients', () => listClients(management))
  const dynamic = (all ?? []).flatMap((client) => asDynamicClient(client, mayRedirectTo) ?? [])
  const others = (all ?? []).length - dynamic.length
  if (dynamic.length === 0) return { clients: [], others, logsSince: undefined, failures }
  const grants = await read('read:client_grants', () => listClientGrants(management))
  const logsSince = await read('read:logs', () => oldestLog(management))
  const isDated = dynamic.every(({ createdAt }) => createdAt !== undefined)
  const registrations = isDated
    ? undefined
    : await read('read:logs', () => readRegistrations(management))
  const clients: ClientWithUsage[] = []
  for (const client of dynamic) {
    const { clientId, createdAt } = client
    const usage: ClientUsage = {
      userGrants: await read('read:grants', () => countUserGrants(management, clientId)),
      lastUse: await read('read:logs', () => lastUseOf(management, clientId)),
      hasForeignGrant: grants?.some((grant) => isForeign(grant, client, options.audience)),
      registered:
        registrations && createdAt === undefined
          ? registeredBy(client, registrations, logsSince)
          : undefined,
    }
    clients.push({ ...client, usage, way: wayOf(client, grants, options.audience) })
  }
  return { clients, others, logsSince, failures }
}

/** Returns the number of grants that users have given a client, at most one page of them. */
export async function countUserGrants(management: Management, clientId: string): Promise<number> {
  const page = await management.userGrants.list({ client_id: clientId, per_page: PAGE })
  return page.data.length
}

/** A missing scope affects all clients, so it is tried and reported once. */
function createScopedReader(domain: string | undefined) {
  const failures: ScopedFailure[] = []
  const read = async <Value>(
    scope: ClientsScope,
    run: () => Promise<Value>,
  ): Promise<Value | undefined> => {
    const isFatal = failures.some((failure) => failure.scope === scope || affectsAllCalls(failure))
    if (isFatal) return undefined
    try {
      return await run()
    } catch (error) {
      failures.push({ ...explainFailure(error, domain), scope })
      return undefined
    }
  }
  return { read, failures }
}

function affectsAllCalls({ kind }: Failure): boolean {
  return kind === 'no-token' || kind === 'unreachable'
}

async function listClients(management: Management): Promise<Auth0.Client[]> {
  return Array.fromAsync(await management.clients.list({ per_page: PAGE }))
}

async function listClientGrants(
  management: Management,
): Promise<Auth0.ClientGrantResponseContent[]> {
  return Array.fromAsync(await management.clientGrants.list({ take: PAGE }))
}

/** This system gives matching clients only a grant for its own API, for users. */
function isForeign(
  grant: Auth0.ClientGrantResponseContent,
  { clientId, isCovered }: DynamicClient,
  audience: string,
): boolean {
  if (grant.client_id !== clientId) return false
  return !isCovered || grant.audience !== audience || grant.subject_type !== 'user'
}

function wayOf(
  { clientId, isPromoted }: DynamicClient,
  grants: readonly Auth0.ClientGrantResponseContent[] | undefined,
  audience: string,
): Way | undefined {
  if (isPromoted) return 'promoted'
  if (grants === undefined) return undefined
  const ofApi = grants.filter(
    (grant) => grant.audience === audience && grant.subject_type === 'user',
  )
  // In Auth0 a client's own grant takes precedence over the default grant.
  if (ofApi.some((grant) => grant.client_id === clientId)) return 'granted'
  const hasDefault = ofApi.some((grant) => grant.default_for === 'third_party_clients')
  return hasDefault ? 'default' : 'none'
}

async function oldestLog(management: Management): Promise<number | null> {
  const page = await management.logs.list({ per_page: 1, sort: 'date:1' })
  return dateOf(page.data[0]) ?? null
}

async function lastUseOf(management: Management, clientId: string): Promise<number | null> {
  // The package supports this query parameter only by the name of an older API version.
  const queryParams = { q: `client_id:"${clientId.replaceAll(/[^\w-]/g, '')}"` }
  const page = await management.logs.list(
    { per_page: RECENT_LOGS, sort: 'date:-1' },
    { queryParams },
  )
  const dates = page.data
    .filter(({ type, client_id }) => client_id === clientId && !MANAGEMENT_EVENTS.test(type ?? ''))
    .flatMap((log) => dateOf(log) ?? [])
  return dates.length === 0 ? null : Math.max(...dates)
}

function dateOf(log: Auth0.Log | undefined): number | undefined {
  const date = typeof log?.date === 'string' ? Date.parse(log.date) : Number.NaN
  return Number.isNaN(date) ? undefined : date
}
