import { afterEach, describe, expect, test, vi } from 'vitest'
import { parseRegistrationConfig } from '../../functions/registration/config.ts'
import { createRegistration } from '../../functions/registration/handler.ts'
import { createRegisterAtIssuer } from '../../functions/registration/issuer-registration.ts'
import {
  createAdmission,
  createAdmissionCheck,
  createDeletion,
} from '../../shared/auth0/admission.ts'
import { createManagement } from '../../shared/auth0/management.ts'
import {
  type ManagementApi,
  MGMT_CLIENT_ID,
  MGMT_CLIENT_SECRET,
  startManagementApi,
} from '../support/auth0/management-api.ts'
import {
  type RegistrationEndpoint,
  registrationEndpoint,
} from '../support/auth0/registration-endpoint.ts'
import { type Answer, type SendOptions, type Served, serve } from '../support/http/serve.ts'

type Json = Readonly<Record<string, unknown>>
interface Refusal {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly headers: Record<string, string>
}

const CALLBACK = 'https://chatgpt.com/connector/oauth/abc-123_XYZ'
const CHATGPT = {
  client_name: 'ChatGPT',
  redirect_uris: [CALLBACK],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
}

const running: AsyncDisposable[] = []
afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(running.splice(0).map((one) => one[Symbol.asyncDispose]()))
})

interface Registration {
  readonly api: ManagementApi
  readonly auth0: RegistrationEndpoint
  readonly served: Served
  readonly register: (
    body?: unknown,
    signal?: AbortSignal,
    headers?: SendOptions['headers'],
  ) => Promise<Answer>
}

interface Options {
  readonly env?: Readonly<Record<string, string>>
  readonly isBehindFront?: boolean
  readonly admissionTimeoutMs?: number
}

async function start({ env = {}, ...options }: Options = {}): Promise<Registration> {
  const api = await startManagementApi()
  const auth0 = registrationEndpoint(api)
  api.connections.add({ id: 'con_1', name: 'google-oauth2' })
  const config = parseRegistrationConfig({
    PUBLIC_URL: 'https://mcp.test',
    OAUTH_ISSUER: auth0.issuer,
    AUTH_SERVER_METADATA: 'curated',
    TOOL_SCOPES_JSON: '{"summarizeEvents":["events:write","events:read"]}',
    MGMT_DOMAIN: api.domain,
    MGMT_CLIENT_ID,
    MGMT_CLIENT_SECRET,
    GOOGLE_CONNECTION_NAME: 'google-oauth2',
    ...env,
  })
  const management = createManagement({
    domain: config.MGMT_DOMAIN,
    clientId: config.MGMT_CLIENT_ID,
    clientSecret: config.MGMT_CLIENT_SECRET,
  })
  const connections = config.GOOGLE_CONNECTION_NAME
  const { mayRedirectTo, audience, scopes } = config
  const thirdPartyAccess = config.THIRD_PARTY_ACCESS
  const admission = { management, mayRedirectTo, connections, audience, scopes, thirdPartyAccess }
  const served = await serve('registration', () =>
    createRegistration({
      isOffered: config.AUTH_SERVER_METADATA === 'curated',
      mayRedirectTo,
      check: createAdmissionCheck({ management, connections }),
      register: createRegisterAtIssuer(config.OAUTH_ISSUER),
      admit: createAdmission({ ...admission, policy: 'admit', readDelaysMs: [10, 10] }),
      remove: createDeletion(management),
      ...options,
    }),
  )
  running.push(served, auth0, api)
  return {
    api,
    auth0,
    served,
    register: (body = CHATGPT, signal, headers) =>
      served.send({
        method: 'POST',
        path: '/oauth/register',
        headers: { 'content-type': 'application/json', ...headers },
        body,
        ...(signal && { signal }),
      }),
  }
}

/** With `ID` for the id that Auth0 gave the client. */
function writesOf({ api }: Registration): string[] {
  return api.calls
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path.replace(/^\/clients\/[^/]+/, '/clients/ID')}`)
}

/** The id of the one client that there is. */
function clientIdIn({ api }: Registration): string {
  return [...api.clients.keys()].join()
}

/** What a refusal must leave: no client, and no word of one. */
function expectNothing(registration: Registration): void {
  expect([...registration.api.clients.keys()]).toEqual([])
}

describe('a registration (RFC 7591 s3.2.1)', () => {
  test.each([
    {
      mode: 'strict',
      // The last one gives its refresh tokens a leeway.
      writes: ['POST /client-grants', 'PATCH /connections/con_1', 'PATCH /clients/ID'],
    },
    {
      mode: 'permissive',
      writes: ['PATCH /clients/ID', 'POST /client-grants', 'PATCH /connections/con_1/clients'],
    },
  ] as const)('of a $mode client is answered once it is admitted', async (row) => {
    const registration = await start()
    registration.auth0.setMode(row.mode)
    const answer = await registration.register()
    expect(answer.status).toBe(201)
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.json()).toEqual({
      ...CHATGPT,
      client_id: clientIdIn(registration),
      client_id_issued_at: expect.any(Number),
    })
    const { client_id_issued_at: issuedAt } = answer.json<{ client_id_issued_at: number }>()
    expect(Math.abs(issuedAt - Date.now() / 1000)).toBeLessThan(10)
    expect(clientIdIn(registration).startsWith('tpc_')).toBe(row.mode === 'strict')
    expect(writesOf(registration)).toEqual(row.writes)
    expect(registration.api.faults).toEqual([])
  })

  const kept: readonly { name: string; asked: Json; registered: Json }[] = [
    {
      name: 'redirect URIs alone',
      asked: { redirect_uris: [CALLBACK] },
      registered: { client_name: 'MCP client' },
    },
    {
      name: 'a secret, as an older ChatGPT asks for',
      asked: { ...CHATGPT, token_endpoint_auth_method: 'client_secret_post' },
      registered: {},
    },
    {
      name: 'more grant types than there are',
      asked: { ...CHATGPT, grant_types: ['refresh_token', 'authorization_code', 'device_code'] },
      registered: {},
    },
    {
      name: 'no refresh',
      asked: { ...CHATGPT, grant_types: ['authorization_code'] },
      registered: { grant_types: ['authorization_code'] },
    },
    {
      name: 'members that are not for Auth0',
      asked: {
        ...CHATGPT,
        application_type: 'web',
        scope: 'openid admin',
        logo_uri: 'https://evil.example/logo.png',
        client_id: 'mine',
        is_first_party: true,
        callbacks: ['https://evil.example/'],
        __proto__: { polluted: true },
      },
      registered: {},
    },
  ]
  test.each(kept)('asked with $name', async ({ asked, registered }) => {
    const registration = await start()
    const answer = await registration.register(asked)
    expect(answer.status).toBe(201)
    expect(registration.auth0.requests).toEqual([{ ...CHATGPT, ...registered }])
    expect(answer.json()).toMatchObject({
      ...CHATGPT,
      ...registered,
      client_id: clientIdIn(registration),
    })
    expect(answer.json()).not.toHaveProperty('client_secret')
  })

  test.each([400, 403, 409])('a client whose promotion answers %i stays', async (status) => {
    const registration = await start()
    registration.auth0.setMode('permissive')
    const errorCode = 'operation_not_supported'
    registration.api.fail('PATCH /clients/:id', { status, errorCode })
    expect((await registration.register()).status).toBe(201)
    expect(writesOf(registration)).toEqual([
      'PATCH /clients/ID',
      'POST /client-grants',
      'PATCH /connections/con_1',
      'PATCH /clients/ID',
    ])
    const promotion = `client_promote_http_${status}`
    expect(registration.served.lines).toContainEqual(
      expect.objectContaining({ message: 'client_admitted', way: 'granted', promotion }),
    )
    expect(registration.api.clients.size).toBe(1)
  })

  test('under open access no client grant is made', async () => {
    const registration = await start({ env: { THIRD_PARTY_ACCESS: 'open' } })
    expect((await registration.register()).status).toBe(201)
    expect(writesOf(registration)).toEqual(['PATCH /connections/con_1', 'PATCH /clients/ID'])
  })

  test('a client that Auth0 does not know everywhere yet is waited for', async () => {
    const registration = await start()
    registration.api.fail('GET /clients/:id', { status: 404, times: 1 })
    registration.api.fail('POST /client-grants', { status: 404, times: 2 })
    expect((await registration.register()).status).toBe(201)
    expect(registration.api.grants).toHaveLength(1)
  })
})

describe("Auth0's marker", () => {
  const rows = [
    { name: 'dcr', type: 'dcr', by: 'client', status: 201 },
    { name: 'cimd by itself', type: 'cimd', by: 'client', status: 201 },
    { name: 'cimd by an administrator', type: 'cimd', by: 'admin', status: 503 },
    { name: 'none', status: 201 },
  ] as const
  test.each(rows)('$name: $status', async ({ status, ...row }) => {
    const registration = await start()
    registration.auth0.changeClients((client) => {
      const { external_metadata_type: _, external_metadata_created_by: __, ...rest } = client
      if (!('type' in row)) return rest
      return { ...rest, external_metadata_type: row.type, external_metadata_created_by: row.by }
    })
    expect((await registration.register()).status).toBe(status)
    // What an operator made is not deleted either.
    expect(registration.api.clients.size).toBe(1)
    if (status === 201) return
    expect(writesOf(registration)).toEqual([])
    expect(registration.served.lines).toContainEqual(
      expect.objectContaining({
        severity: 'ERROR',
        message: 'registration_left_behind',
        client: clientIdIn(registration),
        code: 'not_dynamic',
      }),
    )
  })
})

describe('what is refused before anything exists', () => {
  const uris = (...redirect_uris: unknown[]): Json => ({ ...CHATGPT, redirect_uris })
  const rows: readonly { name: string; body: unknown; error?: string }[] = [
    { name: 'a foreign redirect URI', body: uris('https://evil.example/cb') },
    { name: 'a foreign one among others', body: uris(CALLBACK, 'https://evil.example/cb') },
    { name: 'one with a query', body: uris(`${CALLBACK}?next=x`) },
    { name: 'one with a fragment', body: uris(`${CALLBACK}#x`) },
    { name: 'one with credentials', body: uris('https://u:p@chatgpt.com/connector/oauth/abc') },
    { name: 'plain http', body: uris('http://chatgpt.com/connector/oauth/abc') },
    { name: 'a script', body: uris('javascript:alert(1)') },
    { name: 'no redirect URI', body: uris() },
    { name: 'none at all', body: { client_name: 'x' } },
    { name: 'a number', body: uris(7) },
    { name: 'a string for a list', body: { ...CHATGPT, redirect_uris: CALLBACK } },
    { name: 'too many', body: uris(...Array.from({ length: 11 }, () => CALLBACK)) },
    ...[
      { name: 'no JSON', body: '{"redirect_uris":["' },
      { name: 'nothing', body: '' },
      { name: 'an array', body: [CHATGPT] },
      { name: 'not UTF-8', body: Buffer.from([0x7b, 0xff]) },
      { name: 'a name that is no string', body: { ...CHATGPT, client_name: 7 } },
      { name: 'a name with markup', body: { ...CHATGPT, client_name: '<b>ChatGPT</b>' } },
      { name: 'a name turned around', body: { ...CHATGPT, client_name: 'TPG\u202etahC' } },
      { name: 'a name with an isolate', body: { ...CHATGPT, client_name: 'Chat\u2066GPT' } },
      { name: 'a zero-width space in a name', body: { ...CHATGPT, client_name: 'Chat\u200bGPT' } },
      { name: 'a C1 control in a name', body: { ...CHATGPT, client_name: 'Chat\u009bGPT' } },
      { name: 'a tag in a name', body: { ...CHATGPT, client_name: 'ChatGPT\u{e0041}x' } },
      { name: 'a name of a filler', body: { ...CHATGPT, client_name: '\u3164' } },
      { name: 'a long name', body: { ...CHATGPT, client_name: 'x'.repeat(257) } },
      { name: 'another grant', body: { ...CHATGPT, grant_types: ['client_credentials'] } },
      { name: 'grants that are no list', body: { ...CHATGPT, grant_types: 'authorization_code' } },
      { name: 'the implicit flow', body: { ...CHATGPT, response_types: ['token'] } },
      { name: 'a method that is no string', body: { ...CHATGPT, token_endpoint_auth_method: 7 } },
    ].map((row) => ({ ...row, error: 'invalid_client_metadata' })),
  ]
  test.each(rows)('$name', async ({ body, error = 'invalid_redirect_uri' }) => {
    const registration = await start()
    const answer = await registration.register(body)
    expect(answer.status).toBe(400)
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.json()).toEqual({ error, error_description: expect.any(String) })
    expect(registration.auth0.requests).toEqual([])
    expect(registration.api.tokenRequests).toEqual([])
    expect(JSON.stringify(registration.served.lines)).not.toContain('evil')
  })

  test.each([
    [60 * 1024, 201],
    [64 * 1024, 413],
    [2 * 1024 * 1024, 413],
  ])('%i bytes besides what is registered: %i', async (bytes, status) => {
    const { register } = await start()
    expect((await register({ ...CHATGPT, padding: 'x'.repeat(bytes) })).status).toBe(status)
  })

  test('CLIENT_REDIRECT_URIS decides', async () => {
    const { register } = await start({ env: { CLIENT_REDIRECT_URIS: 'https://a.test/cb' } })
    expect((await register({ redirect_uris: ['https://a.test/cb'] })).status).toBe(201)
    expect((await register()).status).toBe(400)
  })
})

describe('the endpoint', () => {
  test('a browser may ask from anywhere', async () => {
    const { served } = await start()
    const answer = await served.send({
      method: 'OPTIONS',
      path: '/oauth/register',
      headers: { origin: 'https://any.example', 'access-control-request-method': 'POST' },
    })
    expect(answer.status).toBe(204)
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.headers['access-control-allow-methods']).toBe('POST, OPTIONS')
    expect(answer.headers['access-control-allow-headers']).toContain('content-type')
  })

  test.each(['GET', 'PUT', 'DELETE'])('%s: 405 with Allow', async (method) => {
    const { served } = await start()
    const answer = await served.send({ method, path: '/oauth/register' })
    expect(answer.status).toBe(405)
    expect(answer.headers.allow).toBe('POST, OPTIONS')
  })

  test('is not there unless the metadata is curated', async () => {
    const registration = await start({ env: { AUTH_SERVER_METADATA: 'issuer' } })
    expect((await registration.register()).status).toBe(404)
    expect(registration.auth0.requests).toEqual([])
  })

  test('nothing is anywhere else', async () => {
    const { served } = await start()
    const answer = await served.send({ method: 'POST', path: '/oauth/register/x', body: CHATGPT })
    expect(answer.status).toBe(404)
  })
})

describe("Auth0's own refusals", () => {
  const soon = () => String(Math.floor(Date.now() / 1000) + 7)
  const later = (seconds: number) => new Date(Date.now() + seconds * 1_000).toUTCString()
  const rows: readonly {
    name: string
    refusal: () => Partial<Refusal> & Pick<Refusal, 'status'>
    status: number
    error?: string
    retryAfter?: RegExp
  }[] = [
    {
      name: '429 with Retry-After',
      refusal: () => ({ status: 429, headers: { 'retry-after': '17' } }),
      status: 429,
      retryAfter: /^17$/,
    },
    {
      name: "429 with Auth0's reset",
      refusal: () => ({ status: 429, headers: { 'x-ratelimit-reset': soon() } }),
      status: 429,
      retryAfter: /^[67]$/,
    },
    {
      name: '429 with Retry-After as a date',
      refusal: () => ({ status: 429, headers: { 'retry-after': later(17) } }),
      status: 429,
      retryAfter: /^1[67]$/,
    },
    {
      name: '503 with the reset that every answer has',
      refusal: () => ({ status: 503, headers: { 'x-ratelimit-reset': soon() } }),
      status: 503,
      retryAfter: /^10$/,
    },
    {
      name: '429 that says nothing',
      refusal: () => ({ status: 429 }),
      status: 429,
      retryAfter: /^10$/,
    },
    { name: '503', refusal: () => ({ status: 503 }), status: 503, retryAfter: /^10$/ },
    {
      name: 'the entity limit',
      refusal: () => ({ status: 403, body: { errorCode: 'too_many_entities' } }),
      status: 503,
      retryAfter: /^10$/,
    },
    {
      name: 'registration that is off',
      refusal: () => ({ status: 404 }),
      status: 503,
      retryAfter: /^10$/,
    },
    { name: '201 without an id', refusal: () => ({ status: 200, body: {} }), status: 503 },
    {
      name: 'a redirect URI',
      refusal: () => ({ status: 400, body: { error: 'invalid_redirect_uri' } }),
      status: 400,
      error: 'invalid_redirect_uri',
    },
    {
      name: 'anything else',
      refusal: () => ({ status: 400, body: { error: 'Bad Request', message: 'x' } }),
      status: 400,
      error: 'invalid_client_metadata',
    },
  ]
  test.each(rows)(
    '$name',
    async ({ refusal, status, retryAfter, error = 'temporarily_unavailable' }) => {
      const registration = await start()
      registration.auth0.stage({ answer: { body: {}, headers: {}, ...refusal() } })
      const answer = await registration.register()
      expect(answer.status).toBe(status)
      expect(answer.json()).toMatchObject({ error })
      if (retryAfter !== undefined) expect(answer.headers['retry-after']).toMatch(retryAfter)
      expect(answer.headers['access-control-expose-headers']).toBe('retry-after')
      expect(writesOf(registration)).toEqual([])
      expect(registration.auth0.requests).toHaveLength(1)
    },
  )

  test.each(['before', 'afterwards'] as const)(
    'no answer, cut off %s: sent once',
    async (broken) => {
      const registration = await start()
      registration.auth0.stage({ breaks: broken })
      const answer = await registration.register()
      expect(answer.status).toBe(503)
      expect(registration.auth0.requests).toHaveLength(1)
      expect(writesOf(registration)).toEqual([])
    },
  )
})

describe('an admission that fails', () => {
  const operations = {
    strict: [
      'GET /clients/:id',
      'GET /client-grants',
      'POST /client-grants',
      'PATCH /connections/:id',
    ],
    permissive: [
      'PATCH /clients/:id',
      'GET /connections/:id/clients',
      'PATCH /connections/:id/clients',
    ],
  } as const
  const rows = (['strict', 'permissive'] as const)
    .flatMap((mode) =>
      operations[mode].flatMap((operation) =>
        ([400, 403] as const).map((status) => ({ mode, operation, status })),
      ),
    )
    // A promotion that answers 400 is refused, and the client served the other way.
    .filter(({ operation, status }) => operation !== 'PATCH /clients/:id' || status !== 400)
  test.each(rows)('$operation of a $mode client answers $status: deleted again', async (row) => {
    const registration = await start()
    registration.auth0.setMode(row.mode)
    registration.api.fail(row.operation, { status: row.status })
    const answer = await registration.register()
    expect(answer.status).toBe(503)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(answer.json()).toMatchObject({ error: 'temporarily_unavailable' })
    expectNothing(registration)
    expect(registration.served.lines).toContainEqual(
      expect.objectContaining({ severity: 'WARNING', message: 'registration_undone' }),
    )
    registration.api.mended()
    expect((await registration.register()).status).toBe(201)
  })

  test('names the missing Management scope in the log', async () => {
    const registration = await start()
    registration.api.fail('POST /client-grants', { status: 403 })
    await registration.register()
    expect(registration.served.lines).toContainEqual(
      expect.objectContaining({
        message: 'admission_failed',
        code: 'grant_create_http_403',
        missing_scope: 'create:client_grants',
      }),
    )
  })

  test('a client that Auth0 has with other redirect URIs is not admitted', async () => {
    const registration = await start()
    registration.auth0.changeClients((client) => ({
      ...client,
      callbacks: ['https://evil.example/cb'],
    }))
    expect((await registration.register()).status).toBe(503)
    expectNothing(registration)
    expect(registration.api.grants).toEqual([])
  })

  test.each([
    { name: 'there is no token', stage: ({ api }: Registration) => api.stageTokenStatus(403) },
    {
      name: 'connections cannot be read',
      stage: ({ api }: Registration) => api.fail('GET /connections', { status: 403 }),
    },
    {
      name: 'the connection is missing',
      stage: ({ api }: Registration) => api.connections.clear(),
    },
  ])('when $name, nothing is registered in the first place', async ({ stage }) => {
    const registration = await start()
    stage(registration)
    expect((await registration.register()).status).toBe(503)
    expect(registration.auth0.requests).toEqual([])
    expect(registration.served.lines).toContainEqual(
      expect.objectContaining({ severity: 'ERROR', message: 'admission_failed' }),
    )
  })

  test('one that takes too long is given up and undone', async () => {
    const registration = await start({ admissionTimeoutMs: 1_500 })
    registration.api.fail('PATCH /connections/:id', {
      status: 429,
      headers: { 'retry-after': '8' },
    })
    const startedAt = performance.now()
    const answer = await registration.register()
    expect(performance.now() - startedAt).toBeLessThan(7_000)
    expect(answer.status).toBe(503)
    expectNothing(registration)
    expect(registration.served.lines).toContainEqual(
      expect.objectContaining({ code: 'conn_enable_timeout', done: ['grant_create'] }),
    )
  })

  test('one that cannot be deleted again is named in the log', async () => {
    const registration = await start()
    registration.api.fail('POST /client-grants', { status: 403 })
    registration.api.fail('DELETE /clients/:id', { status: 403 })
    const answer = await registration.register()
    expect(answer.status).toBe(503)
    expect(answer.text).not.toContain('tpc_')
    expect(registration.served.lines).toContainEqual(
      expect.objectContaining({
        severity: 'ERROR',
        message: 'registration_left_behind',
        client: clientIdIn(registration),
        missing_scope: 'delete:clients',
      }),
    )
  })

  test('a caller that hangs up leaves no client', async () => {
    const registration = await start()
    registration.api.stageDelay(50)
    const gone = new AbortController()
    const asked = registration.register(CHATGPT, gone.signal).catch(() => 'gone')
    await expect.poll(() => registration.auth0.requests.length).toBe(1)
    gone.abort()
    expect(await asked).toBe('gone')
    await expect
      .poll(() => registration.served.lines.map(({ message }) => message))
      .toContain('registration_undone')
    expectNothing(registration)
  })
})

/** One more may pass for each second that the flood itself took. */
function expectPassed(passed: number, burst: number, startedAt: number): void {
  const seconds = Math.ceil((performance.now() - startedAt) / 1_000)
  expect(passed).toBeGreaterThanOrEqual(burst)
  expect(passed).toBeLessThanOrEqual(burst + seconds)
}

describe('a flood', () => {
  test('of clients that may register: so many pass, the others are told when', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
    const registration = await start()
    const startedAt = performance.now()
    const answers = await Promise.all(Array.from({ length: 30 }, () => registration.register()))
    const passed = answers.filter(({ status }) => status === 201)
    const limited = answers.filter(({ status }) => status === 429)
    expect(passed.length + limited.length).toBe(30)
    expectPassed(passed.length, 20, startedAt)
    for (const { headers } of limited) expect(headers['retry-after']).toBe('1')
    expect(registration.auth0.requests).toHaveLength(passed.length)
    expect(registration.api.grants.map(({ client_id }) => client_id).sort()).toEqual(
      passed.map((answer) => answer.json<{ client_id: string }>().client_id).sort(),
    )
    vi.setSystemTime(Date.now() + 1_000)
    expect((await registration.register()).status).toBe(201)
    expect((await registration.register()).status).toBe(429)
  })

  test('of foreign ones does not keep others out', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
    const registration = await start()
    const foreign = { ...CHATGPT, redirect_uris: ['https://evil.example/'] }
    await Promise.all(Array.from({ length: 100 }, () => registration.register(foreign)))
    expect((await registration.register()).status).toBe(201)
    expect(registration.auth0.requests).toHaveLength(1)
  })

  test('of malformed ones does not keep others out', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
    const registration = await start()
    const malformed = Array.from({ length: 100 }, (_, at) => (at % 2 === 0 ? '{' : { at }))
    await Promise.all(malformed.map((body) => registration.register(body)))
    expect((await registration.register()).status).toBe(201)
  })

  const from = (forwarded: string) => ({ 'x-forwarded-for': forwarded })
  const statuses = (answers: readonly Answer[], status: number) =>
    answers.filter((answer) => answer.status === status).length

  const floods: readonly {
    name: string
    isBehindFront: boolean
    sent: (at: number) => string
    honest: string
    passed: number
  }[] = [
    {
      name: 'one address at the front',
      isBehindFront: true,
      sent: () => '192.0.2.1',
      honest: '198.51.100.7',
      passed: 20,
    },
    {
      name: 'one address that makes up others before its own',
      isBehindFront: true,
      sent: (at) => `10.0.0.${at}, 198.51.100.7, 203.0.113.${at}, 192.0.2.1`,
      honest: '198.51.100.7',
      passed: 20,
    },
    {
      name: 'one network of IPv6 addresses',
      isBehindFront: true,
      sent: (at) => `2001:db8::${at}`,
      honest: '2001:db8:0:1::1',
      passed: 20,
    },
    {
      name: 'one client behind the same proxy',
      isBehindFront: true,
      sent: () => '192.0.2.1, 203.0.113.200',
      honest: '198.51.100.7, 203.0.113.200',
      passed: 10,
    },
    {
      name: 'one client behind a proxy of this machine',
      isBehindFront: false,
      sent: () => '192.0.2.1, 127.0.0.1',
      honest: '198.51.100.7, 127.0.0.1',
      passed: 10,
    },
  ]
  test.each(floods)('from $name keeps nobody else out', async (flood) => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
    const { isBehindFront, sent, honest, passed } = flood
    const { register } = await start({ isBehindFront })
    const startedAt = performance.now()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => register(CHATGPT, undefined, from(sent(at)))),
    )
    expect(statuses(answers, 201) + statuses(answers, 429)).toBe(50)
    expectPassed(statuses(answers, 201), passed, startedAt)
    expect((await register(CHATGPT, undefined, from(honest))).status).toBe(201)
  })

  test('without a front that makes up addresses is one flood', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
    const { register } = await start()
    const startedAt = performance.now()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => register(CHATGPT, undefined, from(`192.0.2.${at}`))),
    )
    expectPassed(statuses(answers, 201), 20, startedAt)
  })

  test('of what Auth0 refuses does not keep others out', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
    const { auth0, register } = await start({ isBehindFront: true })
    auth0.stage({ answer: { status: 400, body: {}, headers: {} } })
    for (const peer of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => register(CHATGPT, undefined, from(peer))),
      )
      expect(statuses(answers, 400)).toBe(20)
    }
    auth0.stage({ answer: null })
    expect((await register(CHATGPT, undefined, from('198.51.100.7'))).status).toBe(201)
  })
})

test('no token, secret, name or redirect URI is in the log', async () => {
  const registration = await start()
  await registration.register({ ...CHATGPT, client_name: 'marker-name' })
  await registration.register({ ...CHATGPT, redirect_uris: ['https://marker.example/'] })
  expect(registration.served.lines.length).toBeGreaterThan(1)
  expect(JSON.stringify(registration.served.lines)).not.toMatch(/marker|a-management-/)
})
