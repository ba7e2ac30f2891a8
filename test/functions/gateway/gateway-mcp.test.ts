import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Backend, startBackend } from '../../support/http/backend.ts'
import { type Issuer, JWKS_PATH, startIssuer } from '../../support/http/issuer.ts'
import {
  type Answer,
  handshakeMessage,
  PRIVATE_TOOLS,
  type SendOptions,
  type Served,
  serveGateway,
  statelessRequest,
  TOOLS,
} from '../../support/http/serve.ts'

type Json = Readonly<Record<string, unknown>>

const METADATA = 'https://mcp.test/.well-known/oauth-protected-resource/mcp'
const EVENTS = { events: ['dentist'] }
const JSON_TYPE = { 'content-type': 'application/json' }
const OPENAI = { 'user-agent': 'openai-mcp/1.0.0' }
/** The same catalogue without its public tool, so that nothing works without a token. */
const ALL_PRIVATE = { TOOLS: JSON.stringify(PRIVATE_TOOLS) }

let issuer: Issuer
let backend: Backend
const running: Served[] = []

beforeAll(async () => {
  issuer = await startIssuer()
  backend = await startBackend()
})
beforeEach(() => {
  backend.reset()
  backend.script('listEvents', { body: EVENTS })
  issuer.requests.length = 0
  for (const name of Object.keys(issuer.staged)) Reflect.deleteProperty(issuer.staged, name)
})
afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(running.splice(0).map((served) => served[Symbol.asyncDispose]()))
})
afterAll(async () => {
  await issuer[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

async function start(env: Readonly<Record<string, string>> = {}): Promise<Served> {
  const served = await serveGateway({ issuer: issuer.url, functionsBase: backend.url, env })
  running.push(served)
  return served
}

function bearer(token: string) {
  return { authorization: `Bearer ${token}` }
}

/** POST /mcp of a message in the older era. */
function post(served: Served, message: unknown, headers: SendOptions['headers'] = {}) {
  return served.send({
    method: 'POST',
    path: '/mcp',
    headers: { ...JSON_TYPE, ...headers },
    body: message,
  })
}

function postStateless(
  served: Served,
  method: string,
  params: Json = {},
  headers: SendOptions['headers'] = {},
) {
  const request = statelessRequest(method, params)
  return post(served, request.body, { ...request.headers, ...headers })
}

function callOf(name: string, args: Json = {}) {
  return handshakeMessage('tools/call', { name, arguments: args })
}

function codeOf(answer: Answer): unknown {
  return answer.json<{ error?: { code: number } }>().error?.code
}

function challengeIn(answer: Answer): unknown {
  return answer.json<{ result: { _meta: Json } }>().result._meta['mcp/www_authenticate']
}

describe('the official clients', () => {
  const eras = [
    { mode: 'auto', version: '2026-07-28' },
    { mode: { pin: '2026-07-28' }, version: '2026-07-28' },
    { mode: 'legacy', version: '2025-11-25' },
  ] as const

  test.each(eras)('client 2.x, $mode: speaks $version, lists and calls', async (era) => {
    const { url } = await start()
    const client = new Client(
      { name: 'test', version: '1' },
      { versionNegotiation: { mode: era.mode } },
    )
    const requestInit = { headers: bearer(await issuer.token()) }
    await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit }))

    expect(client.getNegotiatedProtocolVersion()).toBe(era.version)
    expect(client.getServerVersion()).toMatchObject({ name: 'chatgpt-auth0-gateway' })
    expect(client.getServerCapabilities()).toEqual({ tools: {} })
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(Object.keys(TOOLS))
    const result = await client.callTool({ name: 'listEvents', arguments: { limit: 5 } })
    expect(result).toMatchObject({ structuredContent: EVENTS })
    expect(result.content).toEqual([{ type: 'text', text: JSON.stringify(EVENTS) }])
    expect(backend.calls.map(({ body }) => body)).toEqual(['{"limit":5}'])
    await client.close()
  })

  test('sdk 1.x initializes, lists and calls', async () => {
    const { url } = await start()
    const client = new OlderClient({ name: 'test', version: '1' })
    const requestInit = { headers: bearer(await issuer.token()) }
    const transport = new OlderTransport(new URL(`${url}/mcp`), { requestInit })
    await client.connect(transport as Transport)

    expect(client.getServerCapabilities()).toEqual({ tools: {} })
    expect(transport.sessionId).toBeUndefined()
    await client.ping()
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(Object.keys(TOOLS))
    const result = await client.callTool({ name: 'listEvents', arguments: {} })
    expect(result).toMatchObject({ structuredContent: EVENTS })
    await client.close()
  })

  test('without a token the public tool works, and the others are refused', async () => {
    backend.script('about', { body: { about: 'us' } })
    const { url } = await start()
    const client = new Client(
      { name: 'test', version: '1' },
      { versionNegotiation: { mode: 'auto' } },
    )
    await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)))
    const result = await client.callTool({ name: 'about', arguments: {} })
    expect(result.content).toEqual([{ type: 'text', text: '{"about":"us"}' }])
    await expect(client.callTool({ name: 'addEvent', arguments: {} })).rejects.toMatchObject({
      status: 401,
    })
    expect(backend.calls).toHaveLength(1)
    await client.close()
  })

  test('where no tool is public, nothing works without a token', async () => {
    const { url } = await start(ALL_PRIVATE)
    for (const mode of ['auto', 'legacy'] as const) {
      const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
      const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`))
      await expect(client.connect(transport)).rejects.toMatchObject({ status: 401 })
    }
  })

  test('a missing scope is told to client 2.x with everything that it needs', async () => {
    const { url } = await start()
    const client = new Client(
      { name: 'test', version: '1' },
      { versionNegotiation: { mode: 'auto' } },
    )
    const requestInit = { headers: bearer(await issuer.token()) }
    const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit })
    await client.connect(transport)
    await expect(client.callTool({ name: 'summarizeEvents', arguments: {} })).rejects.toMatchObject(
      { requiredScope: 'events:read events:write' },
    )
    await client.close()
  })
})

describe('what the server says of itself', () => {
  test.each(['2025-11-25', '2025-06-18', '2025-03-26'])(
    'initialize answers %s with the same',
    async (protocolVersion) => {
      const served = await start()
      const answer = await post(served, handshakeMessage('initialize', { protocolVersion }))
      expect(answer.status).toBe(200)
      expect(answer.headers['mcp-session-id']).toBeUndefined()
      expect(answer.json()).toMatchObject({ id: 1, result: { protocolVersion } })
    },
  )

  test.each(['2024-11-05', '2026-07-28', '2099-01-01', undefined, 7])(
    'initialize answers %s with the newest of its era',
    async (protocolVersion) => {
      const served = await start()
      const answer = await post(served, handshakeMessage('initialize', { protocolVersion }))
      expect(answer.json()).toMatchObject({ result: { protocolVersion: '2025-11-25' } })
    },
  )

  test('server/discover names every revision', async () => {
    const answer = await postStateless(await start(), 'server/discover')
    expect(answer.json()).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: {
        resultType: 'complete',
        supportedVersions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'],
        capabilities: { tools: {} },
        ttlMs: expect.any(Number),
        cacheScope: 'public',
        _meta: {
          'io.modelcontextprotocol/serverInfo': {
            name: 'chatgpt-auth0-gateway',
            version: expect.any(String),
          },
        },
      },
    })
  })

  test.each(['handshake', 'stateless'])('tools/list of the %s era', async (era) => {
    const served = await start()
    const answer =
      era === 'stateless'
        ? await postStateless(served, 'tools/list')
        : await post(served, handshakeMessage('tools/list'))
    const { result } = answer.json<{ result: { tools: Json[] } & Json }>()

    expect(result.tools.map(({ name }) => name)).toEqual(Object.keys(TOOLS))
    const [listEvents, , summarizeEvents, about] = result.tools
    const schemes = [{ type: 'oauth2', scopes: ['events:read'] }]
    expect(listEvents).toEqual({
      name: 'listEvents',
      title: 'List events',
      description: 'Events of the signed-in user, newest first.',
      inputSchema: TOOLS.listEvents.inputSchema,
      outputSchema: TOOLS.listEvents.outputSchema,
      annotations: { readOnlyHint: true },
      securitySchemes: schemes,
      _meta: { 'openai/toolInvocation/invoking': 'Reading events', securitySchemes: schemes },
    })
    const both = [{ type: 'oauth2', scopes: ['events:read', 'events:write'] }]
    expect(summarizeEvents).toMatchObject({
      securitySchemes: both,
      inputSchema: { type: 'object' },
    })
    const none = [{ type: 'noauth' }]
    expect(about).toMatchObject({ securitySchemes: none, _meta: { securitySchemes: none } })
    if (era === 'stateless') {
      expect(result).toMatchObject({ resultType: 'complete', cacheScope: 'public' })
    } else expect(Object.keys(result)).toEqual(['tools'])
  })

  test('a list that needs a token is private to its caller', async () => {
    const served = await start(ALL_PRIVATE)
    const headers = bearer(await issuer.token())
    const answer = await postStateless(served, 'tools/list', {}, headers)
    expect(answer.json()).toMatchObject({ result: { cacheScope: 'private' } })
  })
})

describe('results', () => {
  test('a stateless result is complete and names the server', async () => {
    const headers = bearer(await issuer.token())
    const params = { name: 'listEvents', arguments: {} }
    const answer = await postStateless(await start(), 'tools/call', params, headers)
    expect(answer.json()).toMatchObject({
      result: {
        resultType: 'complete',
        structuredContent: EVENTS,
        _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'chatgpt-auth0-gateway' } },
      },
    })
  })

  test('without an outputSchema the answer is text', async () => {
    backend.script('about', { body: { about: 'us' } })
    const answer = await post(await start(), callOf('about'))
    expect(answer.json()).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: { content: [{ type: 'text', text: '{"about":"us"}' }] },
    })
  })

  test("a backend's own CallToolResult passes through", async () => {
    const body = {
      content: [
        { type: 'image', data: 'aGk=', mimeType: 'image/png' },
        { type: 'resource_link', uri: 'https://x.test/1', name: 'one' },
      ],
      isError: true,
      _meta: { mine: 1 },
    }
    backend.script('about', { body })
    const answer = await post(await start(), callOf('about'))
    expect(answer.json()).toMatchObject({ result: body })
  })

  test('data that only looks like a CallToolResult is data', async () => {
    const body = { content: [{ type: 'poem', text: 'hi' }] }
    backend.script('about', { body })
    const answer = await post(await start(), callOf('about'))
    expect(answer.json()).toMatchObject({
      result: { content: [{ type: 'text', text: JSON.stringify(body) }] },
    })
  })

  test('plain text stays text', async () => {
    backend.script('about', { contentType: 'text/plain; charset=utf-8', body: 'hëllo' })
    const answer = await post(await start(), callOf('about'))
    expect(answer.json()).toMatchObject({ result: { content: [{ type: 'text', text: 'hëllo' }] } })
  })

  test.each([{ limit: 0 }, { limit: '5' }, { limit: 201 }, { other: 1 }])(
    'arguments that do not fit are a result to be mended, and reach no backend: %j',
    async (args) => {
      const headers = bearer(await issuer.token())
      const answer = await post(await start(), callOf('listEvents', args), headers)
      expect(answer.status).toBe(200)
      expect(answer.json()).toMatchObject({
        result: {
          isError: true,
          content: [{ type: 'text', text: expect.stringContaining('arguments') }],
        },
      })
      expect(backend.calls).toEqual([])
    },
  )

  test('arguments may be left out', async () => {
    const message = handshakeMessage('tools/call', { name: 'about' })
    expect((await post(await start(), message)).status).toBe(200)
    expect(backend.calls.map(({ body }) => body)).toEqual(['{}'])
  })
})

describe('refusals over HTTP', () => {
  test('no credentials: 401 with a bare challenge (RFC 6750 s3.1)', async () => {
    const served = await start(ALL_PRIVATE)
    const messages = [
      handshakeMessage('initialize'),
      handshakeMessage('tools/list'),
      callOf('listEvents'),
    ]
    for (const message of messages) {
      const answer = await post(served, message)
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toBe(
        `Bearer scope="events:read events:write", resource_metadata="${METADATA}"`,
      )
      expect(answer.headers['cache-control']).toBe('no-store')
    }
    expect(backend.calls).toEqual([])
  })

  test.each(['Basic dXNlcjpwYXNz', 'DPoP abc', 'Bearerabc'])(
    'credentials of another scheme are none: %s',
    async (authorization) => {
      const answer = await post(await start(ALL_PRIVATE), callOf('listEvents'), { authorization })
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).not.toContain('error=')
    },
  )

  test('a public tool is no way into the others', async () => {
    const answer = await post(await start(), callOf('listEvents'))
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).not.toContain('error=')
    expect(answer.headers['www-authenticate']).toContain(`resource_metadata="${METADATA}"`)
  })

  test('a bad token is refused even for a public tool', async () => {
    const answer = await post(await start(), callOf('about'), bearer('a.b.c'))
    expect(answer.status).toBe(401)
    expect(backend.calls).toEqual([])
  })

  const badTokens: readonly {
    name: string
    reason: string
    token: () => Promise<string>
  }[] = [
    {
      name: 'is opaque',
      reason: 'ACCESS_TOKEN_IS_OPAQUE',
      token: async () => 'opaque-token',
    },
    {
      name: 'is encrypted',
      reason: 'ACCESS_TOKEN_IS_ENCRYPTED_JWE',
      token: async () => 'a.b.c.d.e',
    },
    {
      name: 'has expired',
      reason: 'token_expired',
      token: () => issuer.token({ exp: Math.floor(Date.now() / 1000) - 1 }),
    },
    {
      name: 'is for another API',
      reason: 'aud_mismatch',
      token: () => issuer.token({ aud: 'https://other.example' }),
    },
    {
      name: 'is of another issuer',
      reason: 'iss_mismatch',
      token: () => issuer.token({ iss: 'https://evil.example/' }),
    },
    {
      name: 'names the issuer without its slash',
      reason: 'iss_mismatch_slash',
      token: () => issuer.token({ iss: issuer.url.slice(0, -1) }),
    },
    {
      name: 'is an ID token',
      reason: 'typ_unexpected',
      token: () => issuer.token({}, { typ: 'id_token+jwt' }),
    },
    {
      name: 'is bound to a key',
      reason: 'token_is_bound',
      token: () => issuer.token({ cnf: { jkt: 'x' } }),
    },
    { name: 'has no subject', reason: 'sub_malformed', token: () => issuer.token({ sub: '' }) },
    {
      name: 'was altered',
      reason: 'signature_invalid',
      token: async () => {
        const [header, , signature] = (await issuer.token()).split('.')
        const [, payload] = (await issuer.token({ scope: 'events:write' })).split('.')
        return `${header}.${payload}.${signature}`
      },
    },
  ]
  test.each(badTokens)('a token that $name: 401 invalid_token', async ({ token, reason }) => {
    const served = await start()
    const bad = await token()
    const answer = await post(served, callOf('listEvents'), bearer(bad))
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toMatch(
      /^Bearer error="invalid_token", error_description="[^"]+", scope="/,
    )
    expect(answer.headers['www-authenticate']).toContain(`resource_metadata="${METADATA}"`)
    expect(served.lines).toContainEqual(
      expect.objectContaining({ message: 'token_rejected', reason }),
    )
    expect(JSON.stringify(served.lines)).not.toContain(bad)
    expect(backend.calls).toEqual([])
  })

  test('a missing scope: 403 with all that the tool needs', async () => {
    const served = await start()
    const headers = bearer(await issuer.token())
    const answer = await post(served, callOf('summarizeEvents'), headers)
    expect(answer.status).toBe(403)
    expect(answer.headers['www-authenticate']).toMatch(
      /^Bearer error="insufficient_scope", error_description="[^"]+", scope="events:read events:write", resource_metadata="/,
    )
    expect(answer.json()).toMatchObject({ jsonrpc: '2.0', id: 1, error: { code: -32000 } })
    expect(backend.calls).toEqual([])
    expect(served.lines).toContainEqual(
      expect.objectContaining({
        message: 'tool_called',
        severity: 'NOTICE',
        decision: 'denied',
        tool: 'summarizeEvents',
        subject: 'auth0|alice',
        client: 'tpc_chatgpt',
      }),
    )
  })

  const grants = [
    { source: 'scope', scope: 'events:read', permissions: undefined, status: 200 },
    { source: 'scope', scope: 'events:read', permissions: ['events:read'], status: 200 },
    { source: 'scope', scope: 'events:read', permissions: [], status: 200, lacks: true },
    { source: 'scope', scope: '', permissions: ['events:read'], status: 403 },
    { source: 'scope-or-permissions', scope: '', permissions: ['events:read'], status: 200 },
    { source: 'scope-or-permissions', scope: 'events:read', permissions: [], status: 200 },
    { source: 'scope-or-permissions', scope: '', permissions: [], status: 200, lacks: true },
  ]
  test.each(grants)(
    'SCOPE_SOURCE=$source, scope "$scope", permissions $permissions: $status',
    async ({ source, scope, permissions, status, lacks = false }) => {
      const served = await start({ SCOPE_SOURCE: source })
      const token = await issuer.token({ scope, ...(permissions && { permissions }) })
      const answer = await post(served, callOf('listEvents'), bearer(token))
      expect(answer.status).toBe(status)
      expect(answer.text.includes('"isError":true')).toBe(lacks)
    },
  )

  test('two Authorization fields: 400 invalid_request', async () => {
    const token = await issuer.token()
    const authorization = [`Bearer ${token}`, `Bearer ${token}`]
    const answer = await post(await start(), callOf('about'), { authorization })
    expect(answer.status).toBe(400)
    expect(answer.headers['www-authenticate']).toContain('error="invalid_request"')
    expect(backend.calls).toEqual([])
  })

  test.each(['Bearer', 'Bearer a b', 'Bearer "a"'])(
    'malformed credentials: 400 invalid_request: %s',
    async (authorization) => {
      const answer = await post(await start(), callOf('about'), { authorization })
      expect(answer.status).toBe(400)
      expect(answer.headers['www-authenticate']).toContain('error="invalid_request"')
    },
  )

  test('the scheme is case-insensitive', async () => {
    const authorization = `bEARER ${await issuer.token()}`
    const answer = await post(await start(), callOf('listEvents'), { authorization })
    expect(answer.status).toBe(200)
  })

  test('a token in the query or the body is none (RFC 6750 s2)', async () => {
    const served = await start(ALL_PRIVATE)
    const token = await issuer.token()
    const answer = await served.send({
      method: 'POST',
      path: `/mcp?access_token=${token}`,
      headers: JSON_TYPE,
      body: { ...callOf('listEvents'), access_token: token },
    })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).not.toContain('error=')
  })

  test('resource_metadata never comes from the request', async () => {
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      forwarded: 'host=evil.example',
    }
    const answer = await post(await start(ALL_PRIVATE), callOf('listEvents'), headers)
    expect(answer.headers['www-authenticate']).toContain(`resource_metadata="${METADATA}"`)
    expect(JSON.stringify([answer.headers, answer.text])).not.toContain('evil')
  })
})

describe('refusals as ChatGPT reads them', () => {
  test.each([
    'openai-mcp/1.0.0',
    'openai-mcp/1.0.0 (+https://openai.com/bot)',
    'openai-mcp/1.0.0 (Codex)',
  ])('a tool result for %s: no credentials', async (agent) => {
    const served = await start(ALL_PRIVATE)
    const answer = await post(served, callOf('listEvents'), { 'user-agent': agent })
    expect(answer.status).toBe(200)
    expect(answer.headers['www-authenticate']).toBeUndefined()
    expect(answer.json()).toMatchObject({
      id: 1,
      result: { isError: true, content: [{ type: 'text' }] },
    })
    expect(challengeIn(answer)).toEqual([
      expect.stringMatching(
        /^Bearer error="[a-z_]+", error_description="[^"]+", scope="events:read", resource_metadata="/,
      ),
    ])
    expect(backend.calls).toEqual([])
  })

  test('a tool result for a missing scope, 401 for a bad token', async () => {
    const served = await start()
    const bad = await post(served, callOf('listEvents'), { ...OPENAI, ...bearer('x.y.z') })
    expect(bad.status).toBe(401)
    expect(bad.headers['www-authenticate']).toContain('error="invalid_token"')

    const headers = { ...OPENAI, ...bearer(await issuer.token()) }
    const poor = await post(served, callOf('summarizeEvents'), headers)
    expect(poor.status).toBe(200)
    expect(challengeIn(poor)).toEqual([
      expect.stringMatching(/error="insufficient_scope".*scope="events:read events:write"/),
    ])
    expect(backend.calls).toEqual([])
  })

  test('in the stateless era too', async () => {
    const served = await start(ALL_PRIVATE)
    const answer = await postStateless(served, 'tools/call', { name: 'addEvent' }, OPENAI)
    expect(answer.status).toBe(200)
    expect(answer.json()).toMatchObject({ result: { isError: true, resultType: 'complete' } })
    expect(challengeIn(answer)).toEqual([expect.stringContaining('scope="events:write"')])
  })

  test.each(['initialize', 'tools/list', 'ping'])(
    'but 401 for %s, which has no tool result',
    async (method) => {
      const answer = await post(await start(ALL_PRIVATE), handshakeMessage(method), OPENAI)
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).not.toContain('error=')
    },
  )

  const forced = [
    { value: 'http', agent: 'openai-mcp/1.0.0', status: 401 },
    { value: 'tool-result', agent: 'curl/8', status: 200 },
    { value: 'auto', agent: 'claude-code/2.0', status: 401 },
    { value: 'auto', agent: 'openai-mcp/1.0.0', status: 200 },
  ]
  test.each(forced)('AUTH_CHALLENGE=$value for $agent: $status', async (row) => {
    const served = await start({ ...ALL_PRIVATE, AUTH_CHALLENGE: row.value })
    const answer = await post(served, callOf('addEvent'), { 'user-agent': row.agent })
    expect(answer.status).toBe(row.status)
    expect(backend.calls).toEqual([])
  })

  test('the user agent opens nothing: a good call is the same for both', async () => {
    const served = await start()
    const token = bearer(await issuer.token())
    const [one, other] = await Promise.all([
      post(served, callOf('listEvents'), token),
      post(served, callOf('listEvents'), { ...token, ...OPENAI }),
    ])
    expect(one.text).toBe(other.text)
  })
})

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
    { name: 'a number', body: '7', code: -32600, id: null },
    { name: 'null', body: 'null', code: -32600, id: null },
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
  ])('$name: 400 $code', async ({ body, code, id }) => {
    const served = await start()
    const answer = await post(served, body)
    expect(answer.status).toBe(400)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.json()).toMatchObject({ jsonrpc: '2.0', id, error: { code } })
  })

  test.each(['text/plain', 'application/jsonp', 'application/x-ndjson', 'multipart/form-data', ''])(
    'content type "%s": 415',
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
    'without a token the token comes first: 401, not 415, %j',
    async (agent) => {
      const headers = { ...agent, 'content-type': 'text/plain' }
      const answer = await post(await start(ALL_PRIVATE), callOf('listEvents'), headers)
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toContain('resource_metadata=')
    },
  )

  test.each(['application/json; charset=utf-8', 'Application/JSON'])(
    'content type "%s" is JSON',
    async (type) => {
      const answer = await post(await start(), callOf('about'), { 'content-type': type })
      expect(answer.status).toBe(200)
    },
  )

  test.each(['', 'gzip', 'br'])('a body in a coding: 415, %s', async (coding) => {
    const headers = coding === '' ? {} : { 'content-encoding': coding }
    const answer = await post(await start(), callOf('about'), headers)
    expect(answer.status).toBe(coding === '' ? 200 : 415)
  })

  test('2 MiB: 413, and the answer arrives', async () => {
    const served = await start()
    const answer = await post(served, callOf('about', { text: 'x'.repeat(2 * 1024 * 1024) }))
    expect(answer.status).toBe(413)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(backend.calls).toEqual([])
  })

  test.each(['GET', 'DELETE', 'PUT', 'PATCH', 'HEAD'])('%s: 405 with Allow', async (method) => {
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
  ])('nothing is at %s: 404 JSON', async (path) => {
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
    'Accept %s: JSON all the same',
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
    'the id comes back as it was: %j',
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
  ])('tool "%s" does not exist', async (name) => {
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
    'tools/call with %j: -32602',
    async (params) => {
      const answer = await post(await start(), handshakeMessage('tools/call', params))
      expect(codeOf(answer)).toBe(-32602)
      expect(backend.calls).toEqual([])
    },
  )

  test.each([{ toString: 1, valueOf: 1 }, ['about'], null])(
    'a name that no text can be made of, or only by force, names no tool: %j',
    async (name) => {
      const served = await start(ALL_PRIVATE)
      const message = handshakeMessage('tools/call', { name })
      const refused = await post(served, message, OPENAI)
      expect(challengeIn(refused)).toEqual([expect.stringContaining('error="insufficient_scope"')])
      const batch = await post(served, [message], bearer(await issuer.token()))
      expect(batch.json()).toMatchObject([{ id: 1, error: { code: -32602 } }])
    },
  )

  test('a cursor that was never given: -32602', async () => {
    const answer = await post(await start(), handshakeMessage('tools/list', { cursor: 'x' }))
    expect(codeOf(answer)).toBe(-32602)
  })
})

describe('2026-07-28', () => {
  test.each([
    { field: 'mcp-protocol-version', value: undefined },
    { field: 'mcp-protocol-version', value: '2025-11-25' },
    { field: 'mcp-method', value: undefined },
    { field: 'mcp-method', value: 'tools/list' },
    { field: 'mcp-method', value: 'Tools/Call' },
    { field: 'mcp-name', value: undefined },
    { field: 'mcp-name', value: 'listEvents' },
    { field: 'mcp-name', value: 'ABOUT' },
    { field: 'mcp-name', value: '=?base64?bGlzdEV2ZW50cw==?=' },
    { field: 'mcp-name', value: '=?base64?not base64?=' },
    { field: 'mcp-name', value: ['about', 'about'] },
  ])('$field: $value against the body: 400 -32020', async ({ field, value }) => {
    const served = await start()
    const request = statelessRequest('tools/call', { name: 'about', arguments: {} })
    const { [field]: _, ...others } = request.headers as Record<string, string>
    const headers = { ...others, ...(value !== undefined && { [field]: value }) }
    const answer = await post(served, request.body, headers)
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ id: 1, error: { code: -32020 } })
    expect(backend.calls).toEqual([])
  })

  test('Mcp-Name may be written in base64', async () => {
    const headers = { 'mcp-name': `=?base64?${Buffer.from('about').toString('base64')}?=` }
    const params = { name: 'about', arguments: {} }
    const answer = await postStateless(await start(), 'tools/call', params, headers)
    expect(answer.status).toBe(200)
  })

  test.each(['2026-08-01', '1900-01-01', '2024-11-05', 'latest'])(
    'version %s: 400 -32022 with what is supported',
    async (version) => {
      const served = await start()
      const { body } = statelessRequest('tools/list')
      const meta = { ...body.params._meta, 'io.modelcontextprotocol/protocolVersion': version }
      const headers = { 'mcp-protocol-version': version, 'mcp-method': 'tools/list' }
      const message = { ...body, params: { _meta: meta } }
      for (const answer of [
        await post(served, message, headers),
        await post(served, handshakeMessage('tools/list'), headers),
      ]) {
        expect(answer.status).toBe(400)
        expect(answer.json()).toMatchObject({
          id: 1,
          error: {
            code: -32022,
            data: { supported: expect.arrayContaining(['2026-07-28']), requested: version },
          },
        })
      }
    },
  )

  test.each([
    { name: 'no _meta', meta: undefined },
    { name: 'an empty _meta', meta: {} },
    {
      name: 'no capabilities',
      meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' },
    },
    {
      name: 'a version that is no string',
      meta: {
        'io.modelcontextprotocol/protocolVersion': 20260728,
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  ])('$name: 400 -32602', async ({ meta }) => {
    const { body, headers } = statelessRequest('tools/list')
    const message = { ...body, params: meta === undefined ? {} : { _meta: meta } }
    const answer = await post(await start(), message, headers)
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ id: 1, error: { code: -32602 } })
  })

  test.each(['no/such', 'ping', 'initialize', 'resources/list', 'toString'])(
    'method %s: 404 -32601',
    async (method) => {
      const answer = await postStateless(await start(), method)
      expect(answer.status).toBe(404)
      expect(answer.json()).toMatchObject({ id: 1, error: { code: -32601 } })
    },
  )

  test('a notification: 202 without a body', async () => {
    const { body, headers } = statelessRequest('notifications/cancelled')
    const { id: _, ...notification } = body
    const answer = await post(await start(), notification, headers)
    expect(answer.status).toBe(202)
    expect(answer.text).toBe('')
  })

  test('a batch: 400', async () => {
    const { body, headers } = statelessRequest('tools/call', { name: 'about' })
    const answer = await post(await start(), [body], headers)
    expect(answer.status).toBe(400)
    expect(backend.calls).toEqual([])
  })
})

describe('2025-03-26 to 2025-11-25', () => {
  test.each(['no/such', 'server/discover', 'resources/list', 'toString'])(
    'method %s: -32601 in an answer of 200',
    async (method) => {
      const answer = await post(await start(), handshakeMessage(method))
      expect(answer.status).toBe(200)
      expect(answer.json()).toMatchObject({ id: 1, error: { code: -32601 } })
    },
  )

  test.each(['notifications/initialized', 'notifications/cancelled', 'notifications/unknown'])(
    '%s: 202 without a body',
    async (method) => {
      const answer = await post(await start(), { jsonrpc: '2.0', method })
      expect(answer.status).toBe(202)
      expect(answer.text).toBe('')
    },
  )

  test('a tools/call without an id calls nothing', async () => {
    const { id: _, ...notification } = callOf('about')
    expect((await post(await start(), notification)).status).toBe(202)
    expect(backend.calls).toEqual([])
  })

  test('an answer to a question never asked: 202', async () => {
    const answer = await post(await start(), { jsonrpc: '2.0', id: 9, result: {} })
    expect(answer.status).toBe(202)
  })

  test('ping is answered', async () => {
    expect((await post(await start(), handshakeMessage('ping'))).json()).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: {},
    })
  })

  test('a session id is ignored and none is minted', async () => {
    const headers = { 'mcp-session-id': 'abc', 'mcp-protocol-version': '2025-06-18' }
    const answer = await post(await start(), handshakeMessage('ping'), headers)
    expect(answer.status).toBe(200)
    expect(answer.headers['mcp-session-id']).toBeUndefined()
  })
})

describe('batches (2025-03-26 alone)', () => {
  const batch = [
    { ...callOf('about'), id: 'first' },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { ...handshakeMessage('ping'), id: 2 },
    { ...handshakeMessage('no/such'), id: 3 },
  ]

  test.each([undefined, '2025-03-26'])('version %s: every request is answered', async (version) => {
    const headers = version === undefined ? {} : { 'mcp-protocol-version': version }
    const answer = await post(await start(), batch, headers)
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual([
      expect.objectContaining({ id: 'first', result: expect.anything() }),
      { jsonrpc: '2.0', id: 2, result: {} },
      expect.objectContaining({ id: 3, error: expect.objectContaining({ code: -32601 }) }),
    ])
    expect(backend.calls).toHaveLength(1)
  })

  test.each(['2025-06-18', '2025-11-25', '2026-07-28', '1900-01-01'])(
    'version %s: 400, nothing called',
    async (version) => {
      const answer = await post(await start(), batch, { 'mcp-protocol-version': version })
      expect(answer.status).toBe(400)
      expect(backend.calls).toEqual([])
    },
  )

  test('notifications alone: 202', async () => {
    const answer = await post(await start(), [batch[1], batch[1]])
    expect(answer.status).toBe(202)
    expect(answer.text).toBe('')
  })

  test.each([
    { name: 'empty', messages: [] },
    { name: 'too long', messages: Array.from({ length: 51 }, () => batch[0]) },
    { name: 'with initialize', messages: [batch[0], handshakeMessage('initialize')] },
    { name: 'with something else', messages: [batch[0], 7] },
    { name: 'nested', messages: [batch[0], [batch[0]]] },
  ])('$name: 400 -32600, nothing called', async ({ messages }) => {
    const answer = await post(await start(), messages)
    expect(answer.status).toBe(400)
    expect(codeOf(answer)).toBe(-32600)
    expect(backend.calls).toEqual([])
  })

  test('one call that is not allowed refuses the batch before anything is called', async () => {
    const served = await start()
    const headers = bearer(await issuer.token())
    const answer = await post(served, [callOf('listEvents'), callOf('addEvent')], headers)
    expect(answer.status).toBe(403)
    expect(answer.headers['www-authenticate']).toContain('scope="events:write events:read"')
    const anonymous = await post(served, [callOf('about'), callOf('listEvents')], OPENAI)
    expect(anonymous.status).toBe(401)
    expect(backend.calls).toEqual([])
  })
})

describe('Origin (MCP Streamable HTTP, DNS rebinding)', () => {
  const ORIGIN = 'https://app.example'
  const PAGES = [
    'chrome-extension://aaaabbbbccccddddeeeeffffgggghhhh',
    'moz-extension://3c6bf0d0-1d5c-4b8e-9a35-4b4c9a6a9d20',
    'vscode-webview://1lkq8hkm4qtd1bgq0h5s',
    'app://obsidian.md',
    'tauri://localhost',
    'capacitor://localhost',
  ]

  test.each([
    { allowed: '', origin: 'https://evil.example', status: 403 },
    { allowed: '', origin: 'null', status: 403 },
    { allowed: '', origin: 'https://mcp.test', status: 200 },
    { allowed: ORIGIN, origin: ORIGIN, status: 200 },
    { allowed: `https://other.example,${ORIGIN}`, origin: ORIGIN, status: 200 },
    { allowed: ORIGIN, origin: 'https://app.example.evil.example', status: 403 },
    ...PAGES.flatMap((page) => [
      { allowed: `${ORIGIN},${page}`, origin: page, status: 200 },
      { allowed: ORIGIN, origin: page, status: 403 },
      { allowed: page, origin: `${page}x`, status: 403 },
    ]),
    { allowed: ORIGIN, origin: 'http://app.example', status: 403 },
    { allowed: '*', origin: 'https://anywhere.example', status: 200 },
  ])('APP_ORIGIN "$allowed", Origin $origin: $status', async ({ allowed, origin, status }) => {
    const served = await start({ APP_ORIGIN: allowed })
    const answer = await post(served, callOf('about'), { origin })
    expect(answer.status).toBe(status)
    expect(answer.headers['access-control-allow-origin']).toBe(
      status === 403 ? undefined : allowed === '*' ? '*' : origin,
    )
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(backend.calls).toHaveLength(status === 200 ? 1 : 0)
  })

  test('a browser may read the challenge', async () => {
    const served = await start({ ...ALL_PRIVATE, APP_ORIGIN: ORIGIN })
    const answer = await post(served, callOf('listEvents'), { origin: ORIGIN })
    expect(answer.status).toBe(401)
    expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN)
    expect(answer.headers['access-control-expose-headers']?.toLowerCase()).toContain(
      'www-authenticate',
    )
    expect(answer.headers.vary).toContain('Origin')
  })

  test('the preflight needs no token', async () => {
    const served = await start({ ...ALL_PRIVATE, APP_ORIGIN: ORIGIN })
    const headers = {
      origin: ORIGIN,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, mcp-method',
    }
    const answer = await served.send({ method: 'OPTIONS', path: '/mcp', headers })
    expect(answer.status).toBe(204)
    expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN)
    expect(answer.headers['access-control-allow-methods']).toContain('POST')
    const allowed = answer.headers['access-control-allow-headers']?.split(', ')
    for (const name of ['authorization', 'content-type', 'mcp-protocol-version', 'mcp-name']) {
      expect(allowed).toContain(name)
    }
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
  })

  test('a preflight of somebody else: 403', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
    const answer = await (await start()).send({ method: 'OPTIONS', path: '/mcp', headers })
    expect(answer.status).toBe(403)
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  })
})

describe('keys', () => {
  test('no key can be had: 503 with Retry-After, never 401', async () => {
    issuer.staged.outage = true
    const served = await start()
    const headers = bearer(await issuer.token())
    for (let tries = 0; tries < 2; tries += 1) {
      for (const agent of ['curl/8', OPENAI['user-agent']]) {
        const answer = await post(served, callOf('listEvents'), { ...headers, 'user-agent': agent })
        expect(answer.status).toBe(503)
        expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
        expect(answer.headers['www-authenticate']).toBeUndefined()
      }
    }
    expect(issuer.countOf(JWKS_PATH)).toBe(1)
    expect(backend.calls).toEqual([])
  })

  test.each([{ keys: [] }, { keys: 'x' }, {}])(
    'a key set without a key is an outage: %j',
    async (jwks) => {
      issuer.staged.jwks = jwks
      const answer = await post(await start(), callOf('about'), bearer(await issuer.token()))
      expect(answer.status).toBe(503)
    },
  )

  test('kept keys serve in an outage, for hours', async () => {
    const startedAt = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: startedAt })
    const served = await start()
    await post(served, callOf('listEvents'), bearer(await issuer.token()))
    issuer.staged.outage = true
    for (const hours of [0, 1, 23]) {
      vi.setSystemTime(startedAt + hours * 3_600_000)
      const headers = bearer(await issuer.token({ jti: String(hours) }))
      expect((await post(served, callOf('listEvents'), headers)).status).toBe(200)
    }
    vi.setSystemTime(startedAt + 25 * 3_600_000)
    const headers = bearer(await issuer.token())
    expect((await post(served, callOf('listEvents'), headers)).status).toBe(503)
  })

  test('a rotated key is fetched when a token first names it', async () => {
    const served = await start()
    expect((await post(served, callOf('listEvents'), bearer(await issuer.token()))).status).toBe(
      200,
    )
    await issuer.rotate()
    expect((await post(served, callOf('listEvents'), bearer(await issuer.token()))).status).toBe(
      200,
    )
    expect(issuer.countOf(JWKS_PATH)).toBe(2)
  })

  test('a key that was rotated in an outage is fetched soon after it', async () => {
    const startedAt = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: startedAt })
    const served = await start()
    await post(served, callOf('listEvents'), bearer(await issuer.token()))
    await issuer.rotate()
    issuer.staged.outage = true
    const headers = bearer(await issuer.token())
    expect((await post(served, callOf('listEvents'), headers)).status).toBe(503)
    issuer.staged.outage = false
    // The 503 said: try again in 10 s.
    vi.setSystemTime(startedAt + 11_000)
    expect((await post(served, callOf('listEvents'), headers)).status).toBe(200)
  })

  test('a flood of unknown key ids costs the issuer a bounded number of fetches', async () => {
    const served = await start()
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, index) =>
        post(served, callOf('about'), bearer(await issuer.token({}, { kid: `unknown-${index}` }))),
      ),
    )
    // Those that come late, on a busy machine, cause one of the eight further fetches, or get 503.
    const statuses = new Set(answers.map(({ status }) => status))
    expect([...statuses].filter((status) => status !== 401 && status !== 503)).toEqual([])
    expect(issuer.countOf(JWKS_PATH)).toBeLessThanOrEqual(9)
  })

  test('many first calls fetch the keys once', async () => {
    issuer.staged.delayMs = 100
    const served = await start()
    const headers = bearer(await issuer.token())
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => post(served, callOf('listEvents'), headers)),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(issuer.countOf(JWKS_PATH)).toBe(1)
  })

  test('a remembered token expires on time', async () => {
    const startedAt = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: startedAt })
    const served = await start()
    const headers = bearer(await issuer.token())
    expect((await post(served, callOf('listEvents'), headers)).status).toBe(200)
    vi.setSystemTime(startedAt + 301_000)
    expect((await post(served, callOf('listEvents'), headers)).status).toBe(401)
  })

  test('a remembered token ends with its key', async () => {
    const startedAt = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: startedAt })
    const served = await start()
    const headers = bearer(await issuer.token({ exp: Math.floor(startedAt / 1000) + 7_200 }))
    expect((await post(served, callOf('listEvents'), headers)).status).toBe(200)
    await issuer.rotate()
    vi.setSystemTime(startedAt + 11 * 60_000)
    expect((await post(served, callOf('listEvents'), headers)).status).toBe(401)
  })
})

test('a good call leaves two audit records, without token, arguments or answer', async () => {
  const served = await start()
  const token = await issuer.token()
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  await post(served, callOf('listEvents', { limit: 7 }), { ...bearer(token), traceparent })
  const records = served.lines.filter(({ message }) => String(message).startsWith('tool_'))
  const common = {
    severity: 'NOTICE',
    time: expect.any(String),
    service: 'gateway',
    tool: 'listEvents',
    request_id: records[0]?.['request_id'],
    'logging.googleapis.com/trace': '0af7651916cd43dd8448eb211c80319c',
  }
  expect(records).toEqual([
    {
      ...common,
      message: 'tool_called',
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      subject: 'auth0|alice',
      client: 'tpc_chatgpt',
      decision: 'allowed',
    },
    { ...common, message: 'tool_answered', status: 200, ms: expect.any(Number) },
  ])
  const written = JSON.stringify(served.lines)
  for (const secret of [token, 'limit', 'dentist']) expect(written).not.toContain(secret)
})
