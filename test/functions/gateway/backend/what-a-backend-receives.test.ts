import { createHash, createHmac } from 'node:crypto'
import { jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { backendCalls, callAbout } from '../../../support/gateway/backend-calls.ts'
import { JSON_TYPE } from '../../../support/gateway/mcp.ts'
import { gatewayStack } from '../../../support/gateway/stack.ts'
import type { BackendCall } from '../../../support/http/backend.ts'
import { HMAC_SECRET, handshakeMessage, statelessRequest } from '../../../support/http/serve.ts'

const stack = await gatewayStack()
const { issuer, backend, start } = stack
const { callListEvents, onlyCall } = backendCalls(stack)

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('the request to the backend', () => {
  const MINE = ['accept', 'connection', 'content-length', 'content-type', 'host', 'x-request-id']
  const STATEMENT = ['x-gateway-assertion', 'x-gateway-sig', 'x-user-uid']

  test('has only the documented header fields and nothing else of the client', async () => {
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

  test('has the assertion but no user fields if the call is anonymous', async () => {
    await callAbout(await start(), { 'x-user-uid': 'auth0:mallory', 'x-gateway-sig': 'forged' })
    const call = onlyCall()
    expect(call.headerNames).toEqual([...MINE, 'x-gateway-assertion'].sort())
    const { payload } = await verifyAssertion(call, 'about')
    expect(payload).not.toHaveProperty('sub')
    expect(payload).not.toHaveProperty('client_id')
    expect(payload).not.toHaveProperty('scope')
  })

  test('includes the path of FUNCTIONS_BASE', async () => {
    await callAbout(await start({}, { functionsBase: `${backend.url}/api/` }))
    expect(onlyCall().path).toBe('/api/about')
  })

  test.each([
    { name: 'the header field', field: TRACEPARENT, meta: undefined, sent: TRACEPARENT },
    { name: '_meta', field: undefined, meta: TRACEPARENT, sent: TRACEPARENT },
    { name: 'the header field before _meta', field: TRACEPARENT, meta: '00-x', sent: TRACEPARENT },
    { name: 'neither', field: undefined, meta: undefined, sent: undefined },
    { name: 'not a number in _meta', field: undefined, meta: 7, sent: undefined },
    { name: 'not an invalid value in _meta', field: undefined, meta: 'hello', sent: undefined },
    {
      name: 'not a line break in _meta',
      field: undefined,
      meta: `${TRACEPARENT}\r\nx-user-uid: auth0:mallory`,
      sent: undefined,
    },
    { name: 'not an invalid header field', field: 'Bearer abc', meta: undefined, sent: undefined },
  ])('has a valid traceparent of the client: from $name', async ({ field, meta, sent }) => {
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

describe('the assertion', () => {
  test('verifies with a JWT library and covers the body and the user', async () => {
    const before = Math.floor(Date.now() / 1_000)
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
    expect(payload.iat).toBeGreaterThanOrEqual(before)
    expect(payload.iat).toBeLessThanOrEqual(Date.now() / 1_000)
  })

  test('comes with an x-gateway-sig that verifies as in older backends', async () => {
    const before = Math.floor(Date.now() / 1_000)
    await callListEvents(await start())
    const { headers } = onlyCall()
    const uid = String(headers['x-user-uid'])
    const signature = String(headers['x-gateway-sig'])
    const [, seconds, hex] = signature.slice(uid.length).split('.')
    expect(signature.startsWith(`${uid}.`)).toBe(true)
    expect(uid).toBe('auth0:auth0|alice')
    expect(hex).toBe(createHmac('sha256', HMAC_SECRET).update(`${uid}.${seconds}`).digest('hex'))
    expect(Number(seconds)).toBeGreaterThanOrEqual(before)
    expect(Number(seconds)).toBeLessThanOrEqual(Date.now() / 1_000)
  })

  test.each([
    { sub: 'google-oauth2|1234', uid: 'auth0:google-oauth2|1234' },
    { sub: 'waad|a.b@c.example', uid: 'auth0:waad|a.b@c.example' },
    { sub: 'auth0|zoë', uid: 'auth0:auth0|zo%C3%AB' },
    { sub: 'a%C3%AB', uid: 'auth0:a%25C3%25AB' },
    { sub: 'line\r\nbreak', uid: 'auth0:line%0D%0Abreak' },
  ])('has the subject $sub, and x-user-uid is $uid', async ({ sub, uid }) => {
    await callListEvents(await start(), {}, { sub })
    const call = onlyCall()
    expect(call.headers['x-user-uid']).toBe(uid)
    const { payload } = await verifyAssertion(call, 'listEvents')
    expect(payload.sub).toBe(sub)
  })

  test('has client_id from azp if the token has no client_id', async () => {
    await callListEvents(await start(), {}, { client_id: undefined, azp: 'old-client' })
    const { payload } = await verifyAssertion(onlyCall(), 'listEvents')
    expect(payload).toMatchObject({ client_id: 'old-client' })
  })

  test('is signed with the first of two secrets', async () => {
    const newer = 'a-newer-secret-for-tests-only-0123456789'
    await callListEvents(await start({ GATEWAY_HMAC_SECRET: `${newer},${HMAC_SECRET}` }))
    await expect(verifyAssertion(onlyCall(), 'listEvents', newer)).resolves.toBeDefined()
  })

  test('has a different request ID for each call', async () => {
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
