import { createServer, type IncomingMessage } from 'node:http'
import { listen } from '../http/listen.ts'

/** One call of the Management API; the token request is not among them. */
export interface ManagementCall {
  readonly method: string
  /** Path and query below `/api/v2`. */
  readonly path: string
  readonly body: unknown
}

export interface FakeClient {
  readonly client_id: string
  readonly name?: string
  readonly callbacks?: readonly string[]
  readonly is_first_party?: boolean
  readonly third_party_security_mode?: 'strict' | 'permissive'
  readonly token_endpoint_auth_method?: string
  readonly oidc_conformant?: boolean
  readonly grant_types?: readonly string[]
  readonly jwt_configuration?: { readonly alg: string }
  readonly external_client_id?: string
  readonly external_metadata_type?: string
  readonly external_metadata_created_by?: string
  readonly refresh_token?: Readonly<Record<string, unknown>>
  readonly global?: boolean
}

interface FakeConnection {
  readonly id: string
  readonly name: string
  is_domain_connection: boolean
  readonly enabled: Set<string>
}

export interface FakeGrant {
  readonly id: string
  readonly client_id: string
  readonly audience: string
  readonly scope: readonly string[]
  readonly subject_type: string
  readonly allow_all_scopes?: boolean
}

/** A failure that stands for the next calls of an operation such as `GET /connections`. */
export interface StagedFailure {
  readonly status: number
  readonly times?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly message?: string
  /** By default that of a missing scope for 403. */
  readonly errorCode?: string
  /** Only calls whose body has this member fail. */
  readonly member?: string
  /** What happens at the tenant meanwhile. */
  readonly meanwhile?: () => void
}

/** Auth0's Management API v2 as far as admission needs it; anything else is a fault of the caller. */
export interface ManagementApi extends AsyncDisposable {
  /** MGMT_DOMAIN. */
  readonly domain: string
  readonly calls: ManagementCall[]
  readonly tokenRequests: unknown[]
  /** What was asked for that Auth0 does not have. A test ends with none. */
  readonly faults: string[]
  readonly clients: Map<string, FakeClient>
  readonly connections: Map<string, FakeConnection>
  readonly grants: FakeGrant[]
  /** The operation is the method and the path pattern, such as `GET /clients/:id`. */
  readonly fail: (operation: string, failure: StagedFailure) => void
  readonly mended: () => void
  readonly staged: { tokenStatus?: number; delayMs?: number }
}

interface Reply {
  readonly status: number
  readonly body?: unknown
}
interface Incoming {
  readonly id: string
  readonly query: URLSearchParams
  readonly body: unknown
}
interface Operation {
  readonly query: readonly string[]
  readonly run: (incoming: Incoming) => Reply
}

export const MGMT_CLIENT_ID = 'mgmt-client'
export const MGMT_CLIENT_SECRET = 'a-management-secret-for-tests-0123456789'
const TOKEN = 'a-management-token'
const CLIENT_FIELDS = new Set([
  'is_first_party',
  'token_endpoint_auth_method',
  'oidc_conformant',
  'grant_types',
  'jwt_configuration',
  'refresh_token',
])
const GRANT_FIELDS = new Set(['client_id', 'audience', 'scope', 'subject_type'])

export async function startManagementApi(): Promise<ManagementApi> {
  const failures = new Map<string, StagedFailure & { left: number }>()
  const api: Omit<ManagementApi, 'domain' | typeof Symbol.asyncDispose> = {
    calls: [],
    tokenRequests: [],
    faults: [],
    clients: new Map(),
    connections: new Map(),
    grants: [],
    fail: (operation, failure) =>
      void failures.set(operation, { ...failure, left: failure.times ?? Number.POSITIVE_INFINITY }),
    mended: () => failures.clear(),
    staged: {},
  }
  const operations = operationsOf(api)
  const fault = (message: string): Reply => {
    api.faults.push(message)
    return { status: 400, body: problem(400, message) }
  }

  const answer = (req: IncomingMessage, text: string): Reply & { headers?: object } => {
    const url = new URL(req.url ?? '', 'http://127.0.0.1')
    if (url.pathname === '/oauth/token') return token(req, text)
    if (req.headers.authorization !== `Bearer ${TOKEN}`) return fault('no token')
    const path = url.pathname.replace(/^\/api\/v2/, '')
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    api.calls.push({ method: req.method ?? '', path: `${path}${url.search}`, body })
    const { pattern, id } = patternOf(path)
    const name = `${req.method} ${pattern}`
    const failure = failures.get(name)
    const isMeant = failure?.member === undefined || failure.member in Object(body)
    if (failure !== undefined && failure.left > 0 && isMeant) {
      failure.left -= 1
      failure.meanwhile?.()
      const { status, headers = {}, message = 'staged' } = failure
      const { errorCode = status === 403 ? 'insufficient_scope' : 'staged' } = failure
      return { status, headers, body: problem(status, message, errorCode) }
    }
    const operation = operations[name]
    if (operation === undefined) return fault(`${name} does not exist`)
    const unknown = [...url.searchParams.keys()].find((key) => !operation.query.includes(key))
    if (unknown !== undefined) return fault(`${name}: query ${unknown}`)
    return operation.run({ id, query: url.searchParams, body })
  }

  const token = (req: IncomingMessage, text: string): Reply => {
    const body = req.headers['content-type']?.startsWith('application/json')
      ? (JSON.parse(text) as Record<string, unknown>)
      : Object.fromEntries(new URLSearchParams(text))
    api.tokenRequests.push(body)
    if (api.staged.tokenStatus !== undefined) {
      return { status: api.staged.tokenStatus, body: { error: 'access_denied' } }
    }
    const isRight =
      body['grant_type'] === 'client_credentials' &&
      body['client_id'] === MGMT_CLIENT_ID &&
      body['client_secret'] === MGMT_CLIENT_SECRET &&
      /^https:\/\/.+\/api\/v2\/$/.test(String(body['audience']))
    if (!isRight) return fault('token request')
    return { status: 200, body: { access_token: TOKEN, expires_in: 86_400, token_type: 'Bearer' } }
  }

  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      setTimeout(
        () => {
          const { status, body, headers } = answer(req, Buffer.concat(chunks).toString())
          res.writeHead(status, { 'content-type': 'application/json', ...headers })
          res.end(body === undefined ? undefined : JSON.stringify(body))
        },
        req.url === '/oauth/token' ? 0 : (api.staged.delayMs ?? 0),
      )
    })
  })
  const listening = await listen(server)
  return Object.assign(api, {
    domain: listening.host,
    [Symbol.asyncDispose]: listening[Symbol.asyncDispose],
  })
}

function operationsOf(
  api: Pick<ManagementApi, 'clients' | 'connections' | 'grants' | 'faults'>,
): Readonly<Record<string, Operation>> {
  const refuse = (message: string): Reply => {
    api.faults.push(message)
    return { status: 400, body: problem(400, message) }
  }
  const missing = (): Reply => ({ status: 404, body: problem(404, 'not found') })
  const connectionOf = (id: string) => [...api.connections.values()].find((one) => one.id === id)

  return {
    'GET /clients/:id': {
      query: [],
      run: ({ id }) => {
        const client = api.clients.get(id)
        return client === undefined ? missing() : { status: 200, body: client }
      },
    },
    'PATCH /clients/:id': {
      query: [],
      run: ({ id, body }) => {
        const client = api.clients.get(id)
        if (client === undefined) return missing()
        const unknown = unknownField(body, CLIENT_FIELDS)
        if (unknown !== undefined) return refuse(`PATCH /clients: ${unknown}`)
        const isPromotion = 'is_first_party' in (body as object)
        if (isPromotion && client.third_party_security_mode === 'strict') {
          return refuse('strict client promoted')
        }
        const changed = { ...client, ...(body as object) }
        api.clients.set(id, changed)
        return { status: 200, body: changed }
      },
    },
    'DELETE /clients/:id': {
      query: [],
      run: ({ id }) => (api.clients.delete(id) ? { status: 204 } : missing()),
    },
    'GET /connections': {
      query: ['name', 'take', 'from', 'include_totals'],
      run: ({ query }) => ({
        status: 200,
        body: {
          connections: [...api.connections.values()]
            .filter(({ name }) => query.get('name') === null || name === query.get('name'))
            .map(describeConnection),
        },
      }),
    },
    'PATCH /connections/:id': {
      query: [],
      run: ({ id, body }) => {
        const connection = connectionOf(id)
        if (connection === undefined) return missing()
        const unknown = unknownField(
          body,
          new Set(['is_domain_connection', 'display_name', 'realms']),
        )
        if (unknown !== undefined) return refuse(`PATCH /connections: ${unknown}`)
        connection.is_domain_connection = true
        return { status: 200, body: describeConnection(connection) }
      },
    },
    'GET /connections/:id/clients': {
      query: ['take', 'from'],
      run: ({ id }) => {
        const connection = connectionOf(id)
        if (connection === undefined) return missing()
        const clients = [...connection.enabled].map((client_id) => ({ client_id }))
        return { status: 200, body: { clients } }
      },
    },
    'PATCH /connections/:id/clients': {
      query: [],
      run: ({ id, body }) => {
        const connection = connectionOf(id)
        if (connection === undefined) return missing()
        if (!Array.isArray(body) || body.length === 0) return refuse('PATCH /connections/clients')
        for (const { client_id, status } of body as { client_id: string; status: boolean }[]) {
          if (status) connection.enabled.add(client_id)
          else connection.enabled.delete(client_id)
        }
        return { status: 204 }
      },
    },
    'GET /client-grants': {
      query: ['client_id', 'audience', 'subject_type', 'take', 'from', 'include_totals'],
      run: ({ query }) => ({
        status: 200,
        body: {
          client_grants: api.grants.filter((grant) =>
            (['client_id', 'audience', 'subject_type'] as const).every(
              (name) => query.get(name) === null || grant[name] === query.get(name),
            ),
          ),
        },
      }),
    },
    'POST /client-grants': {
      query: [],
      run: ({ body }) => {
        const unknown = unknownField(body, GRANT_FIELDS)
        if (unknown !== undefined) return refuse(`POST /client-grants: ${unknown}`)
        const wanted = body as Omit<FakeGrant, 'id'>
        const exists = api.grants.some(
          (grant) =>
            grant.client_id === wanted.client_id &&
            grant.audience === wanted.audience &&
            grant.subject_type === wanted.subject_type,
        )
        if (exists) return { status: 409, body: problem(409, 'exists') }
        const grant = { id: `cgr_${api.grants.length + 1}`, ...wanted }
        api.grants.push(grant)
        return { status: 201, body: grant }
      },
    },
    'PATCH /client-grants/:id': {
      query: [],
      run: ({ id, body }) => {
        const at = api.grants.findIndex((grant) => grant.id === id)
        const grant = api.grants[at]
        if (grant === undefined) return missing()
        const unknown = unknownField(body, new Set(['scope', 'allow_all_scopes']))
        if (unknown !== undefined) return refuse(`PATCH /client-grants: ${unknown}`)
        const changed = { ...grant, ...(body as Partial<FakeGrant>) }
        api.grants.splice(at, 1, changed)
        return { status: 200, body: changed }
      },
    },
  }
}

function describeConnection({ enabled: _, ...connection }: FakeConnection) {
  return { ...connection, strategy: 'google-oauth2' }
}

function patternOf(path: string): { readonly pattern: string; readonly id: string } {
  const [, collection = '', id = '', rest] = path.split('/')
  const tail = rest === undefined ? '' : `/${rest}`
  return { pattern: `/${collection}${id && '/:id'}${tail}`, id: decodeURIComponent(id) }
}

function unknownField(body: unknown, known: ReadonlySet<string>): string | undefined {
  if (body === null || typeof body !== 'object') return 'no body'
  return Object.keys(body).find((name) => !known.has(name))
}

function problem(statusCode: number, message: string, errorCode = 'staged') {
  return { statusCode, error: 'Error', message, errorCode }
}
