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

/** One call of the Management API that changes the tenant. */
export interface Write {
  readonly method: string
  /** The path below `/api/v2`, with ids. */
  readonly path: string
  readonly body: unknown
}

/** The parts of the tenant that `npm run provision` reads. A test may change each part. */
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

/** An Auth0 emulator before provision, and the calls that it got. */
export interface TenantApi extends Omit<RecordedEmulator, 'calls'> {
  readonly tenant: TenantContents
  readonly writes: Write[]
  /** Every call that the rate limit and injected failures did not refuse, such as `GET /clients/:id`. */
  readonly calls: string[]
  readonly enabledOf: (connection: string) => readonly string[]
  readonly organization: () => Json
  readonly add: (kind: 'clients' | 'grants' | 'roles', ...entities: readonly Json[]) => void
  /** Injects faults of the Management API. */
  readonly stage: (change: Parameters<typeof stage>[1]) => void
  /** Injects a failure of a call with a path, or a pattern such as `GET /clients/:id`. */
  readonly fail: (call: string, failure: Failure) => void
  /** Removes the failure that `fail` injected. */
  readonly mended: () => void
  /** Sets whether the tenant shows and accepts the security mode of new clients. */
  readonly setModeSetting: (setting: TenantState['traits']['securityModeSetting']) => void
}

const OTHER_API = 'https://other.example'
const DOCUMENT_URL = 'https://chatgpt.com/oauth/client.json'
const INVALID_DOCUMENT_URL = 'https://invalid.example/c.json'

/** The metadata documents at the URLs that tests import. */
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

/** Starts a tenant with two login connections and with entities of other systems only. */
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
  // Prevents deliveries of log streams that tests create.
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
    // The objects of the state, so that tests can change members that the API does not change.
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

/** Changes the name in the metadata document that tests import. */
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
    // Some tenants do not show the setting for third-party clients.
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
