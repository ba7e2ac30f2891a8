import SwaggerParser from '@apidevtools/swagger-parser'
import { beforeEach, describe, expect, test } from 'vitest'
import { createByteBudget } from '../../../../functions/gateway/backend/response-budget.ts'
import { createCallTool, type ToolCall } from '../../../../functions/gateway/call-tool.ts'
import type { CallableTool } from '../../../../functions/gateway/callable-tool.ts'
import { parseGatewayConfig } from '../../../../functions/gateway/config.ts'
import { createRest } from '../../../../functions/gateway/rest.ts'
import type { HttpRequest } from '../../../../shared/http/http.ts'
import { createQueue } from '../../../../shared/json/long-work.ts'
import { createLog } from '../../../../shared/log.ts'
import { JSON_TYPE } from '../../../support/gateway/mcp.ts'
import { gatewayStack } from '../../../support/gateway/stack.ts'
import type { Script } from '../../../support/http/backend.ts'
import {
  HMAC_SECRET,
  handshakeMessage,
  type Served,
  serveGateway,
  statelessRequest,
  TOOLS,
} from '../../../support/http/serve.ts'

const NUMBERS = {
  scopes: [],
  outputSchema: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] },
}
const LIST = { scopes: [], outputSchema: { type: 'array', items: { type: 'integer' } } }
const ENV = { TOOLS: JSON.stringify({ about: { scopes: [] }, numbers: NUMBERS, list: LIST }) }

const { issuer, backend, start } = await gatewayStack()
let served: Served

beforeEach(async () => {
  served = await start(ENV)
})

function rest(tool: string, script: Script) {
  backend.script(tool, script)
  return served.send({ method: 'POST', path: `/tools/${tool}`, headers: JSON_TYPE, body: {} })
}

async function mcp(tool: string, script: Script, era: 'handshake' | 'stateless' = 'stateless') {
  backend.script(tool, script)
  const request =
    era === 'stateless'
      ? statelessRequest('tools/call', { name: tool, arguments: {} })
      : { headers: JSON_TYPE, body: handshakeMessage('tools/call', { name: tool, arguments: {} }) }
  const answer = await served.send({ method: 'POST', path: '/mcp', ...request })
  expect(answer.status).toBe(200)
  return answer.json<{ result: Record<string, unknown> }>().result
}

function audits() {
  const records = served.lines.filter(({ message }) => String(message).startsWith('tool_'))
  return records.map(({ status, reason, severity }) => ({ status, reason, severity }))
}

const said = (text: string) => [{ type: 'text', text }]

describe('a CallToolResult of a backend over REST', () => {
  const result = { content: said('one'), structuredContent: { n: 1 }, isError: null, _meta: null }

  test('is returned as its structuredContent', async () => {
    const answer = await rest('numbers', { body: result })
    expect([answer.status, answer.json()]).toEqual([200, { n: 1 }])
  })

  test('is returned as text if it has no structuredContent', async () => {
    const answer = await rest('about', { body: { content: [...said('one'), ...said('two')] } })
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect([answer.status, answer.text]).toEqual([200, 'one\ntwo'])
  })

  test('is returned as 204 if its content is empty', async () => {
    expect((await rest('about', { body: { content: [] } })).status).toBe(204)
  })

  test('is returned as its content blocks if they are not all text', async () => {
    const content = [...said('one'), { type: 'image', data: 'aGk=', mimeType: 'image/png' }]
    const answer = await rest('about', { body: { content, _meta: { a: 1 } } })
    expect([answer.status, answer.json()]).toEqual([200, { content }])
  })

  test.each(['about', 'numbers'])(
    'is returned as problem+json with 422 if isError is true, for the tool %s',
    async (tool) => {
      const body = { ...result, content: said('quota\nexceeded'), isError: true }
      const answer = await rest(tool, { body })
      expect(answer.status).toBe(422)
      expect(answer.headers['content-type']).toBe('application/problem+json')
      expect(answer.json()).toEqual({
        type: 'about:blank',
        title: 'Unprocessable Content',
        status: 422,
        detail: 'quota exceeded',
      })
      expect(audits()).toContainEqual({ status: 422, reason: 'tool_error', severity: 'NOTICE' })
      expect(JSON.stringify(served.lines)).not.toContain('quota')
    },
  )
})

describe('a 429 or 503 of a backend', () => {
  test('is passed on for 429 with Retry-After in the header field and in the message', async () => {
    const script = { status: 429, headers: { 'retry-after': '7' }, body: { detail: 'Slow down.' } }
    const answer = await rest('about', script)
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '7'])
    expect(answer.json()).toMatchObject({ detail: 'Slow down. Try again in 7 seconds.' })
    expect(await mcp('about', script)).toMatchObject({
      isError: true,
      content: said('Slow down. Try again in 7 seconds.'),
    })
  })

  test('remains 503 with Retry-After, without the text of the backend', async () => {
    const script = { status: 503, headers: { 'retry-after': '7' }, body: { detail: 'inside' } }
    const answer = await rest('about', script)
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '7'])
    expect(answer.text).not.toContain('inside')
    const result = await mcp('about', script)
    expect(result).toMatchObject({
      content: said('The tool is not available. Try again in 7 seconds.'),
    })
    expect(JSON.stringify(served.lines)).not.toContain('inside')
  })

  test('becomes 502 if Retry-After is invalid', async () => {
    const script = { status: 503, headers: { 'retry-after': 'soon' } }
    const answer = await rest('about', script)
    expect([answer.status, answer.headers['retry-after']]).toEqual([502, undefined])
  })
})

describe('the time limit of a call', () => {
  const caller = undefined
  const authenticator = { authenticate: async () => caller, challenge: () => '' }
  const { catalogue } = parseGatewayConfig({
    PUBLIC_URL: 'https://mcp.test',
    OAUTH_ISSUER: 'https://tenant.test/',
    FUNCTIONS_BASE: 'https://backend.test',
    GATEWAY_HMAC_SECRET: HMAC_SECRET,
    ...ENV,
  })

  test('is 44 seconds over REST, below the 45 seconds of GPT Actions', async () => {
    const calls: ToolCall[] = []
    const answer = createRest({
      authenticator,
      catalogue,
      callTool: async (call) => {
        calls.push(call)
        return { kind: 'text', text: '' }
      },
      rateLimit: async () => ({}),
      queue: createQueue(),
      openBudget: () => createByteBudget(0),
    })
    const log = createLog({ service: 'test', level: 'error', write: () => undefined })
    const body = async () => Buffer.alloc(0)
    const request = { headers: {}, authorization: [], body, log }
    await answer(request as unknown as HttpRequest, 'about')
    expect(calls.map(({ callerTimeoutMs }) => callerTimeoutMs)).toEqual([44_000])
  })

  test('ends the call before the timeout of the backend if it is shorter', async () => {
    backend.script('about', { delayMs: 5_000 })
    const callTool = createCallTool({
      functionsBase: backend.url,
      publicUrl: 'https://mcp.test',
      keys: { secret: HMAC_SECRET },
      timeoutMs: 60_000,
    })
    const outcome = await callTool(
      {
        tool: catalogue.get('about') as CallableTool,
        caller,
        requestId: 'r',
        traceparent: undefined,
        onDisconnect: () => () => undefined,
        callerTimeoutMs: 50,
        budget: createByteBudget(1_000),
        log: createLog({ service: 'test', level: 'error', write: () => undefined }),
        place: createQueue()(),
      },
      { args: {}, isPlain: true, body: '{}' },
    )
    expect(outcome).toMatchObject({ kind: 'failed', failure: { reason: 'backend_timeout' } })
  })
})

describe('the body of a backend response', () => {
  const rows = { rows: 3 }
  test.each([
    'text/html',
    'text/html; charset=utf-8',
    'text/plain',
    'text/json',
    'application/octet-stream',
    'application/x-ndjson',
    '',
  ])('is parsed as JSON with the content type %j', async (contentType) => {
    const answer = await rest('about', { contentType, body: rows })
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json'])
    expect(answer.json()).toEqual(rows)
    expect(await mcp('about', { contentType, body: rows })).toMatchObject({
      content: said('{"rows":3}'),
    })
  })

  test.each(['text/html', 'text/plain', '', 'application/octet-stream'])(
    'is structured content with the content type %j if it matches the outputSchema',
    async (contentType) => {
      expect(await mcp('numbers', { contentType, body: { n: 1 } })).toMatchObject({
        structuredContent: { n: 1 },
      })
      expect(await mcp('list', { contentType, body: [1, 2] })).toMatchObject({
        structuredContent: [1, 2],
      })
    },
  )

  test('is an error result with text/html if isError is true', async () => {
    const body = { content: said('no'), isError: true }
    expect(await mcp('about', { contentType: 'text/html', body })).toEqual(
      expect.objectContaining({ content: said('no'), isError: true }),
    )
  })

  test('is a list if its content type is application/x-ndjson', async () => {
    const body = '{"a":1}\n{"a":12345678901234567890}\n\n'
    const answer = await rest('about', { contentType: 'application/x-ndjson', body })
    expect(answer.text).toBe('[{"a":1},{"a":12345678901234567890}]')
  })

  test('can begin with a byte order mark', async () => {
    expect((await rest('about', { body: '\ufeff{"rows":3}' })).json()).toEqual(rows)
  })

  test.each([
    ['text/plain', '[1]'],
    ['text/plain', '7'],
    ['text/plain', '{rows}'],
    ['text/markdown', '{"rows":3}'],
    ['text/csv', '[1]'],
  ])('remains text with the content type %j: %j', async (contentType, body) => {
    const answer = await rest('about', { contentType, body })
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(answer.text).toBe(body)
  })

  test.each([
    ['text/html', '<!doctype html><p>{"rows":3}</p>', 'backend_content_type'],
    ['text/html', '{"rows":3}<!-- -->', 'backend_content_type'],
    ['text/html', '3', 'backend_content_type'],
    ['', 'rows', 'backend_content_type'],
    ['application/octet-stream', 'rows', 'backend_content_type'],
    ['application/x-ndjson', '{"a":1}\n{"a"', 'backend_not_json'],
    ['application/json', '{"n":NaN}', 'backend_json_nan'],
    ['application/json', '[1, -Infinity ]', 'backend_json_nan'],
    ['application/json', '{"n":NaN', 'backend_not_json'],
    ['application/json', '{"n":undefined}', 'backend_not_json'],
    ['application/json', '{"n":"NaN"', 'backend_not_json'],
  ])('is rejected with the content type %j: %j', async (contentType, body, reason) => {
    expect((await rest('about', { contentType, body })).status).toBe(502)
    expect(audits()).toContainEqual({ status: 502, reason, severity: 'ERROR' })
  })
})

describe('structured content that is a list', () => {
  const body = { content: said('two'), structuredContent: [1, 2], isError: false }

  test('is returned in revision 2026-07-28 and over REST, and as text in older revisions', async () => {
    expect(await mcp('list', { body })).toMatchObject({ structuredContent: [1, 2] })
    expect((await rest('list', { body })).json()).toEqual([1, 2])
    const older = await mcp('list', { body }, 'handshake')
    expect(older).toEqual({ content: said('two'), isError: false })
  })
})

describe('null and empty params and cursors', () => {
  const send = (body: object, fields = {}) =>
    served.send({ method: 'POST', path: '/mcp', headers: { ...JSON_TYPE, ...fields }, body })

  test.each([
    ['tools/list', null],
    ['tools/list', []],
    ['tools/list', { cursor: null }],
    ['tools/list', { cursor: '' }],
    ['ping', null],
    ['ping', []],
    ['initialize', null],
  ])('count as absent in %s: %j', async (method, params) => {
    const answer = await send({ jsonrpc: '2.0', id: 1, method, params })
    expect(answer.status).toBe(200)
    expect(answer.json()).toHaveProperty('result')
  })

  test.each([null, []])('count as absent in a notification: %j', async (params) => {
    const message = { jsonrpc: '2.0', method: 'notifications/initialized', params }
    expect((await send(message)).status).toBe(202)
    expect((await send(message, { 'mcp-protocol-version': '2026-07-28' })).status).toBe(202)
  })

  test.each([null, ''])('count as absent in revision 2026-07-28: the cursor %j', async (cursor) => {
    const request = statelessRequest('tools/list', { cursor })
    const answer = await served.send({ method: 'POST', path: '/mcp', ...request })
    expect(answer.json()).toMatchObject({ result: { tools: expect.any(Array) } })
  })

  test.each([null, []])('cause error -32602 in tools/call: %j', async (params) => {
    const answer = await send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
    expect(answer.json()).toMatchObject({ error: { code: -32602 } })
  })
})

describe('GET /openapi.json', () => {
  const pathsOf = async (query: string) => {
    const answer = await served.send({ path: `/openapi.json${query}` })
    expect(answer.status).toBe(200)
    const document = answer.json<{ paths: object }>()
    await SwaggerParser.validate(answer.json() as never)
    return Object.keys(document.paths)
  }

  test.each([
    ['', ['about', 'numbers', 'list']],
    ['?tools=about', ['about']],
    ['?tools=list,about', ['about', 'list']],
    ['?tools=list%2Cabout,', ['about', 'list']],
    ['?tools=list&tools=about', ['about', 'list']],
    ['?other=1', ['about', 'numbers', 'list']],
  ])('with the query %j describes the tools %j', async (query, tools) => {
    expect(await pathsOf(query)).toEqual(tools.map((tool) => `/tools/${tool}`))
  })

  test.each([
    ['?tools=about,nothing', 404],
    ['?tools=__proto__', 404],
    ['?tools=', 400],
    ['?tools=,', 400],
  ])('with the query %j returns %i', async (query, status) => {
    const answer = await served.send({ path: `/openapi.json${query}` })
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.headers['access-control-allow-origin']).toBe('*')
  })

  test('lists only the scopes of the selected tools', async () => {
    const options = { issuer: issuer.url, functionsBase: backend.url }
    const env = { TOOLS: JSON.stringify(TOOLS) }
    await using gateway = await serveGateway({ ...options, env })
    const answer = await gateway.send({ path: '/openapi.json?tools=listEvents' })
    expect(answer.json()).toMatchObject({
      components: {
        securitySchemes: {
          auth0: { flows: { authorizationCode: { scopes: { 'events:read': 'events:read' } } } },
        },
      },
    })
    expect(answer.text).not.toContain('events:write')
  })

  test('is checked against the limits of GPT Actions at startup', async () => {
    const limitsOf = async (count: number) => {
      const tools = Array.from({ length: count }, (_, at) => [`t${at}`, { scopes: [] }])
      const env = { TOOLS: JSON.stringify(Object.fromEntries(tools)) }
      const options = { issuer: issuer.url, functionsBase: backend.url, env }
      await using gateway = await serveGateway(options)
      return gateway.lines.filter(({ message }) => message === 'gpt_actions_limits_exceeded')
    }
    expect(await limitsOf(30)).toEqual([])
    expect(await limitsOf(31)).toEqual([
      expect.objectContaining({
        severity: 'WARNING',
        limits: [expect.stringContaining('31 operations')],
      }),
    ])
  })
})
