import { describe, expect, test } from 'vitest'
import {
  bearer,
  callOf,
  challengeIn,
  codeOf,
  JSON_TYPE,
  OPENAI,
  post,
  postStateless,
} from '../../../support/gateway/mcp.ts'
import { ALL_PRIVATE, gatewayStack } from '../../../support/gateway/stack.ts'
import { handshakeMessage } from '../../../support/http/serve.ts'

const { issuer, backend, start } = await gatewayStack()

describe('protocol errors', () => {
  test.each([
    { name: 'malformed JSON', body: '{"jsonrpc":', code: -32700, id: null },
    { name: 'no body', body: '', code: -32700, id: null },
    {
      name: 'bytes that are not UTF-8',
      body: Buffer.from([0x22, 0xff, 0x22]),
      code: -32700,
      id: null,
    },
    { name: 'a number as its body', body: '7', code: -32600, id: null },
    { name: 'null as its body', body: 'null', code: -32600, id: null },
    { name: 'no jsonrpc', body: { id: 1, method: 'ping' }, code: -32600, id: 1 },
    {
      name: 'JSON-RPC 1.0',
      body: { jsonrpc: '1.0', id: 'a', method: 'ping' },
      code: -32600,
      id: 'a',
    },
    { name: 'no method', body: { jsonrpc: '2.0', id: 1 }, code: -32600, id: 1 },
    {
      name: 'a null id',
      body: { jsonrpc: '2.0', id: null, method: 'ping' },
      code: -32600,
      id: null,
    },
    {
      name: 'an object as id',
      body: { jsonrpc: '2.0', id: {}, method: 'ping' },
      code: -32600,
      id: null,
    },
    {
      name: 'params as a list',
      body: { jsonrpc: '2.0', id: 1, method: 'ping', params: [1] },
      code: -32600,
      id: 1,
    },
  ])('an invalid message gets 400 with error $code: $name', async ({ body, code, id }) => {
    const served = await start()
    const answer = await post(served, body)
    expect(answer.status).toBe(400)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.json()).toMatchObject({ jsonrpc: '2.0', id, error: { code } })
  })

  test.each(['text/plain', 'application/jsonp', 'application/x-ndjson', 'multipart/form-data', ''])(
    'the content type "%s" gets 415',
    async (type) => {
      const served = await start()
      const headers = type === '' ? {} : { 'content-type': type }
      const body = callOf('about')
      const answer = await served.send({ method: 'POST', path: '/mcp', headers, body })
      expect(answer.status).toBe(415)
      expect(backend.calls).toEqual([])
    },
  )

  test.each([{}, OPENAI])(
    'a missing token gets 401 before the content type is checked: %j',
    async (agent) => {
      const headers = { ...agent, 'content-type': 'text/plain' }
      const answer = await post(await start(ALL_PRIVATE), callOf('listEvents'), headers)
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toContain('resource_metadata=')
    },
  )

  test.each(['application/json; charset=utf-8', 'Application/JSON'])(
    'the content type "%s" is accepted',
    async (type) => {
      const answer = await post(await start(), callOf('about'), { 'content-type': type })
      expect(answer.status).toBe(200)
    },
  )

  test.each(['gzip', 'br', ''])('the content coding "%s" gets 415', async (coding) => {
    const answer = await post(await start(), callOf('about'), { 'content-encoding': coding })
    expect(answer.status).toBe(415)
    expect(backend.calls).toEqual([])
  })

  test('a body without a content coding is accepted', async () => {
    const answer = await post(await start(), callOf('about'))
    expect(answer.status).toBe(200)
  })

  test('a body of 2 MiB gets 413, and the response arrives', async () => {
    const served = await start()
    const answer = await post(served, callOf('about', { text: 'x'.repeat(2 * 1024 * 1024) }))
    expect(answer.status).toBe(413)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(backend.calls).toEqual([])
  })

  test.each(['GET', 'DELETE', 'PUT', 'PATCH', 'HEAD'])('%s gets 405 with Allow', async (method) => {
    const served = await start()
    const headers = bearer(await issuer.token())
    const answer = await served.send({ method, path: '/mcp', headers })
    expect(answer.status).toBe(405)
    expect(answer.headers.allow).toBe('POST, OPTIONS')
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  test.each([
    '/',
    '/sse',
    '/mcp/x',
    '/mcp/.well-known/oauth-protected-resource',
    '/tools/',
    '/health',
  ])('the path %s gets 404 with JSON', async (path) => {
    const answer = await (await start()).send({
      method: 'POST',
      path,
      headers: JSON_TYPE,
      body: {},
    })
    expect(answer.status).toBe(404)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  test.each([undefined, '*/*', 'application/json', 'text/event-stream', 'text/html', ''])(
    'the response is JSON for Accept %s',
    async (accept) => {
      const served = await start()
      const headers = accept === undefined ? {} : { accept }
      for (const answer of [
        await post(served, handshakeMessage('tools/list'), headers),
        await postStateless(served, 'tools/list', {}, headers),
        await post(served, callOf('about'), headers),
      ]) {
        expect(answer.status).toBe(200)
        expect(answer.headers['content-type']).toBe('application/json')
      }
    },
  )

  test.each([0, -1, 9_007_199_254_740_991, '', 'a', '1', 'ünï "code"'])(
    'the response has the id of the request: %j',
    async (id) => {
      const served = await start()
      const answers = await Promise.all([
        post(served, { ...handshakeMessage('ping'), id }),
        post(served, { ...handshakeMessage('no/such'), id }),
        post(served, { ...callOf('listEvents'), id }, OPENAI),
      ])
      for (const answer of answers) expect(answer.json()).toMatchObject({ id })
    },
  )

  test.each([
    'noSuchTool',
    'toString',
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'listevents',
    '../addEvent',
    '',
  ])('the unknown tool "%s" gets error -32602', async (name) => {
    const served = await start()
    const headers = bearer(await issuer.token())
    for (const answer of [
      await post(served, callOf(name), headers),
      await postStateless(served, 'tools/call', { name, arguments: {} }, headers),
    ]) {
      expect(codeOf(answer)).toBe(-32602)
    }
    expect(backend.calls).toEqual([])
  })

  test.each([{}, { name: 7 }, { name: 'about', arguments: [] }, { name: 'about', arguments: 'x' }])(
    'tools/call with %j gets error -32602',
    async (params) => {
      const answer = await post(await start(), handshakeMessage('tools/call', params))
      expect(codeOf(answer)).toBe(-32602)
      expect(backend.calls).toEqual([])
    },
  )

  test.each([{ toString: 1, valueOf: 1 }, ['about'], null])(
    'a tool name that is not a string names no tool: %j',
    async (name) => {
      const served = await start(ALL_PRIVATE)
      const message = handshakeMessage('tools/call', { name })
      const refused = await post(served, message, OPENAI)
      expect(challengeIn(refused)).toEqual([expect.stringContaining('error="insufficient_scope"')])
      const batch = await post(served, [message], bearer(await issuer.token()))
      expect(batch.json()).toMatchObject([{ id: 1, error: { code: -32602 } }])
    },
  )

  test('an unknown cursor gets error -32602', async () => {
    const answer = await post(await start(), handshakeMessage('tools/list', { cursor: 'x' }))
    expect(codeOf(answer)).toBe(-32602)
  })
})
