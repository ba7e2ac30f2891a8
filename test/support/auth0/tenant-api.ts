import { createServer, type IncomingMessage } from 'node:http'
import type { Management as Auth0 } from 'auth0'
import { listen } from '../http/listen.ts'
import { accessOperations } from './tenant-api-access.ts'

type Json = Record<string, unknown>

/** One call of the Management API that changes something. */
export interface Write {
  readonly method: string
  /** Below `/api/v2`, ids and all. */
  readonly path: string
  readonly body: unknown
}

/** What a tenant holds, as far as `npm run provision` is concerned. */
export interface TenantContents {
  settings: Json & { flags?: Json }
  readonly apis: Json[]
  readonly connections: (Json & { enabled: string[] })[]
  readonly grants: Json[]
  readonly streams: Json[]
  readonly clients: Json[]
  readonly roles: (Json & { permissions: Json[] })[]
  readonly organizations: (Json & { connections: string[] })[]
}

/** A Management API that takes only what Auth0's takes, and writes down what it is asked. */
export interface TenantApi extends AsyncDisposable {
  /** MGMT_DOMAIN. */
  readonly domain: string
  readonly tenant: TenantContents
  readonly writes: Write[]
  /** Every call, as `GET /clients`, with what it asked for. */
  readonly calls: string[]
  /** What was asked that Auth0 would refuse. A test ends with none. */
  readonly faults: string[]
  readonly tokenRequests: { count: number }
  readonly staged: {
    /** Calls that are still answered; after that the connection breaks. */
    callsLeft?: number
    /** The last call is carried out all the same, and its answer lost. */
    losesAnswer?: boolean
    /** The Management scopes of the token; all unless set. */
    scopes?: readonly string[]
    /** Whether the answer to the token request names the scopes. */
    tellsScopes?: boolean
    /** Calls to be refused with 429 before they are heard, and how they are told to come back. */
    tooMany?: number
    tooManyHeaders?: Readonly<Record<string, string>>
    /** Whether it shows the secret of a log stream. */
    secrets?: 'shown' | 'masked'
    /** Status of each such call, whose message quotes what was sent. */
    broken?: {
      readonly call: string
      readonly status: number
      readonly message?: string
      readonly errorCode?: string
    }
    /** The same for every path that fits. */
    brokenPath?: {
      readonly method: string
      readonly template: RegExp
      readonly status: number
      readonly message: string
    }
    /** Whether the settings show the mode of registration, or Auth0 refuses to change it. */
    modeSetting?: 'hidden' | 'refused'
    /** Whether an import fails after its preview was fine. */
    registerInvalid?: boolean
    /** The name in every metadata document. */
    documentName?: string
    /** Calls for which a client that was just made is not there. */
    settling?: number
    /** Calls for which an API that was just made is not there. */
    settlingApi?: number
  }
}

interface Call {
  readonly id: string
  readonly query: URLSearchParams
  readonly body: Json
}
interface Operation {
  readonly scope: string
  readonly query?: readonly string[]
  readonly fields?: readonly string[]
  readonly run: (call: Call) => Reply
}
interface Reply {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const SINK = ['httpEndpoint', 'httpContentType', 'httpContentFormat', 'httpAuthorization'] as const
const OFFSET_PAGES = ['page', 'per_page', 'include_totals', 'fields', 'include_fields']
const CHECKPOINT_PAGES = ['from', 'take', 'include_totals']

const API_UPDATE = [
  ...(['name', 'scopes', 'signing_alg', 'allow_offline_access', 'token_lifetime'] as const),
  ...(['token_dialect', 'enforce_policies', 'token_encryption', 'proof_of_possession'] as const),
  'subject_type_authorization',
] as const satisfies (keyof Auth0.UpdateResourceServerRequestContent)[]
const API_CREATE = [
  ...API_UPDATE,
  'identifier',
] as const satisfies (keyof Auth0.CreateResourceServerRequestContent)[]
const SETTINGS = [
  ...(['flags', 'resource_parameter_profile', 'default_audience', 'friendly_name'] as const),
  'dynamic_client_registration_security_mode',
  'client_id_metadata_document_supported',
  'authorization_response_iss_parameter_supported',
] as const satisfies (keyof Auth0.UpdateTenantSettingsRequestContent)[]
const GRANT_UPDATE = [
  'scope',
  'allow_all_scopes',
] as const satisfies (keyof Auth0.UpdateClientGrantRequestContent)[]
const GRANT_CREATE = [
  ...GRANT_UPDATE,
  ...(['audience', 'client_id', 'default_for', 'subject_type'] as const),
] as const satisfies (keyof Auth0.CreateClientGrantRequestContent)[]
const STREAM_UPDATE = [
  ...(['name', 'status', 'filters', 'sink', 'isPriority'] as const),
] as const satisfies (keyof Auth0.UpdateLogStreamRequestContent)[]
const STREAM_CREATE = [
  ...(['name', 'type', 'filters', 'sink', 'isPriority', 'startFrom'] as const),
] as const satisfies (keyof Auth0.CreateLogStreamHttpRequestBody)[]
const CLIENT = [
  ...(['name', 'description', 'callbacks', 'is_first_party', 'oidc_conformant'] as const),
  ...(['grant_types', 'token_endpoint_auth_method', 'jwt_configuration', 'app_type'] as const),
  'client_metadata',
  'refresh_token',
] as const satisfies (keyof Auth0.CreateClientRequestContent)[]

/** A tenant as Auth0 hands it over: a login connection, and nothing of this system's. */
export function emptyTenant(mode: 'strict' | 'permissive' = 'strict'): TenantContents {
  return {
    settings: {
      friendly_name: 'Example',
      flags: { enable_client_connections: true, disable_impersonation: true },
      dynamic_client_registration_security_mode: mode,
      resource_parameter_profile: 'audience',
      default_audience: '',
      sandbox_versions_available: ['22'],
    },
    apis: [
      { id: 'api_system', identifier: 'https://example.auth0.com/api/v2/', is_system: true },
      { id: 'api_other', identifier: 'https://other.example', scopes: [{ value: 'x' }] },
    ],
    connections: [
      { id: 'con_google', name: 'google-oauth2', strategy: 'google-oauth2', enabled: ['other'] },
      { id: 'con_other', name: 'other', strategy: 'oidc', enabled: ['other'] },
    ],
    grants: [
      { id: 'cgr_other', client_id: 'other', audience: 'https://other.example', scope: ['x'] },
    ],
    streams: [
      {
        ...{ id: 'lst_other', name: 'SIEM', type: 'http', status: 'active', filters: [] },
        sink: { httpEndpoint: 'https://siem.example/auth0-log-webhook' },
      },
      { id: 'lst_splunk', name: 'Splunk', type: 'splunk', status: 'active', sink: {} },
    ],
    clients: [{ client_id: 'other', name: 'Other', is_first_party: true, callbacks: [] }],
    roles: [],
    organizations: [{ id: 'org_acme', name: 'acme', connections: [] }],
  }
}

export async function startTenantApi(tenant = emptyTenant()): Promise<TenantApi> {
  const api: Omit<TenantApi, 'domain' | typeof Symbol.asyncDispose> = {
    tenant,
    writes: [],
    calls: [],
    faults: [],
    tokenRequests: { count: 0 },
    staged: {},
  }
  const operations = operationsOf(api)

  const refuse = (message: string): Reply => {
    api.faults.push(message)
    return problem(400, message, 'invalid_body')
  }
  const token = (): Reply => {
    api.tokenRequests.count += 1
    const { broken, scopes, tellsScopes } = api.staged
    if (broken?.call === 'POST /oauth/token') {
      return { status: broken.status, body: { error: 'access_denied' } }
    }
    const body = { access_token: 'token', token_type: 'Bearer', expires_in: 86_400 }
    return { status: 200, body: { ...body, ...(tellsScopes && { scope: scopes?.join(' ') }) } }
  }
  const answer = (req: IncomingMessage, text: string): Reply => {
    const url = new URL(req.url ?? '', 'http://127.0.0.1')
    if (url.pathname === '/oauth/token') return token()
    if (req.headers.authorization !== 'Bearer token') return problem(401, 'Invalid token', 'x')
    const path = url.pathname.replace('/api/v2', '')
    if ((api.staged.tooMany ?? 0) > 0) {
      api.staged.tooMany = (api.staged.tooMany ?? 0) - 1
      const headers = api.staged.tooManyHeaders ?? {}
      return { ...problem(429, 'Global limit has been reached', 'too_many_requests'), headers }
    }
    const { broken, scopes } = api.staged
    if (`${req.method} ${path}` === broken?.call) {
      if (broken.message !== undefined) {
        return problem(broken.status, broken.message, broken.errorCode)
      }
      return problem(broken.status, `Payload validation error: ${text}`, 'invalid_body')
    }
    const { brokenPath } = api.staged
    if (brokenPath?.method === req.method && brokenPath?.template.test(path) === true) {
      return problem(brokenPath.status, brokenPath.message)
    }
    const { name, id } = operationOf(req.method ?? '', path)
    const operation = operations[name]
    if (operation === undefined) return refuse(`${name} does not exist`)
    api.calls.push(name)
    if (scopes !== undefined && !scopes.includes(operation.scope)) {
      const message = `Insufficient scope, expected any of: ${operation.scope}`
      return problem(403, message, 'insufficient_scope')
    }
    const unknownQuery = [...url.searchParams.keys()].find((key) => !operation.query?.includes(key))
    if (unknownQuery !== undefined) return refuse(`${name}: query ${unknownQuery}`)
    const body: unknown = text === '' ? {} : JSON.parse(text)
    if (req.method !== 'GET' && !path.endsWith('/cimd/preview'))
      api.writes.push({ method: req.method ?? '', path, body })
    const unknown = unknownField(body, operation.fields)
    if (unknown !== undefined) return refuse(`${name}: field ${unknown}`)
    return operation.run({ id, query: url.searchParams, body: body as Json })
  }

  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const left = api.staged.callsLeft
      const isApi = req.url !== '/oauth/token'
      if (left !== undefined && isApi) api.staged.callsLeft = left - 1
      const isDead = left !== undefined && isApi && left <= 0
      const losesThis = left === 1 && isApi && api.staged.losesAnswer === true
      if (isDead) return void req.socket.destroy()
      const { status, body, headers } = answer(req, Buffer.concat(chunks).toString())
      if (losesThis) return void req.socket.destroy()
      res.writeHead(status, { 'content-type': 'application/json', ...headers })
      res.end(body === undefined ? undefined : JSON.stringify(body))
    })
  })
  const listening = await listen(server)
  return Object.assign(api, {
    domain: listening.host,
    [Symbol.asyncDispose]: listening[Symbol.asyncDispose],
  })
}

function operationsOf({
  tenant,
  staged,
  faults,
}: Pick<TenantApi, 'tenant' | 'staged' | 'faults'>): Readonly<Record<string, Operation>> {
  const found = (one: Json | undefined): Reply =>
    one === undefined ? problem(404, 'Not found', 'not_found') : { status: 200, body: one }
  const patch = (list: Json[], id: string, body: Json, key = 'id'): Reply => {
    const one = list.find((candidate) => candidate[key] === id)
    if (one !== undefined) Object.assign(one, body)
    return found(one)
  }
  const add = (list: Json[], one: Json): Reply => {
    list.push(one)
    return { status: 201, body: one }
  }
  const filter = (list: readonly Json[], query: URLSearchParams, names: readonly string[]) =>
    list.filter((one) =>
      names.every((name) => !query.has(name) || String(one[name]) === query.get(name)),
    )
  let ids = 0
  const newId = (prefix: string) => `${prefix}_${++ids}`
  const isSettling = (clientId: unknown) => {
    if (clientId === undefined || (staged.settling ?? 0) <= 0) return false
    staged.settling = (staged.settling ?? 0) - 1
    return true
  }
  const hideSecret = (stream: Json): Json => {
    const sink = stream['sink'] as Json
    if (staged.secrets !== 'masked') return stream
    return { ...stream, sink: { ...sink, httpAuthorization: '******' } }
  }

  return {
    ...accessOperations({ tenant, staged, faults }, newId),
    'GET /resource-servers': {
      scope: 'read:resource_servers',
      query: ['identifiers', ...OFFSET_PAGES],
      run: ({ query }) => {
        const asked = query.getAll('identifiers')
        const all = tenant.apis.filter(({ identifier }) => asked.includes(String(identifier)))
        return {
          status: 200,
          body: { resource_servers: all, start: 0, limit: 100, total: all.length },
        }
      },
    },
    'POST /resource-servers': {
      scope: 'create:resource_servers',
      fields: API_CREATE,
      run: ({ body }) => {
        const exists = tenant.apis.some(({ identifier }) => identifier === body['identifier'])
        if (exists) return problem(409, 'Exists', 'resource_server_conflict')
        return add(tenant.apis, { id: newId('api'), ...body })
      },
    },
    'PATCH /resource-servers/:id': {
      scope: 'update:resource_servers',
      fields: API_UPDATE,
      run: ({ id, body }) => patch(tenant.apis, id, body),
    },
    'GET /tenants/settings': {
      scope: 'read:tenant_settings',
      query: ['fields', 'include_fields'],
      run: () => {
        const { dynamic_client_registration_security_mode: mode, ...others } = tenant.settings
        const isHidden = mode === undefined || staged.modeSetting !== undefined
        return found(isHidden ? others : tenant.settings)
      },
    },
    'PATCH /tenants/settings': {
      scope: 'update:tenant_settings',
      fields: SETTINGS,
      run: ({ body: { flags, ...body } }) => {
        const isAboutMode = 'dynamic_client_registration_security_mode' in body
        if (isAboutMode && staged.modeSetting === 'refused') {
          return problem(400, 'Not allowed', 'invalid_body')
        }
        const readOnly = Object.keys(flags ?? {}).find((flag) => flag === 'disable_impersonation')
        if (readOnly !== undefined) faults.push(`flag ${readOnly} is read-only`)
        const merged = { ...tenant.settings.flags, ...(flags as Json | undefined) }
        Object.assign(tenant.settings, body, { flags: merged })
        return found(tenant.settings)
      },
    },
    'GET /connections': {
      scope: 'read:connections',
      query: ['name', ...CHECKPOINT_PAGES],
      run: ({ query }) => ({
        status: 200,
        body: {
          connections: filter(tenant.connections, query, ['name']).map(
            ({ enabled: _, ...connection }) => connection,
          ),
        },
      }),
    },
    'PATCH /connections/:id': {
      scope: 'update:connections',
      fields: ['is_domain_connection', 'display_name', 'realms'],
      run: ({ id, body }) => {
        const name = tenant.connections.find((one) => one['id'] === id)?.['name']
        return patch(tenant.connections, id, { display_name: name, realms: [name], ...body })
      },
    },
    'GET /connections/:id/clients': {
      scope: 'read:connections',
      query: ['take', 'from'],
      run: ({ id }) => {
        const connection = tenant.connections.find((one) => one['id'] === id)
        const clients = connection?.enabled.map((client_id) => ({ client_id }))
        return found(clients && { clients })
      },
    },
    'PATCH /connections/:id/clients': {
      scope: 'update:connections',
      run: ({ id, body }) => {
        const connection = tenant.connections.find((one) => one['id'] === id)
        for (const { client_id, status, ...rest } of body as unknown as Json[]) {
          if (Object.keys(rest).length > 0) faults.push('connection clients')
          if (isSettling(client_id)) return found(undefined)
          if (connection === undefined) return found(undefined)
          const others = connection.enabled.filter((one) => one !== client_id)
          connection.enabled = status === true ? [...others, String(client_id)] : others
        }
        return { status: 204 }
      },
    },
    'GET /client-grants': {
      scope: 'read:client_grants',
      query: ['audience', 'client_id', 'default_for', 'subject_type', ...CHECKPOINT_PAGES],
      run: ({ query }) => ({
        status: 200,
        body: {
          client_grants: filter(tenant.grants, query, [
            ...['audience', 'client_id', 'default_for', 'subject_type'],
          ]),
        },
      }),
    },
    'POST /client-grants': {
      scope: 'create:client_grants',
      fields: GRANT_CREATE,
      run: ({ body }) => {
        const { client_id, default_for, audience } = body
        if ((client_id === undefined) === (default_for === undefined)) faults.push('whose grant?')
        const isHidden = (staged.settlingApi ?? 0) > 0
        if (isHidden) staged.settlingApi = (staged.settlingApi ?? 0) - 1
        if (isHidden || !tenant.apis.some(({ identifier }) => identifier === audience)) {
          return problem(404, 'No such API', 'inexistent_resource_server')
        }
        const same = (one: Json) =>
          ['client_id', 'default_for', 'audience', 'subject_type'].every(
            (name) => one[name] === body[name],
          )
        if (tenant.grants.some(same)) return problem(409, 'Exists', 'client_grant_conflict')
        if (isSettling(client_id)) return found(undefined)
        return add(tenant.grants, { id: newId('cgr'), ...body })
      },
    },
    'PATCH /client-grants/:id': {
      scope: 'update:client_grants',
      fields: GRANT_UPDATE,
      run: ({ id, body }) => patch(tenant.grants, id, body),
    },
    'DELETE /client-grants/:id': {
      scope: 'delete:client_grants',
      run: ({ id }) => {
        const index = tenant.grants.findIndex((one) => one['id'] === id)
        if (index >= 0) tenant.grants.splice(index, 1)
        return { status: 204 }
      },
    },
    'GET /log-streams': {
      scope: 'read:log_streams',
      run: () => ({ status: 200, body: tenant.streams.map(hideSecret) }),
    },
    'POST /log-streams': {
      scope: 'create:log_streams',
      fields: STREAM_CREATE,
      run: ({ body }) => {
        const unknown = unknownField(body['sink'], [...SINK, 'httpCustomHeaders'])
        if (unknown !== undefined) faults.push(`sink: ${unknown}`)
        return add(tenant.streams, { id: newId('lst'), status: 'active', ...body })
      },
    },
    'PATCH /log-streams/:id': {
      scope: 'update:log_streams',
      fields: STREAM_UPDATE,
      run: ({ id, body }) => {
        const unknown = unknownField(body['sink'] ?? {}, [...SINK, 'httpCustomHeaders'])
        if (unknown !== undefined) faults.push(`sink: ${unknown}`)
        return patch(tenant.streams, id, body)
      },
    },
    'GET /clients': {
      scope: 'read:clients',
      query: ['is_first_party', 'external_client_id', ...OFFSET_PAGES],
      run: ({ query }) => {
        const all = filter(tenant.clients, query, ['is_first_party', 'external_client_id'])
        const page = Number(query.get('page') ?? 0) * 100
        return { status: 200, body: { clients: all.slice(page, page + 100), total: all.length } }
      },
    },
    'POST /clients': {
      scope: 'create:clients',
      fields: CLIENT,
      run: ({ body }) => {
        const made = { client_id: newId('client'), client_secret: 'a-client-secret', ...body }
        if (tenant.settings.flags?.['enable_client_connections'] === true) {
          for (const { enabled } of tenant.connections) enabled.push(made.client_id)
        }
        return add(tenant.clients, made)
      },
    },
    'PATCH /clients/:id': {
      scope: 'update:clients',
      fields: CLIENT,
      run: ({ id, body }) => patch(tenant.clients, id, body, 'client_id'),
    },
  }
}

/** `/connections/con_1/clients` is `/connections/:id/clients`; some paths have no id. */
function operationOf(method: string, path: string): { readonly name: string; readonly id: string } {
  if (path === '/tenants/settings' || path.startsWith('/clients/cimd/')) {
    return { name: `${method} ${path}`, id: '' }
  }
  const [, collection = '', id = '', rest] = path.split('/')
  const tail = rest === undefined ? '' : `/${rest}`
  return { name: `${method} /${collection}${id && '/:id'}${tail}`, id: decodeURIComponent(id) }
}

function unknownField(body: unknown, known: readonly string[] | undefined): string | undefined {
  if (known === undefined || body === null || typeof body !== 'object') return undefined
  return Object.keys(body).find((name) => !known.includes(name))
}

function problem(statusCode: number, message: string, errorCode?: string): Reply {
  return { status: statusCode, body: { statusCode, error: 'Error', message, errorCode } }
}
