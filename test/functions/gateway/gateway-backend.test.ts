import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Worker } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { jwtVerify, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createByteBudget } from '../../../functions/gateway/backend/response-budget.ts'
import { SendError, send } from '../../../functions/gateway/backend/send.ts'
import {
  type Backend,
  type BackendCall,
  type Script,
  startBackend,
} from '../../support/http/backend.ts'
import { type Issuer, startIssuer } from '../../support/http/issuer.ts'
import {
  type Answer,
  type GatewayOptions,
  HMAC_SECRET,
  handshakeMessage,
  type SendOptions,
  type Served,
  serveGateway,
  statelessRequest,
  TOOLS,
} from '../../support/http/serve.ts'

type Json = Readonly<Record<string, unknown>>

const JSON_TYPE = { 'content-type': 'application/json' }
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

let issuer: Issuer
let backend: Backend
const running: AsyncDisposable[] = []

beforeAll(async () => {
  issuer = await startIssuer()
  backend = await startBackend()
})
beforeEach(() => backend.reset())
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one[Symbol.asyncDispose]()))
})
afterAll(async () => {
  await issuer[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

async function start(
  env: Readonly<Record<string, string>> = {},
  options: Partial<GatewayOptions> = {},
): Promise<Served> {
  const base = { issuer: issuer.url, functionsBase: backend.url }
  const served = await serveGateway({ ...base, ...options, env })
  running.push(served)
  return served
}

function callAbout(served: Served, headers: SendOptions['headers'] = {}): Promise<Answer> {
  return served.send({
    method: 'POST',
    path: '/mcp',
    headers: { ...JSON_TYPE, ...headers },
    body: handshakeMessage('tools/call', { name: 'about', arguments: {} }),
  })
}

async function callListEvents(served: Served, args: Json = {}, claims?: Json): Promise<Answer> {
  return served.send({
    method: 'POST',
    path: '/tools/listEvents',
    headers: { ...JSON_TYPE, authorization: `Bearer ${await issuer.token(claims)}` },
    body: args,
  })
}

function onlyCall(): BackendCall {
  expect(backend.calls).toHaveLength(1)
  const [call] = backend.calls
  if (call === undefined) throw new Error('no call')
  return call
}

function reasonsIn({ lines }: Served): unknown[] {
  return lines.filter(({ message }) => message === 'tool_answered').map(({ reason }) => reason)
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('what arrives at the backend', () => {
  const MINE = ['accept', 'connection', 'content-length', 'content-type', 'host', 'x-request-id']
  const STATEMENT = ['x-gateway-assertion', 'x-gateway-sig', 'x-user-uid']

  test('these header fields and nothing else of the client', async () => {
    const served = await start()
    const token = await issuer.token()
    const headers = {
      ...JSON_TYPE,
      authorization: `Bearer ${token}`,
      cookie: 'session=1',
      'user-agent': 'client/1',
      accept: 'text/event-stream',
      'accept-language': 'de',
      'x-user-uid': 'auth0:mallory',
      'x-gateway-sig': 'forged',
      'x-gateway-assertion': 'forged',
      'x-request-id': 'forged',
      'x-serverless-authorization': 'Bearer forged',
      'x-forwarded-for': '6.6.6.6',
      'x-forwarded-host': 'evil.example',
      'x-cloud-trace-context': '0af7651916cd43dd8448eb211c80319c/1;o=1',
      forwarded: 'for=6.6.6.6',
      tracestate: 'vendor=1',
      baggage: 'a=1',
      traceparent: TRACEPARENT,
    }
    const params = { name: 'listEvents', arguments: { limit: 1 }, _meta: { secret: 'meta' } }
    const body = handshakeMessage('tools/call', params)
    await served.send({ method: 'POST', path: '/mcp?query=1', headers, body })

    const call = onlyCall()
    expect(call.headerNames).toEqual([...MINE, 'traceparent', ...STATEMENT].sort())
    expect(call).toMatchObject({ method: 'POST', path: '/listEvents', body: '{"limit":1}' })
    expect(call.headers).toMatchObject({
      'content-type': 'application/json',
      accept: 'application/json',
      traceparent: TRACEPARENT,
      'x-user-uid': 'auth0:auth0|alice',
      host: new URL(backend.url).host,
    })
    const received = JSON.stringify([call.headers, call.path, call.body])
    for (const foreign of [token, 'forged', 'evil', '6.6.6.6', 'session', 'mallory', 'meta']) {
      expect(received).not.toContain(foreign)
    }
    const [record] = served.lines.filter(({ message }) => message === 'tool_called')
    expect(call.headers['x-request-id']).toBe(record?.['request_id'])
  })

  test('a call without a user carries the assertion alone', async () => {
    await callAbout(await start(), { 'x-user-uid': 'auth0:mallory', 'x-gateway-sig': 'forged' })
    const call = onlyCall()
    expect(call.headerNames).toEqual([...MINE, 'x-gateway-assertion'].sort())
    const { payload } = await verifyAssertion(call, 'about')
    expect(payload).not.toHaveProperty('sub')
    expect(payload).not.toHaveProperty('client_id')
    expect(payload).not.toHaveProperty('scope')
  })

  test('the base may have a path', async () => {
    await callAbout(await start({}, { functionsBase: `${backend.url}/api/` }))
    expect(onlyCall().path).toBe('/api/about')
  })

  test.each([
    { name: 'the field', field: TRACEPARENT, meta: undefined, sent: TRACEPARENT },
    { name: '_meta', field: undefined, meta: TRACEPARENT, sent: TRACEPARENT },
    { name: 'the field before _meta', field: TRACEPARENT, meta: '00-x', sent: TRACEPARENT },
    { name: 'neither', field: undefined, meta: undefined, sent: undefined },
    { name: 'a number in _meta', field: undefined, meta: 7, sent: undefined },
    { name: 'a _meta that is none', field: undefined, meta: 'hello', sent: undefined },
    {
      name: 'a _meta that breaks the line',
      field: undefined,
      meta: `${TRACEPARENT}\r\nx-user-uid: auth0:mallory`,
      sent: undefined,
    },
    { name: 'a field that is none', field: 'Bearer abc', meta: undefined, sent: undefined },
  ])('traceparent: $name', async ({ field, meta, sent }) => {
    const served = await start()
    const { headers, body } = statelessRequest('tools/call', { name: 'about' })
    const message = {
      ...body,
      params: { ...body.params, _meta: { ...body.params._meta, traceparent: meta } },
    }
    const answer = await served.send({
      method: 'POST',
      path: '/mcp',
      headers: { ...headers, ...(field !== undefined && { traceparent: field }) },
      body: message,
    })
    expect(answer.status).toBe(200)
    expect(onlyCall().headers['traceparent']).toBe(sent)
  })
})

describe('the statement', () => {
  test('x-gateway-assertion verifies with a JWT library, body and user bound', async () => {
    await callListEvents(await start(), { limit: 2 })
    const call = onlyCall()
    const { payload, protectedHeader } = await verifyAssertion(call, 'listEvents')
    expect(protectedHeader).toEqual({ alg: 'HS256', typ: 'JWT' })
    expect(payload).toEqual({
      iss: 'https://mcp.test',
      aud: `${backend.url}/listEvents`,
      htm: 'POST',
      htu: `${backend.url}/listEvents`,
      sub: 'auth0|alice',
      client_id: 'tpc_chatgpt',
      scope: 'events:read',
      tool: 'listEvents',
      iat: expect.any(Number),
      exp: (payload.iat ?? 0) + 60,
      jti: call.headers['x-request-id'],
      body_sha256: createHash('sha256').update(call.body).digest('hex'),
    })
    expect(Math.abs((payload.iat ?? 0) - Date.now() / 1000)).toBeLessThan(5)
  })

  test('x-gateway-sig verifies as the backends of old do it', async () => {
    await callListEvents(await start())
    const { headers } = onlyCall()
    const uid = String(headers['x-user-uid'])
    const signature = String(headers['x-gateway-sig'])
    const [, seconds, hex] = signature.slice(uid.length).split('.')
    expect(signature.startsWith(`${uid}.`)).toBe(true)
    expect(uid).toBe('auth0:auth0|alice')
    expect(hex).toBe(createHmac('sha256', HMAC_SECRET).update(`${uid}.${seconds}`).digest('hex'))
    expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(5)
  })

  test.each([
    { sub: 'google-oauth2|1234', uid: 'auth0:google-oauth2|1234' },
    { sub: 'waad|a.b@c.example', uid: 'auth0:waad|a.b@c.example' },
    { sub: 'auth0|zoë', uid: 'auth0:auth0|zo%C3%AB' },
    { sub: 'a%C3%AB', uid: 'auth0:a%25C3%25AB' },
    { sub: 'line\r\nbreak', uid: 'auth0:line%0D%0Abreak' },
  ])('subject $sub', async ({ sub, uid }) => {
    await callListEvents(await start(), {}, { sub })
    const call = onlyCall()
    expect(call.headers['x-user-uid']).toBe(uid)
    const { payload } = await verifyAssertion(call, 'listEvents')
    expect(payload.sub).toBe(sub)
  })

  test("Auth0's azp is the client where there is no client_id", async () => {
    await callListEvents(await start(), {}, { client_id: undefined, azp: 'old-client' })
    const { payload } = await verifyAssertion(onlyCall(), 'listEvents')
    expect(payload).toMatchObject({ client_id: 'old-client' })
  })

  test('the newer of two secrets signs', async () => {
    const newer = 'a-newer-secret-for-tests-only-0123456789'
    await callListEvents(await start({ GATEWAY_HMAC_SECRET: `${newer},${HMAC_SECRET}` }))
    await expect(verifyAssertion(onlyCall(), 'listEvents', newer)).resolves.toBeDefined()
  })

  test('two calls share no id', async () => {
    const served = await start()
    await callListEvents(served)
    await callListEvents(served)
    const ids = backend.calls.map(({ headers }) => headers['x-request-id'])
    expect(new Set(ids).size).toBe(2)
  })
})

function verifyAssertion({ headers }: BackendCall, tool: string, secret = HMAC_SECRET) {
  return jwtVerify(String(headers['x-gateway-assertion']), Buffer.from(secret), {
    algorithms: ['HS256'],
    issuer: 'https://mcp.test',
    audience: `${backend.url}/${tool}`,
    requiredClaims: ['exp', 'iat', 'jti'],
  })
}

describe('a backend in trouble', () => {
  interface Trouble {
    readonly name: string
    readonly script: Script
    readonly reason: string
    readonly status: number
  }
  const events = { events: ['dentist'] }
  const troubles: readonly Trouble[] = [
    { name: 'answers late', script: { delayMs: 5_000 }, reason: 'backend_timeout', status: 504 },
    {
      name: 'drips past the time-out',
      script: { body: { events: ['x'.repeat(100)] }, manner: 'drip' },
      reason: 'backend_timeout',
      status: 504,
    },
    { name: 'resets', script: { manner: 'reset' }, reason: 'backend_unreachable', status: 502 },
    {
      name: 'changes the protocol',
      script: { manner: 'upgrade' },
      reason: 'backend_unreachable',
      status: 502,
    },
    {
      name: 'stops in the middle',
      script: { body: events, manner: 'truncate' },
      reason: 'backend_unreachable',
      status: 502,
    },
    {
      name: 'answers with too much',
      script: { body: { events: ['x'.repeat(5 * 1024 * 1024)] } },
      reason: 'backend_oversized',
      status: 502,
    },
    {
      name: 'answers with too much, in pieces',
      script: { body: { events: ['x'.repeat(5 * 1024 * 1024)] }, manner: 'chunked' },
      reason: 'backend_oversized',
      status: 502,
    },
    {
      name: 'redirects',
      script: { status: 302, headers: { location: '/elsewhere' } },
      reason: 'backend_http_302',
      status: 502,
    },
    {
      name: 'redirects with the method',
      script: { status: 307, headers: { location: '/elsewhere' } },
      reason: 'backend_http_307',
      status: 502,
    },
    {
      name: 'answers with a page',
      script: { contentType: 'text/html', body: '<p>Sign in</p>' },
      reason: 'backend_content_type',
      status: 502,
    },
    {
      name: 'answers with an image',
      script: { contentType: 'image/png', body: 'png' },
      reason: 'backend_content_type',
      status: 502,
    },
    {
      name: 'answers with JSON that is none',
      script: { body: '{"events":' },
      reason: 'backend_not_json',
      status: 502,
    },
    {
      name: 'answers with bytes that are not UTF-8',
      script: { body: Buffer.from([0x22, 0xff, 0x22]) },
      reason: 'backend_not_utf8',
      status: 502,
    },
    {
      name: 'answers in a coding nobody asked for',
      script: {
        body: gzipSync(JSON.stringify(events)),
        headers: { 'content-encoding': 'gzip' },
      },
      reason: 'backend_content_encoding',
      status: 502,
    },
    {
      name: 'breaks its outputSchema',
      script: { body: { events: 'dentist' } },
      reason: 'backend_output_schema',
      status: 502,
    },
    {
      name: 'breaks its outputSchema in a CallToolResult',
      script: { body: { content: [], structuredContent: { events: 7 } } },
      reason: 'backend_output_schema',
      status: 502,
    },
    {
      name: 'leaves the promised structure out of a CallToolResult',
      script: { body: { content: [{ type: 'text', text: 'hi' }] } },
      reason: 'backend_output_schema',
      status: 502,
    },
    {
      name: 'answers with text instead of the promised structure',
      script: { contentType: 'text/plain', body: 'hi' },
      reason: 'backend_output_unstructured',
      status: 502,
    },
    {
      name: 'answers with nothing instead of the promised structure',
      script: { body: '' },
      reason: 'backend_output_unstructured',
      status: 502,
    },
    { name: 'fails', script: { status: 500 }, reason: 'backend_http_500', status: 502 },
    { name: 'is away', script: { status: 503 }, reason: 'backend_http_503', status: 502 },
  ]

  test.each(troubles)('that $name: a plain sentence, the cause in the log', async (trouble) => {
    backend.script('listEvents', trouble.script)
    const isLate = trouble.reason === 'backend_timeout'
    const served = await start({ BACKEND_TIMEOUT_MS: isLate ? '600' : '10000' })
    const rest = await callListEvents(served)
    expect(rest.status).toBe(trouble.status)

    const mcp = await served.send({
      method: 'POST',
      path: '/mcp',
      headers: { ...JSON_TYPE, authorization: `Bearer ${await issuer.token()}` },
      body: handshakeMessage('tools/call', { name: 'listEvents' }),
    })
    expect(mcp.status).toBe(200)
    expect(mcp.json()).toMatchObject({
      result: {
        isError: true,
        content: [{ type: 'text', text: expect.stringMatching(/^The tool/) }],
      },
    })
    expect(mcp.json<{ result: Json }>().result).not.toHaveProperty('structuredContent')
    expect(reasonsIn(served)).toEqual([trouble.reason, trouble.reason])
    expect(served.lines).toContainEqual(
      expect.objectContaining({
        message: 'tool_answered',
        severity: 'ERROR',
        status: trouble.status,
      }),
    )
    expect(backend.calls.map(({ path }) => path)).toEqual(['/listEvents', '/listEvents'])
    for (const answer of [rest, mcp]) {
      expect(answer.text).not.toMatch(/ECONN|127\.0\.0\.1|backend_|stack/)
    }
  })

  test('answers with too much in all to a batch: what is too much fails, and nothing grows', async () => {
    backend.script('about', { contentType: 'text/plain', body: 'x'.repeat(1024 * 1024) })
    const served = await start()
    const message = handshakeMessage('tools/call', { name: 'about' })
    const answer = await served.send({
      method: 'POST',
      path: '/mcp',
      headers: JSON_TYPE,
      body: Array.from({ length: 8 }, (_, id) => ({ ...message, id })),
    })
    expect(answer.status).toBe(200)
    expect(answer.text.length).toBeLessThan(5 * 1024 * 1024)
    expect(reasonsIn(served)).toContain('backend_oversized')
    expect(answer.json<unknown[]>()).toHaveLength(8)
  })

  test('that refuses the connection', async () => {
    const closed = await startBackend()
    await closed[Symbol.asyncDispose]()
    const served = await start({}, { functionsBase: closed.url })
    const answer = await callListEvents(served)
    expect(answer.status).toBe(502)
    expect(reasonsIn(served)).toEqual(['backend_unreachable'])
    expect(answer.text).not.toMatch(/ECONN|127\.0\.0\.1/)
  })

  test("a tool's own timeoutMs is shorter than everybody's", async () => {
    backend.script('about', { delayMs: 10_000 })
    const tools = { about: { ...TOOLS.about, timeoutMs: 50 } }
    const served = await start({ TOOLS: JSON.stringify(tools), BACKEND_TIMEOUT_MS: '15000' })
    expect((await callAbout(served)).json()).toMatchObject({ result: { isError: true } })
    expect(reasonsIn(served)).toEqual(['backend_timeout'])
  })

  test("but never longer than everybody's", async () => {
    backend.script('about', { delayMs: 1_000 })
    const tools = { about: { ...TOOLS.about, timeoutMs: 60_000 } }
    const served = await start({ TOOLS: JSON.stringify(tools), BACKEND_TIMEOUT_MS: '50' })
    await callAbout(served)
    expect(reasonsIn(served)).toEqual(['backend_timeout'])
  })

  test('a time-out ends the call at the backend', async () => {
    backend.script('about', { delayMs: 10_000 })
    await callAbout(await start({ BACKEND_TIMEOUT_MS: '500' }))
    await onlyCall().abandoned
  })

  test('a call that goes wrong is not made again', async () => {
    backend.script('about', { manner: 'reset' })
    const served = await start()
    await callAbout(served)
    backend.script('about', {})
    await callAbout(served)
    expect(backend.calls).toHaveLength(2)
  })
})

describe('what a backend says when it refuses', () => {
  test.each([
    { body: { message: 'No such calendar.' }, said: 'No such calendar.' },
    { body: { detail: 'No such calendar.', title: 'Not Found' }, said: 'No such calendar.' },
    { body: { error: 'no_calendar' }, said: 'no_calendar' },
    { body: { error: { message: 'Nope.' } }, said: 'Nope.' },
    { body: { title: 'Gone' }, said: 'Gone' },
    { body: {}, said: 'The tool refused the call (HTTP 404).' },
    { body: '<html>', said: 'The tool refused the call (HTTP 404).' },
    { body: { message: 7 }, said: 'The tool refused the call (HTTP 404).' },
  ])('$body', async ({ body, said }) => {
    backend.script('about', { status: 404, body })
    const served = await start()
    expect((await callAbout(served)).json()).toMatchObject({
      result: { isError: true, content: [{ type: 'text', text: said }] },
    })
    expect(reasonsIn(served)).toEqual(['backend_http_404'])
    expect(JSON.stringify(served.lines)).not.toContain('No such calendar')
  })

  test('is bounded', async () => {
    backend.script('about', { status: 422, body: { message: 'x'.repeat(100_000) } })
    const answer = await callAbout(await start())
    expect(answer.text.length).toBeLessThan(1_000)
  })

  test.each([400, 404, 409, 410, 422, 429])('%i is passed on over REST', async (status) => {
    backend.script('listEvents', { status, body: { message: 'no' } })
    expect((await callListEvents(await start())).status).toBe(status)
  })

  test.each([401, 403, 407])(
    '%i is about us, not the caller, who must not drop a good token',
    async (status) => {
      backend.script('listEvents', {
        status,
        headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
      })
      const served = await start()
      const rest = await callListEvents(served)
      expect(rest.status).toBe(502)
      expect(rest.headers['www-authenticate']).toBeUndefined()
      const mcp = await served.send({
        method: 'POST',
        path: '/mcp',
        headers: {
          ...JSON_TYPE,
          'user-agent': 'openai-mcp/1.0.0',
          authorization: `Bearer ${await issuer.token()}`,
        },
        body: handshakeMessage('tools/call', { name: 'listEvents' }),
      })
      expect(mcp.status).toBe(200)
      expect(mcp.headers['www-authenticate']).toBeUndefined()
      expect(mcp.text).not.toContain('www_authenticate')
    },
  )

  test("none of the backend's header fields reaches the client", async () => {
    backend.script('about', { headers: { 'set-cookie': 'a=1', 'x-powered-by': 'x', etag: '"1"' } })
    const answer = await callAbout(await start())
    for (const name of ['set-cookie', 'x-powered-by', 'etag']) {
      expect(answer.headers[name]).toBeUndefined()
    }
  })
})

/** In a thread of its own: answers with the number of the call, then resets the connection. */
async function startResettingBackend() {
  const resets = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(
    `const { parentPort, workerData: resets } = require('node:worker_threads')
    let calls = 0
    const server = require('node:http').createServer((req, res) => {
      req.resume().on('end', () => res.end(String(++calls), () => setTimeout(() => {
        req.socket.resetAndDestroy()
        Atomics.add(resets, 0, 1)
        Atomics.notify(resets, 0)
      }, 20)))
    })
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`,
    { eval: true, workerData: resets },
  )
  const [port] = await once(worker, 'message')
  /** Blocks this thread until so many connections have been reset: it learns of none of them. */
  const outlive = (count: number) => {
    for (let seen = 0; seen < count; seen = Atomics.load(resets, 0)) {
      Atomics.wait(resets, 0, seen, 5_000)
    }
  }
  return { port, worker, outlive }
}

/** What is answered, or the failure. */
function postTo(port: number, body: string, timeoutMs = 5_000): Promise<unknown> {
  return send(
    {
      method: 'POST',
      origin: `http://127.0.0.1:${port}`,
      path: '/about',
      headers: {},
      body,
    },
    { timeoutMs, budget: createByteBudget(1_000_000), signal: new AbortController().signal },
  ).then(
    (answer) => answer.body.toString(),
    (error: unknown) => (error instanceof SendError ? error.failure : error),
  )
}

describe('connections', () => {
  test('a client that hangs up ends the call at the backend', async () => {
    backend.script('about', { delayMs: 5_000 })
    const served = await start()
    const controller = new AbortController()
    const call = served.send({
      method: 'POST',
      path: '/tools/about',
      headers: JSON_TYPE,
      body: {},
      signal: controller.signal,
    })
    await until(() => backend.calls.length === 1)
    controller.abort()
    await expect(call).rejects.toThrow()
    await onlyCall().abandoned
    await until(() => reasonsIn(served).length === 1)
    expect(reasonsIn(served)).toEqual(['backend_aborted'])
  })

  test('a client that hangs up while its token is checked calls nothing', async () => {
    const served = await start()
    const authorization = `Bearer ${await issuer.token()}`
    issuer.staged.delayMs = 200
    const controller = new AbortController()
    const call = served.send({
      method: 'POST',
      path: '/tools/listEvents',
      headers: { ...JSON_TYPE, authorization },
      body: {},
      signal: controller.signal,
    })
    issuer.requests.length = 0
    await until(() => issuer.requests.length === 1)
    delete issuer.staged.delayMs
    controller.abort()
    await expect(call).rejects.toThrow()
    await until(() => reasonsIn(served).length === 1)
    expect(reasonsIn(served)).toEqual(['backend_aborted'])
    expect(backend.calls).toEqual([])
  })

  test('the connection to the backend is used again', async () => {
    const served = await start()
    for (let calls = 0; calls < 5; calls += 1) await callAbout(served)
    expect(new Set(backend.calls.map(({ port }) => port)).size).toBe(1)
  })

  test('also after refusals and failures', async () => {
    const served = await start()
    for (const status of [200, 404, 500, 302, 204]) {
      backend.script('about', { status, body: status === 204 ? '' : {} })
      await callAbout(served)
    }
    expect(new Set(backend.calls.map(({ port }) => port)).size).toBe(1)
  })

  // On a busy machine the end of a connection may be read before the call: then it is another case.
  const unlessBusy = { retry: 5 }

  test(
    'a kept connection that died before the next call is replaced, and the call made once',
    unlessBusy,
    async () => {
      const { port, worker, outlive } = await startResettingBackend()
      const call = (body: string) => postTo(port, body)
      expect(await call('first')).toBe('1')
      outlive(1)
      expect(await call('second')).toBe('2')
      expect(await call('third')).toBe('3')
      outlive(3)
      // Of a large call a part may have been sent.
      expect(await call('x'.repeat(10_000))).toBe('unreachable')
      await worker.terminate()
    },
  )

  test('kept connections whose end is read before a call starts cost it nothing, however large', async () => {
    const { port, worker, outlive } = await startResettingBackend()
    await Promise.all([postTo(port, 'first'), postTo(port, 'second')])
    await new Promise(setImmediate)
    outlive(2)
    expect(await postTo(port, 'x'.repeat(10_000))).toBe('3')
    await worker.terminate()
  })

  test('a call given up while it waits for a connection leaves that to the next', async () => {
    let connections = 0
    const server = createServer((req, res) => {
      req.resume().on('end', () => setTimeout(() => res.end('done'), 400))
    }).on('connection', () => {
      connections += 1
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const callAll = () => Promise.all(Array.from({ length: 200 }, () => postTo(port, 'whole')))
    const first = callAll()
    const waiting = Array.from({ length: 50 }, () => postTo(port, 'waiting', 50))
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['timeout']))
    expect(new Set([...(await first), ...(await callAll())])).toEqual(new Set(['done']))
    expect(connections).toBe(200)
    server.closeAllConnections()
    server.close()
  })

  test('many calls at once all arrive', async () => {
    backend.script('about', { delayMs: 50 })
    const served = await start()
    const answers = await Promise.all(Array.from({ length: 50 }, () => callAbout(served)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(backend.calls).toHaveLength(50)
  })
})

describe('BACKEND_AUTH=google', () => {
  interface MetadataServer extends AsyncDisposable {
    readonly host: string
    readonly requests: { readonly url: URL; readonly headers: IncomingHttpHeaders }[]
    readonly staged: { status: number; expiresInSeconds: number; delayMs: number }
  }

  async function startMetadataServer(): Promise<MetadataServer> {
    const requests: MetadataServer['requests'] = []
    const staged = { status: 200, expiresInSeconds: 3_600, delayMs: 20 }
    const server = createServer(async (req, res) => {
      const url = new URL(req.url ?? '', 'http://metadata')
      requests.push({ url, headers: req.headers })
      const token = await new SignJWT({ n: requests.length })
        .setProtectedHeader({ alg: 'HS256' })
        .setAudience(url.searchParams.get('audience') ?? '')
        .setExpirationTime(Math.floor(Date.now() / 1000) + staged.expiresInSeconds)
        .sign(Buffer.from(HMAC_SECRET))
      setTimeout(() => res.writeHead(staged.status).end(token), staged.delayMs)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const started: MetadataServer = {
      host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      requests,
      staged,
      [Symbol.asyncDispose]: async () => {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      },
    }
    running.push(started)
    return started
  }

  function startGoogle({ host }: MetadataServer): Promise<Served> {
    return start({ BACKEND_AUTH: 'google' }, { dependencies: { metadataHost: host } })
  }

  test("the function's ID token goes along, beside the statement", async () => {
    const metadata = await startMetadataServer()
    await callAbout(await startGoogle(metadata))
    const { headers } = onlyCall()
    const [scheme, token] = String(headers['x-serverless-authorization']).split(' ')
    expect(scheme).toBe('Bearer')
    const { payload } = await jwtVerify(String(token), Buffer.from(HMAC_SECRET))
    expect(payload.aud).toBe(backend.url)
    expect(headers.authorization).toBeUndefined()
    expect(headers['x-gateway-assertion']).toBeDefined()

    const [request] = metadata.requests
    expect(request?.url.pathname).toBe(
      '/computeMetadata/v1/instance/service-accounts/default/identity',
    )
    expect(request?.headers['metadata-flavor']).toBe('Google')
  })

  test('one is fetched for many calls at once, and kept', async () => {
    const metadata = await startMetadataServer()
    const served = await startGoogle(metadata)
    await Promise.all(Array.from({ length: 10 }, () => callAbout(served)))
    await callAbout(served)
    expect(backend.calls).toHaveLength(11)
    expect(metadata.requests).toHaveLength(1)
  })

  test('one that is about to expire is replaced', async () => {
    const metadata = await startMetadataServer()
    metadata.staged.expiresInSeconds = 200
    const served = await startGoogle(metadata)
    await callAbout(served)
    await callAbout(served)
    expect(metadata.requests).toHaveLength(2)
  })

  test('without one nothing is called, and the next call asks again', async () => {
    const metadata = await startMetadataServer()
    metadata.staged.status = 404
    const served = await startGoogle(metadata)
    expect((await callAbout(served)).json()).toMatchObject({
      result: { isError: true, content: [{ text: 'The tool cannot be reached right now.' }] },
    })
    expect(backend.calls).toEqual([])
    expect(reasonsIn(served)).toEqual(['backend_identity_unavailable'])

    metadata.staged.status = 200
    expect((await callAbout(served)).json()).not.toMatchObject({ result: { isError: true } })
    expect(backend.calls).toHaveLength(1)
  })

  test('without BACKEND_AUTH there is none', async () => {
    const metadata = await startMetadataServer()
    await callAbout(await start({}, { dependencies: { metadataHost: metadata.host } }))
    expect(onlyCall().headers['x-serverless-authorization']).toBeUndefined()
    expect(metadata.requests).toEqual([])
  })
})
