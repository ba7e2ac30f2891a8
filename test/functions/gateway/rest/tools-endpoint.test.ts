import { describe, expect, test } from 'vitest'
import { bearer, JSON_TYPE, METADATA } from '../../../support/gateway/mcp.ts'
import { callTool, expectProblem } from '../../../support/gateway/rest.ts'
import { ALL_PRIVATE, EVENTS, gatewayStack } from '../../../support/gateway/stack.ts'
import { handshakeMessage } from '../../../support/http/serve.ts'

type Json = Readonly<Record<string, unknown>>

const NOT_AN_OBJECT = 'Send a JSON object.'
const NOT_JSON = 'The body is not JSON. Send a JSON object.'
const { issuer, backend, start } = await gatewayStack()

/** The header field of a user's access token. */
async function user(claims?: Json) {
  return bearer(await issuer.token(claims))
}

describe('POST /tools/{toolName}', () => {
  test('passes JSON arguments to the backend and returns its JSON', async () => {
    const answer = await callTool(await start(), 'listEvents', { limit: 3 }, await user())
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.json()).toEqual(EVENTS)
    expect(backend.calls.map(({ body }) => body)).toEqual(['{"limit":3}'])
  })

  test.each([
    { body: [1, 'two', null], type: 'application/json' },
    { body: 7, type: 'application/json' },
    { body: null, type: 'application/vnd.example+json' },
  ])('returns any JSON value: $body', async ({ body, type }) => {
    backend.script('about', { body, contentType: type })
    const answer = await callTool(await start(), 'about')
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual(body)
  })

  const large = '{"id":1234567890123456789,"most":1e400}'
  test('passes on numbers as written if JavaScript cannot represent them', async () => {
    backend.script('about', { body: large })
    const served = await start()
    expect((await callTool(served, 'about', large)).text).toBe(large)
    const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"about","arguments":${large}}}`
    const headers = JSON_TYPE
    const mcp = await served.send({ method: 'POST', path: '/mcp', headers, body: call })
    expect(mcp.json()).toMatchObject({ result: { content: [{ text: large }] } })
    expect(backend.calls.map(({ body }) => body)).toEqual([large, large])
  })

  test('validates a number that JavaScript cannot represent', async () => {
    backend.script('count', { body: large })
    const schema = { type: 'object', properties: { id: { type: 'integer', minimum: 2 ** 60 } } }
    const count = { scopes: [], inputSchema: schema, outputSchema: schema }
    const served = await start({ TOOLS: JSON.stringify({ count }) })
    expect((await callTool(served, 'count', '{"id":1234567890123456789}')).text).toBe(large)
    expectProblem(await callTool(served, 'count', '{"id":-1234567890123456789}'), 400)
    const call = handshakeMessage('tools/call', { name: 'count', arguments: {} })
    const mcp = await served.send({ method: 'POST', path: '/mcp', headers: JSON_TYPE, body: call })
    expect(mcp.text).toContain(`"structuredContent":${large}`)
  })

  test('returns text as text', async () => {
    backend.script('about', { contentType: 'text/plain', body: 'hëllo' })
    const answer = await callTool(await start(), 'about')
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(answer.text).toBe('hëllo')
  })

  test('returns 204 for an empty response', async () => {
    backend.script('about', { status: 204, body: '' })
    const answer = await callTool(await start(), 'about')
    expect(answer.status).toBe(204)
    expect(answer.text).toBe('')
  })

  test('calls the tool without arguments if the request has no body', async () => {
    const answer = await (await start()).send({ method: 'POST', path: '/tools/about' })
    expect(answer.status).toBe(200)
    expect(backend.calls.map(({ body }) => body)).toEqual(['{}'])
  })

  test.each([
    { name: 'malformed JSON', body: '{', headers: {}, status: 400, detail: NOT_JSON },
    { name: 'an array', body: '[]', headers: {}, status: 400, detail: NOT_AN_OBJECT },
    { name: 'null', body: 'null', headers: {}, status: 400 },
    {
      name: 'a body that is not UTF-8',
      body: Buffer.from([0x7b, 0xff, 0x7d]),
      headers: {},
      status: 400,
      detail: NOT_JSON,
    },
    {
      name: 'the content type text/plain',
      body: 'a=1',
      headers: { 'content-type': 'text/plain' },
      status: 415,
    },
    { name: 'a content coding', body: '{}', headers: { 'content-encoding': 'gzip' }, status: 415 },
    {
      name: 'a body of 2 MiB',
      body: { text: 'x'.repeat(2 * 1024 * 1024) },
      headers: {},
      status: 413,
    },
    {
      name: 'two tokens',
      body: {},
      headers: { authorization: ['Bearer a', 'Bearer b'] },
      status: 400,
    },
  ])('returns $status with problem+json: $name', async ({ body, headers, status, detail }) => {
    const answer = await callTool(await start(), 'about', body, headers)
    expectProblem(answer, status)
    if (detail !== undefined) expect(answer.json()).toMatchObject({ detail })
    expect(backend.calls).toEqual([])
  })

  test.each(['noSuchTool', 'toString', '__proto__', 'constructor', 'listevents', 'list%45vents'])(
    'returns 404 for the unknown tool %s',
    async (name) => {
      expectProblem(await callTool(await start(), name, {}, await user()), 404)
      expect(backend.calls).toEqual([])
    },
  )

  test('does not reveal without a token which tools exist', async () => {
    const served = await start(ALL_PRIVATE)
    for (const tool of ['listEvents', 'noSuchTool']) {
      const answer = await callTool(served, tool)
      expectProblem(answer, 401)
      expect(answer.headers['www-authenticate']).toBe(
        `Bearer scope="events:read events:write", resource_metadata="${METADATA}"`,
      )
    }
  })

  test('returns 401 and 403 to ChatGPT instead of a tool result', async () => {
    const served = await start()
    const agent = { 'user-agent': 'openai-mcp/1.0.0' }
    expectProblem(await callTool(served, 'listEvents', {}, agent), 401)
    expectProblem(await callTool(served, 'addEvent', {}, { ...agent, ...(await user()) }), 403)
  })

  test.each(['GET', 'PUT', 'DELETE', 'HEAD'])('returns 405 with Allow for %s', async (method) => {
    const answer = await (await start()).send({ method, path: '/tools/about' })
    expect(answer.status).toBe(405)
    expect(answer.headers.allow).toBe('POST, OPTIONS')
    expect(answer.headers['cache-control']).toBe('no-store')
    if (method !== 'HEAD') expect(answer.text).toContain('"title":"Method Not Allowed"')
  })

  test('returns 403 with problem+json for an origin that is not allowed', async () => {
    const answer = await callTool(await start(), 'about', {}, { origin: 'https://evil.example' })
    expectProblem(answer, 403)
    expect(backend.calls).toEqual([])
  })

  test('accepts a preflight of an allowed origin', async () => {
    const served = await start({ APP_ORIGIN: 'https://app.example' })
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' }
    const answer = await served.send({ method: 'OPTIONS', path: '/tools/about', headers })
    expect(answer.status).toBe(204)
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example')
  })
})
