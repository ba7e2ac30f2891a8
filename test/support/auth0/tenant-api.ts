import { newConnection } from '../../../deploy/emulator/control/new-tenant.ts'
import { newApi } from '../../../deploy/emulator/resource-server.ts'
import type { TenantState } from '../../../deploy/emulator/state.ts'
import {
  type Exchange,
  failureOf,
  MANAGEMENT,
  type RecordedEmulator,
  stage,
  startRecordedEmulator,
  withoutOwn,
} from './recorded-emulator.ts'

type Json = Record<string, unknown>

/** One call of the Management API that changes something. */
export interface Write {
  readonly method: string
  /** Below `/api/v2`, ids and all. */
  readonly path: string
  readonly body: unknown
}

/** What a tenant holds, as far as `npm run provision` is concerned. A test may change each part. */
export interface TenantContents {
  readonly settings: Json & { flags?: Json }
  readonly apis: readonly Json[]
  readonly connections: readonly (Json & { readonly enabledClients: Set<string> })[]
  readonly grants: readonly Json[]
  readonly streams: readonly Json[]
  readonly clients: readonly Json[]
  readonly roles: readonly (Json & { permissions: Json[] })[]
}

export interface Failure {
  readonly status: number
  readonly message?: string
  readonly errorCode?: string
  readonly times?: number
}

/** An Auth0 emulator as provision meets a tenant, and what it was asked. */
export interface TenantApi extends Omit<RecordedEmulator, 'calls'> {
  readonly tenant: TenantContents
  readonly writes: Write[]
  /** Every call that was heard, as `GET /clients/:id`. */
  readonly calls: string[]
  readonly enabledOf: (connection: string) => readonly string[]
  readonly organization: () => Json
  readonly add: (kind: 'clients' | 'grants' | 'roles', ...entities: readonly Json[]) => void
  /** Stages what the Management API does wrong. */
  readonly stage: (change: Parameters<typeof stage>[1]) => void
  /** The call has a path, or a pattern such as `GET /clients/:id`. */
  readonly fail: (call: string, failure: Failure) => void
  /** Takes back what `fail` staged. */
  readonly mended: () => void
  /** What the tenant makes of the mode of registration. */
  readonly setModeSetting: (setting: TenantState['traits']['securityModeSetting']) => void
}

const OTHER_API = 'https://other.example'
const DOCUMENT_URL = 'https://chatgpt.com/oauth/client.json'
const INVALID_DOCUMENT_URL = 'https://invalid.example/c.json'

/** What stands at the URLs that tests import. */
function documents(name = 'ChatGPT') {
  const document = {
    client_id: DOCUMENT_URL,
    client_name: name,
    redirect_uris: ['https://chatgpt.com/connector_platform_oauth_redirect'],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
  }
  const { client_name: _, ...nameless } = document
  return {
    [DOCUMENT_URL]: document,
    [INVALID_DOCUMENT_URL]: { ...nameless, client_id: INVALID_DOCUMENT_URL },
  }
}

/** A tenant as Auth0 hands it over: two login connections, and nothing of this system's. */
export async function startTenantApi(): Promise<TenantApi> {
  const writes: Write[] = []
  const calls: string[] = []
  const emulator = await startRecordedEmulator(
    {
      audience: 'https://mcp.example.com/mcp',
      empty: true,
    },
    {
      onExchange: (exchange) => {
        const { method, path, route, body } = exchange
        if (!isHeard(exchange) || route === undefined) return
        calls.push(route)
        const isWrite = method !== 'GET' && !path.endsWith('/cimd/preview')
        if (isWrite && !lacksScope(exchange)) writes.push({ method, path, body })
      },
    },
  )
  const { state, issuer } = emulator
  // No log stream of a test delivers anything.
  await fetch(`${issuer}__tenant`, {
    method: 'POST',
    body: JSON.stringify({ logStream: { delayMs: 600_000 } }),
  })
  fill(state)

  const tenant = {
    get settings() {
      return state.settings
    },
    get apis() {
      return [...state.apis.values()].filter(({ is_system }) => is_system !== true)
    },
    get connections() {
      return [...state.connections.values()]
    },
    get grants() {
      return withoutOwn(state.grants.values())
    },
    get streams() {
      return [...state.logStreams.values()]
    },
    get clients() {
      return withoutOwn(state.clients.values())
    },
    get roles() {
      return [...state.roles.values()]
    },
  }
  return {
    ...emulator,
    // Live objects, which tests change as nobody could through the API.
    tenant: tenant as unknown as TenantContents,
    writes,
    calls,
    enabledOf: (name) => {
      const found = tenant.connections.find((one) => one.name === name)
      return [...(found?.enabledClients ?? [])]
    },
    organization: () => {
      const { connections, ...rest } = { ...state.organizations.get('org_acme') }
      return { ...rest, connections: [...(connections?.keys() ?? [])] }
    },
    add: (kind, ...entities) => {
      const map: Map<string, unknown> = state[kind]
      for (const one of entities) {
        map.set(
          String(one['id'] ?? one['client_id']),
          kind === 'roles' ? { users: [], ...one } : one,
        )
      }
    },
    stage: (change) => stage(state, change),
    fail: (call, failure) => {
      const defaults = { errorCode: 'invalid_body', message: 'Payload validation error' }
      const fail = [failureOf(call, { ...(failure.message ? {} : defaults), ...failure })]
      stage(state, { fail })
    },
    mended: () => stage(state, { fail: [] }),
    setModeSetting: (securityModeSetting) => {
      state.traits = { ...state.traits, securityModeSetting }
    },
  }
}

/** Changes the name in the document that tests import. */
export function renameDocument({ state }: TenantApi, name: string): void {
  state.faults = { ...state.faults, cimdDocuments: documents(name) }
}

function fill(state: TenantState): void {
  state.settings = {
    friendly_name: 'Example',
    flags: { enable_client_connections: true, disable_impersonation: true },
    resource_parameter_profile: 'audience',
    default_audience: '',
  }
  state.traits = { ...state.traits, securityModeSetting: 'settable' }
  state.faults = { ...state.faults, cimdDocuments: documents() }
  stage(state, { namesScopes: false })
  state.clients.delete(MANAGEMENT.clientId)
  state.apis.set('api_other', { ...newApi(OTHER_API), id: 'api_other', scopes: [{ value: 'x' }] })
  for (const [id, name] of [
    ['con_google', 'google-oauth2'],
    ['con_other', 'other'],
  ] as const) {
    state.connections.set(id, { ...newConnection(name), id, enabledClients: new Set(['other']) })
  }
  const grant = { client_id: 'other', audience: OTHER_API, scope: ['x'], subject_type: 'client' }
  const entities = {
    grants: { id: 'cgr_other', ...grant },
    logStreams: {
      ...{ id: 'lst_other', name: 'SIEM', type: 'http', status: 'active', filters: [] },
      sink: { httpEndpoint: 'https://siem.example/auth0-log-webhook' },
    },
    clients: { client_id: 'other', name: 'Other', is_first_party: true, callbacks: [] },
    // Without the setting for third-party clients, which not every tenant shows.
    organizations: { id: 'org_acme', name: 'acme', connections: new Map(), members: new Set() },
  }
  for (const [kind, one] of Object.entries(entities)) {
    const map: Map<string, unknown> = state[kind as keyof typeof entities]
    map.set('id' in one ? one.id : one.client_id, one)
  }
  const splunk = { id: 'lst_splunk', name: 'Splunk', type: 'splunk', status: 'active', sink: {} }
  const streams: Map<string, unknown> = state.logStreams
  streams.set(splunk.id, splunk)
}

function isHeard({ isStaged, status }: Exchange): boolean {
  return !isStaged && status !== 429
}

function lacksScope({ status, answer }: Exchange): boolean {
  return status === 403 && Object(answer).errorCode === 'insufficient_scope'
}
