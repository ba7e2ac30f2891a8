import { afterEach, describe, expect, test } from 'vitest'
import { parseLogWebhookConfig } from '../../functions/log-webhook/config.ts'
import { createLogWebhook } from '../../functions/log-webhook/handler.ts'
import { createAdmission } from '../../shared/auth0/admission.ts'
import { createManagement, credentialsIn } from '../../shared/auth0/management.ts'
import {
  type FakeClient,
  type FakeGrant,
  type ManagementApi,
  MGMT_CLIENT_ID,
  MGMT_CLIENT_SECRET,
  startManagementApi,
} from '../support/auth0/management-api.ts'
import { type Answer, type Served, serve } from '../support/http/serve.ts'

type Json = Readonly<Record<string, unknown>>

const SECRET = 'a-log-stream-secret-for-tests-0123456789'
const CALLBACK = 'https://chatgpt.com/connector/oauth/abc-123_XYZ'
const PROMOTION = {
  is_first_party: true,
  token_endpoint_auth_method: 'none',
  oidc_conformant: true,
  grant_types: ['authorization_code', 'refresh_token'],
  jwt_configuration: { alg: 'RS256' },
  refresh_token: {
    rotation_type: 'rotating',
    expiration_type: 'expiring',
    leeway: 30,
    token_lifetime: 2_592_000,
    infinite_token_lifetime: false,
    idle_token_lifetime: 1_296_000,
    infinite_idle_token_lifetime: false,
  },
}
const GRANT = {
  audience: 'https://mcp.test/mcp',
  scope: ['events:read', 'events:write'],
  subject_type: 'user',
}
/** How each of the two clients here is served. */
const wayOf = (id: string) => (id === 'tpc_1' ? 'granted' : 'promoted')
const PERMISSIVE = {
  client_id: 'plain1',
  name: 'ChatGPT',
  callbacks: [CALLBACK],
  is_first_party: false,
  third_party_security_mode: 'permissive',
  token_endpoint_auth_method: 'client_secret_post',
  oidc_conformant: true,
  grant_types: ['authorization_code', 'refresh_token'],
} as const
const STRICT = {
  client_id: 'tpc_1',
  name: 'ChatGPT',
  callbacks: [CALLBACK],
  is_first_party: false,
  third_party_security_mode: 'strict',
  token_endpoint_auth_method: 'none',
} as const

const running: AsyncDisposable[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one[Symbol.asyncDispose]()))
})

interface Webhook {
  readonly api: ManagementApi
  readonly served: Served
  readonly deliver: (body: unknown, headers?: Readonly<Record<string, string>>) => Promise<Answer>
}

interface Options {
  readonly env?: Readonly<Record<string, string>>
  readonly clients?: readonly FakeClient[]
  readonly now?: () => number
  readonly readDelaysMs?: readonly number[]
}

async function start({
  env = {},
  clients = [PERMISSIVE, STRICT],
  now,
  readDelaysMs = [10, 10],
}: Options = {}): Promise<Webhook> {
  const api = await startManagementApi()
  const names = (env['GOOGLE_CONNECTION_NAME'] ?? 'google-oauth2').split(',')
  names.forEach((name, index) => {
    api.connections.add({ id: `con_${index + 1}`, name }, 'another')
  })
  for (const client of clients) api.clients.set(client.client_id, client)
  const config = parseLogWebhookConfig({
    PUBLIC_URL: 'https://mcp.test',
    TOOL_SCOPES_JSON: '{"summarizeEvents":["events:write","events:read"]}',
    MGMT_DOMAIN: api.domain,
    MGMT_CLIENT_ID,
    MGMT_CLIENT_SECRET,
    LOG_WEBHOOK_SECRET: SECRET,
    GOOGLE_CONNECTION_NAME: 'google-oauth2',
    ...env,
  })
  const served = await serve('log-webhook', () =>
    createLogWebhook({
      secrets: config.LOG_WEBHOOK_SECRET,
      admit: createAdmission({
        management: createManagement(credentialsIn(config)),
        mayRedirectTo: config.mayRedirectTo,
        policy: config.DCR_POLICY,
        connections: config.GOOGLE_CONNECTION_NAME,
        audience: config.audience,
        scopes: config.scopes,
        thirdPartyAccess: config.THIRD_PARTY_ACCESS,
        readDelaysMs,
      }),
      ...(now && { now }),
    }),
  )
  running.push(served, api)
  return {
    api,
    served,
    deliver: (body, headers = {}) =>
      served.send({
        method: 'POST',
        path: '/auth0-log-webhook',
        headers: { 'content-type': 'application/json', authorization: SECRET, ...headers },
        body,
      }),
  }
}

/** A successful dynamic registration as the log stream delivers it. */
function registration(clientId: string, event: Json = {}) {
  return {
    log_id: `log_${clientId}`,
    data: {
      log_id: `log_${clientId}`,
      date: '2026-11-01T12:00:00.000Z',
      type: 'sapi',
      description: 'Dynamic client registration',
      client_id: null,
      details: {
        request: { method: 'post', path: '/oidc/register' },
        response: { statusCode: 201, body: { client_id: clientId } },
      },
      ...event,
    },
  }
}

function outcomesIn(answer: Answer): Json[] {
  return answer.json<{ records: Json[] }>().records
}

function callsOf({ api }: Webhook) {
  return api.calls.map(({ method, path, body }) => ({
    call: `${method} ${withoutPaging(path)}`,
    ...(body !== undefined && { body }),
  }))
}

/** How many records a page has is the package's business. */
function withoutPaging(path: string): string {
  const url = new URL(path, 'http://tenant')
  for (const name of ['take', 'from', 'include_totals']) url.searchParams.delete(name)
  return `${url.pathname}${url.search}`
}

function writesOf({ api }: Webhook) {
  return api.calls.filter(({ method }) => method !== 'GET')
}

describe('the secret', () => {
  const other = 'another-log-stream-secret-0123456789-abc'

  test.each([
    { sent: SECRET, configured: SECRET },
    { sent: `Bearer ${SECRET}`, configured: SECRET },
    { sent: `bearer ${SECRET}`, configured: SECRET },
    { sent: SECRET, configured: `Bearer ${SECRET}` },
    { sent: `Bearer ${SECRET}`, configured: `Bearer ${SECRET}` },
    { sent: SECRET, configured: `${other},${SECRET}` },
    { sent: `Bearer ${other}`, configured: `${other},${SECRET}` },
  ])('"$sent" is good for "$configured"', async ({ sent, configured }) => {
    const webhook = await start({ env: { LOG_WEBHOOK_SECRET: configured } })
    const answer = await webhook.deliver([], { authorization: sent })
    expect(answer.status).toBe(200)
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  test.each([
    '',
    'Bearer ',
    'Bearer',
    SECRET.slice(0, -1),
    `${SECRET}x`,
    SECRET.toUpperCase(),
    `Basic ${SECRET}`,
    `Bearer Bearer ${SECRET}`,
    `${SECRET},${SECRET}`,
  ])('"%s" is not', async (authorization) => {
    const webhook = await start()
    const answer = await webhook.deliver(registration('plain1'), { authorization })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Bearer')
    expect(webhook.api.calls).toEqual([])
    expect(JSON.stringify(webhook.served.lines)).not.toContain(SECRET)
  })

  test('none, or one sent twice, is not', async () => {
    const { served } = await start()
    const path = '/auth0-log-webhook'
    const none = await served.send({ method: 'POST', path, body: [] })
    expect(none.status).toBe(401)
    const headers = { authorization: [SECRET, SECRET] }
    expect((await served.send({ method: 'POST', path, headers, body: [] })).status).toBe(401)
  })

  test('is checked before the body is read', async () => {
    const webhook = await start()
    expect((await webhook.deliver('{', { authorization: 'wrong' })).status).toBe(401)
  })
})

test.each(['GET', 'PUT', 'DELETE', 'OPTIONS'])('%s: 405 with Allow', async (method) => {
  const { served } = await start()
  const answer = await served.send({ method, path: '/auth0-log-webhook' })
  expect(answer.status).toBe(405)
  expect(answer.headers.allow).toBe('POST')
  expect(answer.headers['cache-control']).toBe('no-store')
})

test('nothing is anywhere else', async () => {
  const { served } = await start()
  const headers = { authorization: SECRET }
  const answer = await served.send({ method: 'POST', path: '/auth0-log', headers, body: [] })
  expect(answer.status).toBe(404)
  expect(answer.headers['cache-control']).toBe('no-store')
})

describe('the formats of a delivery', () => {
  const one = registration('plain1')
  const two = registration('tpc_1')
  const lines = [one, two].map((record) => JSON.stringify(record))
  const formats: readonly { name: string; type?: string; body: unknown; ids: string[] }[] = [
    { name: 'a JSON array', body: [one, two], ids: ['plain1', 'tpc_1'] },
    { name: 'a JSON object', body: one, ids: ['plain1'] },
    { name: 'JSON Lines', body: lines.join('\n'), ids: ['plain1', 'tpc_1'] },
    {
      name: 'JSON Lines with an end',
      body: `${lines.join('\r\n')}\r\n\n`,
      ids: ['plain1', 'tpc_1'],
    },
    {
      name: 'JSON Lines by their own type',
      type: 'application/x-ndjson',
      body: lines.join('\n'),
      ids: ['plain1', 'tpc_1'],
    },
    { name: 'bare records', body: [one.data, two.data], ids: ['plain1', 'tpc_1'] },
    { name: 'no records', body: [], ids: [] },
  ]
  test.each(formats)('$name', async ({ body, ids, type = 'application/json' }) => {
    const webhook = await start()
    const answer = await webhook.deliver(body, { 'content-type': type })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(outcomesIn(answer)).toEqual(
      ids.map((id) => ({
        ...{ log_id: `log_${id}`, client_id: id, outcome: 'admitted' },
        way: wayOf(id),
      })),
    )
    expect(webhook.api.faults).toEqual([])
  })

  test.each([
    { name: 'nothing', body: '' },
    { name: 'malformed JSON', body: '{"data":{"user_name":"alice@example.com"' },
    { name: 'one bad line', body: `${lines[0]}\n{"user_name":"alice@example.com"` },
    { name: 'a string', body: '"alice@example.com"' },
    { name: 'a number among records', body: [one, 7, 'alice@example.com'] },
    { name: 'null', body: 'null' },
    { name: 'not UTF-8', body: Buffer.from([0x7b, 0xff]) },
  ])('$name: 400, nothing done, nothing of it in the log', async ({ body }) => {
    const webhook = await start()
    const answer = await webhook.deliver(body)
    expect(answer.status).toBe(400)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(webhook.api.calls).toEqual([])
    expect(JSON.stringify([webhook.served.lines, answer.text])).not.toMatch(/alice|plain1/)
  })

  const MIB = 1024 * 1024
  test.each(['array', 'lines'])('thousands of records in %s', async (format) => {
    const webhook = await start()
    const others = Array.from({ length: 7_000 }, (_, index) => ({
      log_id: `log_${index}`,
      data: { type: 's', details: { padding: 'x'.repeat(1_000) } },
    }))
    const records = [...others, one]
    const text = records.map((record) => JSON.stringify(record)).join('\n')
    const answer = await webhook.deliver(format === 'lines' ? text : records)
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer).at(-1)).toMatchObject({ client_id: 'plain1', outcome: 'admitted' })
  })

  test.each([
    { size: 8 * MIB + 1, authorization: SECRET, status: 413 },
    { size: 8 * MIB + 1, authorization: `${SECRET}x`, status: 401 },
  ])('$size bytes with $authorization: $status', async ({ size, authorization, status }) => {
    const { deliver } = await start()
    expect((await deliver(Buffer.alloc(size, ' '), { authorization })).status).toBe(status)
  })
})

describe('which records are registrations', () => {
  const id = 'plain1'
  const noDetails = { details: undefined }
  test.each([
    { name: "the answer's client_id", event: {}, admitted: true },
    { name: "the event's client_id", event: { client_id: id, ...noDetails }, admitted: true },
    {
      name: "the event's when the answer's is null",
      event: { client_id: id, details: { response: { body: { client_id: null } } } },
      admitted: true,
    },
    {
      name: "the answer's before the event's",
      event: { client_id: 'the-management-client' },
      admitted: true,
    },
    { name: 'no id at all', event: noDetails, admitted: false },
    { name: 'a failed registration', event: { type: 'fapi' }, admitted: false },
    { name: 'another operation', event: { description: 'Update a client' }, admitted: false },
    {
      name: 'something that quotes it',
      event: { description: 'Not a Dynamic client registration' },
      admitted: false,
    },
    { name: 'a sign-in', event: { type: 's', description: undefined }, admitted: false },
    { name: 'details of another shape', event: { details: ['x'] }, admitted: false },
  ])('$name: $admitted', async ({ event, admitted }) => {
    const webhook = await start()
    const answer = await webhook.deliver([registration(id, event)])
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer)).toEqual([
      admitted
        ? { log_id: 'log_plain1', client_id: id, outcome: 'admitted', way: 'promoted' }
        : { log_id: 'log_plain1', outcome: 'ignored' },
    ])
    if (!admitted) {
      expect(webhook.api.calls).toEqual([])
      expect(webhook.api.tokenRequests).toEqual([])
    }
  })

  test('a thousand others cost no Management call', async () => {
    const webhook = await start()
    const records = Array.from({ length: 1_000 }, (_, index) => ({
      log_id: String(index),
      data: { type: 's', user_name: 'alice@example.com', client_id: 'plain1' },
    }))
    expect((await webhook.deliver(records)).status).toBe(200)
    expect(webhook.api.tokenRequests).toEqual([])
    expect(JSON.stringify(webhook.served.lines)).not.toContain('alice')
  })
})

describe('admission', () => {
  test.each(['permissive', 'no mode'])('of a client of %s, to the letter', async (mode) => {
    const { third_party_security_mode: _, ...withoutMode } = PERMISSIVE
    const webhook = await start({ clients: [mode === 'no mode' ? withoutMode : PERMISSIVE] })
    const answer = await webhook.deliver(registration('plain1'))
    expect(answer.status).toBe(200)
    expect(callsOf(webhook)).toEqual([
      { call: 'GET /clients/plain1' },
      { call: expect.stringMatching(/^GET \/client-grants\?(?=.*client_id=plain1)/) },
      { call: 'PATCH /clients/plain1', body: PROMOTION },
      { call: 'POST /client-grants', body: { client_id: 'plain1', ...GRANT } },
      { call: 'GET /connections?name=google-oauth2' },
      { call: 'GET /connections/con_1/clients' },
      { call: 'PATCH /connections/con_1/clients', body: [{ client_id: 'plain1', status: true }] },
    ])
    expect(webhook.api.tokenRequests).toHaveLength(1)
    expect(webhook.api.faults).toEqual([])
    expect(webhook.api.connections.get('google-oauth2')?.enabledClients).toEqual(
      new Set(['another', 'plain1']),
    )
    expect(webhook.served.lines).toContainEqual(
      expect.objectContaining({
        severity: 'INFO',
        message: 'client_admitted',
        client: 'plain1',
        client_name: 'ChatGPT',
        mode: 'permissive',
        way: 'promoted',
      }),
    )
  })

  test('of a strict client, which cannot be promoted, to the letter', async () => {
    const webhook = await start()
    const answer = await webhook.deliver(registration('tpc_1'))
    expect(answer.status).toBe(200)
    expect(callsOf(webhook)).toEqual([
      { call: 'GET /clients/tpc_1' },
      {
        call: expect.stringMatching(
          /^GET \/client-grants\?(?=.*client_id=tpc_1)(?=.*audience=https%3A%2F%2Fmcp\.test%2Fmcp)/,
        ),
      },
      {
        call: 'POST /client-grants',
        body: { client_id: 'tpc_1', ...GRANT },
      },
      { call: 'GET /connections?name=google-oauth2' },
      { call: 'PATCH /connections/con_1', body: { is_domain_connection: true } },
    ])
    expect(webhook.api.faults).toEqual([])
  })

  test('the connection keeps its display name and realms, which Auth0 resets otherwise', async () => {
    const webhook = await start()
    const kept = { display_name: 'Staff', realms: ['example.com'] }
    Object.assign(webhook.api.connections.get('google-oauth2') ?? {}, kept)
    await webhook.deliver(registration('tpc_1'))
    expect(writesOf(webhook).at(-1)).toMatchObject({
      path: '/connections/con_1',
      body: { is_domain_connection: true, ...kept },
    })
  })

  test('the client id alone tells a strict client', async () => {
    const { third_party_security_mode: _, ...client } = STRICT
    const webhook = await start({ clients: [client] })
    await webhook.deliver(registration('tpc_1'))
    expect(callsOf(webhook).map(({ call }) => call)).not.toContain('PATCH /clients/tpc_1')
    expect(webhook.api.grants).toHaveLength(1)
  })

  test.each(['plain1', 'tpc_1'])('%s gets every login connection', async (id) => {
    const webhook = await start({ env: { GOOGLE_CONNECTION_NAME: 'google-oauth2,corp' } })
    await webhook.deliver(registration(id))
    const patched = writesOf(webhook).map(({ path }) => path)
    const tail = id === 'tpc_1' ? '' : '/clients'
    expect(patched).toEqual(
      expect.arrayContaining([`/connections/con_1${tail}`, `/connections/con_2${tail}`]),
    )
  })

  test.each(['plain1', 'tpc_1'])('a redelivery of %s changes nothing', async (id) => {
    const webhook = await start()
    await webhook.deliver(registration(id))
    webhook.api.calls.length = 0
    const again = await webhook.deliver(registration(id))
    expect(again.status).toBe(200)
    expect(outcomesIn(again)).toEqual([
      { log_id: `log_${id}`, client_id: id, outcome: 'already_admitted', way: wayOf(id) },
    ])
    expect(writesOf(webhook)).toEqual([])
    expect(webhook.api.tokenRequests).toHaveLength(1)
  })

  test.each(['plain1', 'tpc_1'])('what was half done for %s is completed', async (id) => {
    const webhook = await start()
    webhook.api.fail('GET /connections', { status: 403 })
    expect((await webhook.deliver(registration(id))).status).toBe(503)
    webhook.api.mended()
    webhook.api.calls.length = 0
    expect((await webhook.deliver(registration(id))).status).toBe(200)
    expect(writesOf(webhook).map(({ path }) => path)).toEqual([
      id === 'tpc_1' ? '/connections/con_1' : '/connections/con_1/clients',
    ])
  })

  test.each(['plain1', 'tpc_1'])('concurrent deliveries of %s do the work once', async (id) => {
    const webhook = await start()
    webhook.api.stageDelay(20)
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => webhook.deliver([registration(id), registration(id)])),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    const writes = writesOf(webhook).map(({ method, path }) => `${method} ${path}`)
    expect(writes).toHaveLength(id === 'tpc_1' ? 2 : 3)
    expect(new Set(writes).size).toBe(writes.length)
    expect(webhook.api.tokenRequests).toHaveLength(1)
  })

  test('a grant that somebody else makes in between is as good', async () => {
    const webhook = await start()
    const meanwhile = () => webhook.api.addGrants({ id: 'cgr_0', client_id: 'tpc_1', ...GRANT })
    webhook.api.fail('POST /client-grants', { status: 409, meanwhile })
    const answer = await webhook.deliver(registration('tpc_1'))
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer)).toMatchObject([{ outcome: 'admitted' }])
  })

  test.each([
    { name: 'all the scopes', grant: { scope: ['events:write', 'events:read'] } },
    { name: 'more', grant: { scope: ['events:read', 'events:write', 'theirs'] } },
    { name: 'whatever the API has', grant: { scope: [], allow_all_scopes: true } },
  ])('a grant for users with $name is left as it is', async ({ grant }) => {
    const webhook = await start()
    webhook.api.addGrants({ id: 'cgr_0', client_id: 'tpc_1', ...GRANT, ...grant })
    await webhook.deliver(registration('tpc_1'))
    expect(writesOf(webhook).map(({ path }) => path)).toEqual(['/connections/con_1'])
  })

  test('a grant for users with fewer scopes gets those that the tools need', async () => {
    const webhook = await start()
    const scope = ['theirs', 'events:read']
    webhook.api.addGrants({ id: 'cgr_0', client_id: 'tpc_1', ...GRANT, scope })
    await webhook.deliver(registration('tpc_1'))
    expect(writesOf(webhook)[0]).toEqual({
      method: 'PATCH',
      path: '/client-grants/cgr_0',
      body: { scope: ['theirs', 'events:read', 'events:write'] },
    })
    webhook.api.calls.length = 0
    const again = await webhook.deliver(registration('tpc_1'))
    expect(outcomesIn(again)).toMatchObject([{ outcome: 'already_admitted' }])
    expect(writesOf(webhook)).toEqual([])
  })

  test('a grant for the client itself is none for its users', async () => {
    const webhook = await start()
    const grant = { client_id: 'tpc_1', audience: 'https://mcp.test/mcp', scope: ['events:read'] }
    webhook.api.addGrants({ id: 'cgr_0', ...grant, subject_type: 'client' })
    await webhook.deliver(registration('tpc_1'))
    expect(webhook.api.grants.map(({ subject_type }) => subject_type)).toEqual(['client', 'user'])
  })
})

describe("Auth0's marker", () => {
  const description = 'Client ID Metadata Document registration'
  const selfCimd = { external_metadata_type: 'cimd', external_metadata_created_by: 'client' }
  const imported = { external_metadata_type: 'cimd', external_metadata_created_by: 'admin' }
  const dcr = { external_metadata_type: 'dcr', external_metadata_created_by: 'client' }

  test.each([
    { name: 'dcr', marker: dcr, outcome: 'admitted' },
    { name: 'cimd by itself', marker: selfCimd, outcome: 'admitted' },
    { name: 'cimd by an administrator', marker: imported, outcome: 'refused' },
    { name: 'none', marker: {}, outcome: 'admitted' },
  ])('$name: $outcome', async ({ marker, outcome }) => {
    const webhook = await start({ clients: [{ ...STRICT, ...marker }] })
    const answer = await webhook.deliver(registration('tpc_1'))
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer)).toMatchObject([{ client_id: 'tpc_1', outcome }])
    expect(webhook.api.grants).toHaveLength(outcome === 'admitted' ? 1 : 0)
  })

  test.each([
    {
      name: 'registered itself',
      marker: selfCimd,
      outcome: 'admitted',
      message: 'client_admitted',
    },
    { name: 'was imported', marker: imported, outcome: 'ignored', message: 'client_ignored' },
    { name: 'has none', marker: {}, outcome: 'ignored', message: 'client_ignored' },
  ])('a record of a metadata document: the client $name', async ({ marker, outcome, message }) => {
    const webhook = await start({ clients: [{ ...STRICT, ...marker }] })
    const answer = await webhook.deliver(registration('tpc_1', { description }))
    expect(outcomesIn(answer)).toMatchObject([{ client_id: 'tpc_1', outcome }])
    const written = { severity: 'INFO', message, client: 'tpc_1' }
    expect(webhook.served.lines).toContainEqual(expect.objectContaining(written))
    expect(webhook.api.grants).toHaveLength(outcome === 'admitted' ? 1 : 0)
  })

  test('a certain record counts more than such a one, in either order', async () => {
    for (const last of [0, 1]) {
      const webhook = await start()
      const records = [registration('tpc_1', { description }), registration('tpc_1')]
      const answer = await webhook.deliver(last === 0 ? records.reverse() : records)
      expect(outcomesIn(answer)).toMatchObject([{ outcome: 'admitted' }, { outcome: 'admitted' }])
    }
  })
})

describe('a promotion that Auth0 refuses', () => {
  const refusal = { status: 403, errorCode: 'operation_not_supported' }

  test('the outcome and the log say which way was taken, and why', async () => {
    const webhook = await start()
    webhook.api.fail('PATCH /clients/:id', refusal)
    const answer = await webhook.deliver(registration('plain1'))
    expect(answer.status).toBe(200)
    const served = { way: 'granted', promotion: 'client_promote_http_403' }
    expect(outcomesIn(answer)).toEqual([
      { log_id: 'log_plain1', client_id: 'plain1', outcome: 'admitted', ...served },
    ])
    expect(webhook.served.lines).toContainEqual(
      expect.objectContaining({ message: 'client_admitted', mode: 'permissive', ...served }),
    )
    const again = await webhook.deliver(registration('plain1'))
    expect(outcomesIn(again)).toMatchObject([{ outcome: 'already_admitted', way: 'granted' }])
  })

  test('a failure of the other way names both codes', async () => {
    const webhook = await start()
    webhook.api.fail('PATCH /clients/:id', refusal)
    webhook.api.fail('POST /client-grants', { status: 400 })
    const answer = await webhook.deliver(registration('plain1'))
    expect(answer.status).toBe(200)
    const promotion = 'client_promote_http_403'
    expect(outcomesIn(answer)).toMatchObject([
      { outcome: 'failed', reason: 'grant_create_http_400', promotion },
    ])
    expect(webhook.served.lines).toContainEqual(
      expect.objectContaining({
        message: 'admission_failed',
        code: 'grant_create_http_400',
        promotion,
      }),
    )
  })
})

test('THIRD_PARTY_ACCESS=open makes no client grant', async () => {
  const webhook = await start({ env: { THIRD_PARTY_ACCESS: 'open' } })
  const answer = await webhook.deliver([registration('plain1'), registration('tpc_1')])
  expect(outcomesIn(answer).map(({ outcome }) => outcome)).toEqual(['admitted', 'admitted'])
  expect(webhook.api.grants).toEqual([])
  expect(webhook.api.calls.some(({ path }) => path.startsWith('/client-grants'))).toBe(false)
})

describe('redirect URIs', () => {
  const good = [
    'https://chatgpt.com/connector_platform_oauth_redirect',
    'https://chatgpt.com/connector/oauth/abc123',
    CALLBACK,
  ]
  const foreign: readonly (readonly string[])[] = [
    [],
    ['https://evil.example/callback'],
    [CALLBACK, 'https://evil.example/callback'],
    ['http://chatgpt.com/connector/oauth/abc'],
    ['https://chatgpt.com.evil.example/connector/oauth/abc'],
    ['https://evil.example/https://chatgpt.com/connector/oauth/abc'],
    ['https://sub.chatgpt.com/connector/oauth/abc'],
    ['https://chatgpt.com:8443/connector/oauth/abc'],
    ['https://chatgpt.com@evil.example/connector/oauth/abc'],
    ['https://user:pass@chatgpt.com/connector/oauth/abc'],
    [`${CALLBACK}?next=https://evil.example`],
    [`${CALLBACK}#fragment`],
    [`${CALLBACK}/more`],
    ['https://chatgpt.com/connector/oauth/'],
    ['https://chatgpt.com/connector/oauth/../../evil'],
    ['https://chatgpt.com/connector/oauth/a%2Fb'],
    ['HTTPS://chatgpt.com/connector/oauth/abc'],
    ['javascript:alert(1)'],
    ['not a uri'],
  ]

  test.each(good)('%s is admitted', async (uri) => {
    const webhook = await start({ clients: [{ ...STRICT, callbacks: [uri] }] })
    expect(outcomesIn(await webhook.deliver(registration('tpc_1')))).toMatchObject([
      { outcome: 'admitted' },
    ])
  })

  test.each(foreign.map((callbacks) => ({ callbacks })))('$callbacks: refused', async (row) => {
    const webhook = await start({ clients: [{ ...PERMISSIVE, callbacks: row.callbacks }] })
    const answer = await webhook.deliver(registration('plain1'))
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer)).toMatchObject([{ outcome: 'refused' }])
    expect(callsOf(webhook)).toEqual([{ call: 'GET /clients/plain1' }])
    expect(webhook.served.lines).toContainEqual(
      expect.objectContaining({
        severity: 'WARNING',
        message: 'client_refused',
        client: 'plain1',
        reason: 'redirect_uri_not_covered',
      }),
    )
  })

  test('CLIENT_REDIRECT_URIS takes the place of the default', async () => {
    const env = { CLIENT_REDIRECT_URIS: 'http://127.0.0.1::port/callback/:id, https://a.test/cb' }
    const callbacks = ['http://127.0.0.1:4711/callback/x', 'https://a.test/cb']
    const mine = { ...STRICT, callbacks }
    const webhook = await start({ env, clients: [mine, PERMISSIVE] })
    const answer = await webhook.deliver([registration('tpc_1'), registration('plain1')])
    expect(outcomesIn(answer).map(({ outcome }) => outcome)).toEqual(['admitted', 'refused'])
  })
})

describe('DCR_POLICY', () => {
  const FOREIGN = { ...STRICT, client_id: 'tpc_evil', callbacks: ['https://evil.example/cb'] }
  const clients = [PERMISSIVE, STRICT, FOREIGN]
  const records = clients.map(({ client_id }) => registration(client_id))

  test('observe only looks', async () => {
    const webhook = await start({ env: { DCR_POLICY: 'observe' }, clients })
    const answer = await webhook.deliver(records)
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer).map(({ outcome }) => outcome)).toEqual([
      'observed',
      'observed',
      'refused',
    ])
    expect(writesOf(webhook)).toEqual([])
  })

  test('enforce admits, and deletes what no pattern covers', async () => {
    const webhook = await start({ env: { DCR_POLICY: 'enforce' }, clients })
    const answer = await webhook.deliver(records)
    expect(outcomesIn(answer).map(({ outcome }) => outcome)).toEqual([
      'admitted',
      'admitted',
      'deleted',
    ])
    expect([...webhook.api.clients.keys()]).toEqual(['plain1', 'tpc_1'])
    const deletions = writesOf(webhook).filter(({ method }) => method === 'DELETE')
    expect(deletions.map(({ path }) => path)).toEqual(['/clients/tpc_evil'])
    expect(webhook.served.lines).toContainEqual(
      expect.objectContaining({ severity: 'WARNING', message: 'client_deleted' }),
    )
  })

  test('enforce never deletes a first-party client', async () => {
    const mine = { ...FOREIGN, client_id: 'mine', is_first_party: true }
    const webhook = await start({ env: { DCR_POLICY: 'enforce' }, clients: [mine] })
    expect(outcomesIn(await webhook.deliver(registration('mine')))).toMatchObject([
      { outcome: 'refused' },
    ])
    expect(writesOf(webhook)).toEqual([])
  })

  test('a redelivery after the deletion settles', async () => {
    const webhook = await start({ env: { DCR_POLICY: 'enforce' }, clients: [FOREIGN] })
    await webhook.deliver(registration('tpc_evil'))
    const again = await webhook.deliver(registration('tpc_evil'))
    expect(again.status).toBe(200)
    expect(writesOf(webhook)).toHaveLength(1)
  })
})

describe('failures', () => {
  const rows: readonly {
    id: string
    operation: string
    step: string
    scope: string
    grants?: readonly FakeGrant[]
  }[] = [
    { id: 'plain1', operation: 'GET /clients/:id', step: 'client_read', scope: 'read:clients' },
    {
      id: 'plain1',
      operation: 'PATCH /clients/:id',
      step: 'client_promote',
      scope: 'update:clients',
    },
    { id: 'plain1', operation: 'GET /connections', step: 'conn_lookup', scope: 'read:connections' },
    {
      id: 'plain1',
      operation: 'PATCH /connections/:id/clients',
      step: 'conn_enable',
      scope: 'update:connections',
    },
    {
      id: 'tpc_1',
      operation: 'GET /client-grants',
      step: 'grant_lookup',
      scope: 'read:client_grants',
    },
    {
      id: 'tpc_1',
      operation: 'POST /client-grants',
      step: 'grant_create',
      scope: 'create:client_grants',
    },
    {
      id: 'plain1',
      operation: 'POST /client-grants',
      step: 'grant_create',
      scope: 'create:client_grants',
    },
    {
      id: 'tpc_1',
      operation: 'PATCH /client-grants/:id',
      step: 'grant_update',
      scope: 'update:client_grants',
      grants: [{ id: 'cgr_0', client_id: 'tpc_1', ...GRANT, scope: ['events:read'] }],
    },
    { id: 'tpc_1', operation: 'GET /connections', step: 'conn_lookup', scope: 'read:connections' },
    {
      id: 'tpc_1',
      operation: 'PATCH /connections/:id',
      step: 'conn_enable',
      scope: 'update:connections',
    },
  ]

  test.each(rows)('$operation without $scope: 403, again later', async (row) => {
    const webhook = await start()
    webhook.api.addGrants(...(row.grants ?? []))
    webhook.api.fail(row.operation, { status: 403, message: 'Insufficient scope' })
    const answer = await webhook.deliver(registration(row.id))
    expect(answer.status).toBe(503)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    const failure = { reason: `${row.step}_http_403`, missing_scope: row.scope }
    expect(outcomesIn(answer)).toMatchObject([{ client_id: row.id, outcome: 'failed', ...failure }])
    expect(webhook.served.lines).toContainEqual(
      expect.objectContaining({
        severity: 'ERROR',
        message: 'admission_failed',
        client: row.id,
        code: failure.reason,
        missing_scope: row.scope,
      }),
    )
  })

  // A promotion that answers 400 is refused, and the client served the other way.
  const final = rows.filter(({ step }) => step !== 'client_read' && step !== 'client_promote')
  test.each(final)(
    '$operation answers 400: it can never succeed, so it is settled',
    async (row) => {
      const webhook = await start()
      webhook.api.addGrants(...(row.grants ?? []))
      webhook.api.fail(row.operation, { status: 400 })
      const answer = await webhook.deliver(registration(row.id))
      expect(answer.status).toBe(200)
      expect(outcomesIn(answer)).toMatchObject([
        { outcome: 'failed', reason: `${row.step}_http_400` },
      ])
    },
  )

  test('a connection of no such name', async () => {
    const webhook = await start()
    webhook.api.connections.clear()
    const answer = await webhook.deliver(registration('plain1'))
    expect(outcomesIn(answer)).toMatchObject([{ reason: 'conn_lookup_not_found' }])
  })

  test.each([401, 403])('no Management API token: mgmt_token_http_%i', async (status) => {
    const webhook = await start()
    webhook.api.stageTokenStatus(status)
    const answer = await webhook.deliver(registration('plain1'))
    expect(answer.status).toBe(503)
    expect(outcomesIn(answer)).toMatchObject([{ reason: `mgmt_token_http_${status}` }])
    expect(webhook.api.calls).toEqual([])
    expect(JSON.stringify(webhook.served.lines)).not.toContain(MGMT_CLIENT_SECRET)
  })

  test('a tenant that cannot be reached', async () => {
    const closed = await startManagementApi()
    await closed[Symbol.asyncDispose]()
    const webhook = await start({ env: { MGMT_DOMAIN: closed.domain } })
    const answer = await webhook.deliver(registration('plain1'))
    expect(answer.status).toBe(503)
    expect(outcomesIn(answer)).toMatchObject([{ reason: expect.stringMatching(/_unreachable$/) }])
  })

  test('a client that Auth0 does not know yet is asked for again', async () => {
    const webhook = await start()
    webhook.api.fail('GET /clients/:id', { status: 404, times: 2 })
    const answer = await webhook.deliver(registration('plain1'))
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer)).toMatchObject([{ outcome: 'admitted' }])
  })

  test.each([
    { name: 'a new one may still come', ageMs: 5_000, status: 503 },
    { name: 'an old one is gone', ageMs: 3_600_000, status: 200 },
  ])('a client that is never found: $name', async ({ ageMs, status }) => {
    const webhook = await start({ clients: [] })
    const date = new Date(Date.now() - ageMs).toISOString()
    const answer = await webhook.deliver(registration('plain1', { date }))
    expect(answer.status).toBe(status)
    expect(outcomesIn(answer)).toMatchObject([{ reason: 'client_read_http_404' }])
    expect(webhook.api.calls).toHaveLength(3)
  })

  test('old clients that are gone are not waited for one by one', async () => {
    const webhook = await start()
    const gone = ['tpc_2', 'tpc_3', 'tpc_4'].map((id) => registration(id))
    const date = new Date().toISOString()
    const records = [...gone, registration('tpc_5', { date }), registration('tpc_1')]
    const answer = await webhook.deliver(records)
    expect(outcomesIn(answer).map(({ outcome }) => outcome)).toEqual([
      ...['failed', 'failed', 'failed', 'failed'],
      'admitted',
    ])
    const reads = (id: string) =>
      webhook.api.calls.filter(({ path }) => path === `/clients/${id}`).length
    expect(['tpc_2', 'tpc_3', 'tpc_4', 'tpc_5', 'tpc_1'].map(reads)).toEqual([3, 1, 1, 3, 1])
  })

  test('one failure does not keep the others from being settled', async () => {
    const webhook = await start()
    webhook.api.fail('PATCH /connections/:id', { status: 403 })
    const records = [{ data: { type: 's' } }, registration('tpc_1'), registration('plain1')]
    const answer = await webhook.deliver(records)
    expect(answer.status).toBe(503)
    expect(outcomesIn(answer).map(({ outcome }) => outcome)).toEqual([
      'ignored',
      'failed',
      'admitted',
    ])
  })

  test('what is not reached in time comes with the next delivery', async () => {
    let now = Date.now()
    const webhook = await start({
      now: () => {
        now += 15_000
        return now
      },
    })
    const answer = await webhook.deliver([registration('plain1'), registration('tpc_1')])
    expect(answer.status).toBe(503)
    expect(outcomesIn(answer)).toMatchObject([
      { outcome: 'admitted' },
      { outcome: 'deferred', retry: true },
    ])
  })
})

// Auth0's client waits whole seconds between tries, so these wait side by side.
describe.concurrent('what passes', () => {
  function rateLimit(): Readonly<Record<string, string>> {
    const reset = Math.floor(Date.now() / 1000) + 1
    return {
      'x-ratelimit-limit': '2',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': `${reset}`,
    }
  }

  test('429 once: tried again', async () => {
    await using webhook = await startAlone()
    webhook.api.fail('PATCH /clients/:id', { status: 429, times: 1, headers: rateLimit() })
    const answer = await webhook.deliver(registration('plain1'))
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer)).toMatchObject([{ outcome: 'admitted' }])
    const tries = writesOf(webhook).filter(({ path }) => path === '/clients/plain1')
    expect(tries).toHaveLength(2)
  })

  test.each([429, 500, 503])('%i each time: again with the next delivery', async (status) => {
    await using webhook = await startAlone()
    webhook.api.fail('GET /connections', { status, headers: { 'retry-after': '1' } })
    const answer = await webhook.deliver(registration('plain1'))
    expect(answer.status).toBe(503)
    expect(outcomesIn(answer)).toMatchObject([{ reason: `conn_lookup_http_${status}` }])
    webhook.api.mended()
    const again = await webhook.deliver(registration('plain1'))
    expect(again.status).toBe(200)
    expect(outcomesIn(again)).toMatchObject([{ outcome: 'admitted' }])
  })

  test('an API that does not answer: client_read_timeout', async () => {
    await using webhook = await startAlone()
    webhook.api.stageDelay(9_000)
    const answer = await webhook.deliver(registration('plain1'))
    expect(answer.status).toBe(503)
    expect(outcomesIn(answer)).toMatchObject([{ reason: 'client_read_timeout' }])
  })

  /** Not in `running`, which the test that ends first would empty. */
  async function startAlone() {
    const webhook = await start()
    const owned = [webhook.served, webhook.api]
    for (const one of owned) running.splice(running.indexOf(one), 1)
    return {
      ...webhook,
      [Symbol.asyncDispose]: async () => {
        for (const one of owned) await one[Symbol.asyncDispose]()
      },
    }
  }
})
