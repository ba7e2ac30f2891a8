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

/** A call with its answer, as the emulator tells of it before it answers. */
export interface Exchange {
  readonly issuer: string
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  /** Method and pattern, as `GET /clients/:id`; undefined = there is no such endpoint. */
  readonly route?: string
  readonly body?: unknown
  readonly status: number
  readonly answer: unknown
  readonly isStaged: boolean
}

/** An Auth0 emulator in this process, and what it was asked. */
export interface RecordedEmulator extends AsyncDisposable {
  /** MGMT_DOMAIN. */
  readonly domain: string
  readonly issuer: string
  /** What the tenant holds; a test may change it. */
  readonly state: TenantState
  readonly exchanges: Exchange[]
  readonly calls: ManagementCall[]
  /** The parameters of each. */
  readonly tokenRequests: unknown[]
  /** What was asked for that Auth0 refuses, and no test staged. */
  readonly faults: string[]
}

// They take longer than all the rest of a start.
let keys: ReturnType<typeof createKeys> | undefined

interface Listeners {
  /** Called before a call is carried out. */
  readonly onRequest?: (request: Pick<Exchange, 'issuer' | 'method' | 'path'>) => void
  /** Called before the answer is sent. */
  readonly onExchange?: (exchange: Exchange) => void
}

export async function startRecordedEmulator(
  options: Omit<EmulatorOptions, 'port' | 'keys'>,
  { onRequest, onExchange }: Listeners = {},
): Promise<RecordedEmulator> {
  keys ??= createKeys()
  const { issuer, port, state, close } = await startEmulator({
    ...options,
    port: 0,
    keys: await keys,
  })
  // The tests are faster than Auth0 would let them be.
  const management = { ...state.faults.management, callsPerSecond: 1_000_000 }
  state.faults = { ...state.faults, management }
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

/** Changes what the Management API does wrong, as `POST /__tenant` does, in this turn. */
export function stage(
  state: TenantState,
  change: Partial<TenantState['faults']['management']>,
): void {
  state.faults = { ...state.faults, management: { ...state.faults.management, ...change } }
}
