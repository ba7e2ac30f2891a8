import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  createKeys,
  type EmulatorOptions,
  startEmulator,
} from '../../../deploy/emulator/emulator.ts'
import type { TenantState } from '../../../deploy/emulator/state.ts'

/** One call of the Management API; the token request is not among them. */
export interface ManagementCall {
  readonly method: string
  /** Path and query below `/api/v2`. */
  readonly path: string
  readonly body: unknown
}

/** A call with its response, which the emulator publishes before it sends the response. */
export interface Exchange {
  readonly issuer: string
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  /** Method and pattern, such as `GET /clients/:id`; undefined if the endpoint does not exist. */
  readonly route?: string
  readonly body?: unknown
  readonly status: number
  readonly answer: unknown
  readonly isStaged: boolean
}

/** An Auth0 emulator in this process, and the requests that it got. */
export interface RecordedEmulator extends AsyncDisposable {
  /** MGMT_DOMAIN. */
  readonly domain: string
  readonly issuer: string
  /** The state of the tenant, which a test may change. */
  readonly state: TenantState
  readonly exchanges: Exchange[]
  readonly calls: ManagementCall[]
  /** The parameters of each token request. */
  readonly tokenRequests: unknown[]
  /** The requests to unknown endpoints, and those with an invalid parameter or body. */
  readonly faults: string[]
}

/** The credentials of the Management API client. */
export const MANAGEMENT = {
  clientId: 'mgmt-client',
  clientSecret: 'a-management-secret-for-tests-0123456789',
}

// Their creation takes longer than the rest of the start.
let keys: ReturnType<typeof createKeys> | undefined

interface Listeners {
  /** Called before a call is carried out. */
  readonly onRequest?: (request: Pick<Exchange, 'issuer' | 'method' | 'path'>) => void
  /** Called before the answer is sent. */
  readonly onExchange?: (exchange: Exchange) => void
}

export async function startRecordedEmulator(
  options: Pick<EmulatorOptions, 'audience'> & Partial<EmulatorOptions>,
  { onRequest, onExchange }: Listeners = {},
): Promise<RecordedEmulator> {
  keys ??= createKeys()
  const { issuer, port, state, close } = await startEmulator({
    ...{ users: [], connections: [], management: MANAGEMENT },
    ...options,
    port: 0,
    keys: await keys,
  })
  stage(state, UNLIMITED)
  const exchanges: Exchange[] = []
  const calls: ManagementCall[] = []
  const tokenRequests: unknown[] = []
  const faults: string[] = []
  const record = (message: unknown) => {
    const exchange = message as Exchange
    if (exchange.issuer !== issuer) return
    const { method, path, query, route, body, status, answer, isStaged } = exchange
    exchanges.push(exchange)
    calls.push({ method, path: query.size === 0 ? path : `${path}?${query}`, body })
    const isUnknown = route === undefined && status === 404
    if (isUnknown) faults.push(`${method} ${path} does not exist`)
    if (status === 400 && !isStaged) faults.push(`${route}: ${JSON.stringify(answer)}`)
    onExchange?.(exchange)
  }
  const recordToken = (message: unknown) => {
    const request = message as { readonly issuer: string; readonly form: unknown }
    if (request.issuer === issuer) tokenRequests.push(request.form)
  }
  const announce = (message: unknown) => {
    const request = message as Exchange
    if (request.issuer === issuer) onRequest?.(request)
  }
  subscribe('auth0-emulator:management-request', announce)
  subscribe('auth0-emulator:management', record)
  subscribe('auth0-emulator:token', recordToken)
  return {
    domain: `localhost:${port}`,
    issuer,
    state,
    exchanges,
    calls,
    tokenRequests,
    faults,
    [Symbol.asyncDispose]: async () => {
      unsubscribe('auth0-emulator:management-request', announce)
      unsubscribe('auth0-emulator:management', record)
      unsubscribe('auth0-emulator:token', recordToken)
      await close()
    },
  }
}

// The tests call more often than Auth0 allows.
export const UNLIMITED = { callsPerSecond: 1_000_000 }

/** Injects faults of the Management API synchronously, as `POST /__tenant` does. */
export function stage(
  state: TenantState,
  change: Partial<TenantState['faults']['management']>,
): void {
  state.faults = { ...state.faults, management: { ...state.faults.management, ...change } }
}

/** The items except those of the Management API client. */
export function withoutOwn<Item extends { readonly client_id?: string | undefined }>(
  items: Iterable<Item>,
): Item[] {
  return [...items].filter(({ client_id }) => client_id !== MANAGEMENT.clientId)
}

type StagedFailure = TenantState['faults']['management']['fail'][number]

/** The failure of an operation such as `GET /clients/:id`, whose path may also have an id. */
export function failureOf(
  operation: string,
  failure: Omit<StagedFailure, 'method' | 'path'>,
): StagedFailure {
  const [method = '', path = ''] = operation.split(' ')
  const pattern = path.replaceAll(/:(\w+)/g, '{$1}')
  return { ...failure, method: method as StagedFailure['method'], path: pattern }
}
