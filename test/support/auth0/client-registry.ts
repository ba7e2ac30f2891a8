import type { Management as Auth0 } from 'auth0'
import type { TenantState } from '../../../deploy/emulator/state.ts'
import { failureOf, MANAGEMENT, stage, startRecordedEmulator } from './recorded-emulator.ts'

/** An Auth0 emulator whose clients, grants and logs are those that a test has listed. */
export interface ClientRegistry extends AsyncDisposable {
  /** MGMT_DOMAIN. */
  readonly domain: string
  readonly clients: Auth0.Client[]
  readonly clientGrants: Auth0.ClientGrantResponseContent[]
  readonly userGrants: Auth0.UserGrant[]
  readonly logs: Auth0.Log[]
  /** Every call, such as `GET /clients`. */
  readonly calls: string[]
  /** The requests that Auth0 would refuse. A test expects none. */
  readonly faults: string[]
  readonly staged: {
    /** The status of each failing operation, such as `GET /logs`; an id in the path is omitted. */
    readonly broken: Map<string, number>
    /** Called before each call takes effect. */
    before?: ((call: string) => void) | undefined
  }
}

type Listed = Pick<ClientRegistry, 'clients' | 'clientGrants' | 'userGrants' | 'logs' | 'staged'>

export async function startClientRegistry(): Promise<ClientRegistry> {
  const calls: string[] = []
  const listed: Listed = {
    ...{ clients: [], clientGrants: [], userGrants: [], logs: [] },
    staged: { broken: new Map() },
  }
  const { state, domain, faults, ...emulator } = await startRecordedEmulator(
    {
      audience: 'https://mcp.test/mcp',
    },
    {
      onRequest: ({ method, path }) => {
        const call = `${method} ${path}`
        calls.push(call)
        listed.staged.before?.(call)
        fill(state, listed)
      },
      onExchange: ({ route }) => {
        if (route !== 'DELETE /clients/:id') return
        const left = listed.clients.filter(({ client_id }) => state.clients.has(client_id ?? ''))
        listed.clients.splice(0, listed.clients.length, ...left)
      },
    },
  )
  return {
    ...listed,
    domain,
    calls,
    faults,
    [Symbol.asyncDispose]: emulator[Symbol.asyncDispose],
  }
}

function fill(state: TenantState, { clients, clientGrants, userGrants, logs, staged }: Listed) {
  refill(
    state.clients,
    clients.map((one) => [one.client_id ?? '', one]),
  )
  const own = [...state.grants].filter(([, { client_id }]) => client_id === MANAGEMENT.clientId)
  const grants = clientGrants.map((one, at) => [`cgr_${at}`, { id: `cgr_${at}`, ...one }] as const)
  refill(state.grants, [...own, ...grants])
  const issued: readonly string[] = []
  refill(
    state.userGrants,
    userGrants.map((one) => [one.id ?? '', { scope: [], audience: '', issued, ...one }]),
  )
  // The oldest first, without the events of the calls themselves.
  const sorted = logs.toSorted((a, b) => String(a.date).localeCompare(String(b.date)))
  const records = sorted.map((data, at) => ({ log_id: `log_${at}`, data: { ...data } }))
  state.logs.splice(0, state.logs.length, ...(records as unknown as TenantState['logs']))
  const message = 'Insufficient scope, expected any of: staged'
  const fail = [...staged.broken].flatMap(([operation, status]) => {
    const failure = { status, message, errorCode: 'insufficient_scope' }
    return [operation, `${operation}/:id`].map((one) => failureOf(one, failure))
  })
  stage(state, { fail })
}

function refill(map: Map<string, unknown>, entries: Iterable<readonly [string, unknown]>): void {
  map.clear()
  for (const [id, one] of entries) map.set(id, one)
}
