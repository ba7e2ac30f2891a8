import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Backend, type Script, startBackend } from '../../support/http/backend.ts'
import { type Issuer, startIssuer } from '../../support/http/issuer.ts'
import {
  type Answer,
  handshakeMessage,
  PRIVATE_TOOLS,
  type SendOptions,
  type Served,
  serveGateway,
  TOOLS,
} from '../../support/http/serve.ts'

type Json = Readonly<Record<string, unknown>>

const METADATA = 'https://mcp.test/.well-known/oauth-protected-resource/mcp'
const JSON_TYPE = { 'content-type': 'application/json' }
const ALL_PRIVATE = { TOOLS: JSON.stringify(PRIVATE_TOOLS) }
const EVENTS = { events: ['dentist'] }

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
  for (const name of Object.keys(issuer.staged)) Reflect.deleteProperty(issuer.staged, name)
})
afterEach(async () => {
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

async function bearer(claims?: Json) {
  return { authorization: `Bearer ${await issuer.token(claims)}` }
}

function post(
  served: Served,
  tool: string,
  body: unknown = {},
  headers: SendOptions['headers'] = {},
): Promise<Answer> {
  const path = `/tools/${tool}`
  return served.send({ method: 'POST', path, headers: { ...JSON_TYPE, ...headers }, body })
}

function expectProblem(answer: Answer, status: number): void {
  expect(answer.status).toBe(status)
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
  expect(answer.headers['cache-control']).toBe('no-store')
  expect(answer.json()).toEqual({
    type: expect.any(String),
    title: expect.stringMatching(/./),
    status,
    detail: expect.stringMatching(/./),
  })
}

describe('POST /tools/{toolName}', () => {
  test("JSON in, the backend's JSON out", async () => {
    const answer = await post(await start(), 'listEvents', { limit: 3 }, await bearer())
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
  ])('any JSON value: $body', async ({ body, type }) => {
    backend.script('about', { body, contentType: type })
    const answer = await post(await start(), 'about')
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual(body)
  })

  const large = '{"id":1234567890123456789,"most":1e400}'
  test('numbers that JavaScript cannot hold pass both ways, as they are written', async () => {
    backend.script('about', { body: large })
    const served = await start()
    expect((await post(served, 'about', large)).text).toBe(large)
    const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"about","arguments":${large}}}`
    const headers = JSON_TYPE
    const mcp = await served.send({ method: 'POST', path: '/mcp', headers, body: call })
    expect(mcp.json()).toMatchObject({ result: { content: [{ text: large }] } })
    expect(backend.calls.map(({ body }) => body)).toEqual([large, large])
  })

  test('such a number is checked as a number', async () => {
    backend.script('count', { body: large })
    const schema = { type: 'object', properties: { id: { type: 'integer', minimum: 2 ** 60 } } }
    const count = { scopes: [], inputSchema: schema, outputSchema: schema }
    const served = await start({ TOOLS: JSON.stringify({ count }) })
    expect((await post(served, 'count', '{"id":1234567890123456789}')).text).toBe(large)
    expectProblem(await post(served, 'count', '{"id":-1234567890123456789}'), 400)
    const call = handshakeMessage('tools/call', { name: 'count', arguments: {} })
    const mcp = await served.send({ method: 'POST', path: '/mcp', headers: JSON_TYPE, body: call })
    expect(mcp.text).toContain(`"structuredContent":${large}`)
  })

  test('text stays text', async () => {
    backend.script('about', { contentType: 'text/plain', body: 'hëllo' })
    const answer = await post(await start(), 'about')
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(answer.text).toBe('hëllo')
  })

  test('an empty answer is 204', async () => {
    backend.script('about', { status: 204, body: '' })
    const answer = await post(await start(), 'about')
    expect(answer.status).toBe(204)
    expect(answer.text).toBe('')
  })

  test('no body means no arguments', async () => {
    const answer = await (await start()).send({ method: 'POST', path: '/tools/about' })
    expect(answer.status).toBe(200)
    expect(backend.calls.map(({ body }) => body)).toEqual(['{}'])
  })

  test.each([
    { name: 'malformed JSON', body: '{', headers: {}, status: 400 },
    { name: 'an array', body: '[]', headers: {}, status: 400 },
    { name: 'null', body: 'null', headers: {}, status: 400 },
    { name: 'not UTF-8', body: Buffer.from([0x7b, 0xff, 0x7d]), headers: {}, status: 400 },
    { name: 'a form', body: 'a=1', headers: { 'content-type': 'text/plain' }, status: 415 },
    { name: 'a coding', body: '{}', headers: { 'content-encoding': 'gzip' }, status: 415 },
    { name: '2 MiB', body: { text: 'x'.repeat(2 * 1024 * 1024) }, headers: {}, status: 413 },
    {
      name: 'two tokens',
      body: {},
      headers: { authorization: ['Bearer a', 'Bearer b'] },
      status: 400,
    },
  ])('$name: $status problem+json', async ({ body, headers, status }) => {
    expectProblem(await post(await start(), 'about', body, headers), status)
    expect(backend.calls).toEqual([])
  })

  test.each(['noSuchTool', 'toString', '__proto__', 'constructor', 'listevents', 'list%45vents'])(
    'tool %s does not exist: 404',
    async (name) => {
      expectProblem(await post(await start(), name, {}, await bearer()), 404)
      expect(backend.calls).toEqual([])
    },
  )

  test('which tools exist is not told without a token', async () => {
    const served = await start(ALL_PRIVATE)
    for (const tool of ['listEvents', 'noSuchTool']) {
      const answer = await post(served, tool)
      expectProblem(answer, 401)
      expect(answer.headers['www-authenticate']).toBe(
        `Bearer scope="events:read events:write", resource_metadata="${METADATA}"`,
      )
    }
  })

  test('ChatGPT gets no tool result here: 401 and 403 for every user agent', async () => {
    const served = await start()
    const agent = { 'user-agent': 'openai-mcp/1.0.0' }
    expectProblem(await post(served, 'listEvents', {}, agent), 401)
    expectProblem(await post(served, 'addEvent', {}, { ...agent, ...(await bearer()) }), 403)
  })

  test.each(['GET', 'PUT', 'DELETE', 'HEAD'])('%s: 405 with Allow', async (method) => {
    const answer = await (await start()).send({ method, path: '/tools/about' })
    expect(answer.status).toBe(405)
    expect(answer.headers.allow).toBe('POST, OPTIONS')
    expect(answer.headers['cache-control']).toBe('no-store')
    if (method !== 'HEAD') expect(answer.text).toContain('"title":"Method Not Allowed"')
  })

  test('a foreign Origin: 403 problem+json', async () => {
    const answer = await post(await start(), 'about', {}, { origin: 'https://evil.example' })
    expectProblem(answer, 403)
    expect(backend.calls).toEqual([])
  })

  test('a preflight of an allowed Origin', async () => {
    const served = await start({ APP_ORIGIN: 'https://app.example' })
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' }
    const answer = await served.send({ method: 'OPTIONS', path: '/tools/about', headers })
    expect(answer.status).toBe(204)
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example')
  })
})

interface Case {
  readonly name: string
  readonly tool: string
  readonly claims?: Json | 'none'
  readonly authorization?: string
  readonly args?: Json
  readonly script?: Script
  readonly outage?: true
  readonly status: number
}

// One decision, two forms: what REST answers by status, MCP answers by the same status where it
// refuses, and by a tool result of the same words where the call went wrong.
const cases: readonly Case[] = [
  { name: 'a good call', tool: 'listEvents', status: 200 },
  { name: 'a public tool, no token', tool: 'about', claims: 'none', status: 200 },
  { name: 'a public tool, a good token', tool: 'about', status: 200 },
  { name: 'no token', tool: 'listEvents', claims: 'none', status: 401 },
  { name: 'another scheme', tool: 'listEvents', authorization: 'Basic eDp5', status: 401 },
  { name: 'an opaque token', tool: 'listEvents', authorization: 'Bearer opaque', status: 401 },
  { name: 'a JWE', tool: 'about', authorization: 'Bearer a.b.c.d.e', status: 401 },
  { name: 'malformed credentials', tool: 'about', authorization: 'Bearer a b', status: 400 },
  { name: 'an expired token', tool: 'listEvents', claims: { exp: 1 }, status: 401 },
  { name: 'another audience', tool: 'listEvents', claims: { aud: 'https://x.test' }, status: 401 },
  { name: 'another issuer', tool: 'listEvents', claims: { iss: 'https://x.test/' }, status: 401 },
  { name: 'no scope', tool: 'listEvents', claims: { scope: '' }, status: 403 },
  { name: 'one scope of two', tool: 'summarizeEvents', status: 403 },
  {
    name: 'both scopes',
    tool: 'summarizeEvents',
    claims: { scope: 'events:write openid events:read' },
    status: 200,
  },
  {
    name: 'a scope that the permissions take away',
    tool: 'listEvents',
    claims: { permissions: ['events:write'] },
    status: 403,
  },
  { name: 'no keys', tool: 'listEvents', outage: true, status: 503 },
  { name: 'arguments that do not fit', tool: 'listEvents', args: { limit: 0 }, status: 400 },
  {
    name: 'a missing scope and arguments that do not fit',
    tool: 'listEvents',
    claims: { scope: '' },
    args: { limit: 0 },
    status: 403,
  },
  {
    name: 'a backend that refuses',
    tool: 'listEvents',
    script: { status: 404, body: { message: 'No such calendar.' } },
    status: 404,
  },
  { name: 'a backend that refuses us', tool: 'listEvents', script: { status: 401 }, status: 502 },
  { name: 'a backend that fails', tool: 'listEvents', script: { status: 500 }, status: 502 },
  {
    name: 'a backend that breaks its promise',
    tool: 'listEvents',
    script: { body: { events: 7 } },
    status: 502,
  },
  { name: 'a backend that hangs up', tool: 'listEvents', script: { manner: 'reset' }, status: 502 },
]

describe('REST and MCP decide alike', () => {
  test.each(cases)('$name: $status', async (row) => {
    if (row.script) backend.script(row.tool, row.script)
    if (row.outage) issuer.staged.outage = true
    const authorization =
      row.authorization ??
      (row.claims === 'none' ? undefined : `Bearer ${await issuer.token(row.claims)}`)
    const headers = { ...JSON_TYPE, ...(authorization !== undefined && { authorization }) }
    const served = await start()
    const args = row.args ?? {}

    const rest = await served.send({
      method: 'POST',
      path: `/tools/${row.tool}`,
      headers,
      body: args,
    })
    const restCalls = backend.calls.splice(0)
    const restAudit = auditIn(served)
    const message = handshakeMessage('tools/call', { name: row.tool, arguments: args })
    const mcp = await served.send({ method: 'POST', path: '/mcp', headers, body: message })

    expect(rest.status).toBe(row.status)
    expect(auditIn(served)).toEqual(restAudit)
    expect(backend.calls.map(({ body }) => body)).toEqual(restCalls.map(({ body }) => body))
    expect(mcp.headers['www-authenticate']).toBe(rest.headers['www-authenticate'])
    expect(mcp.headers['retry-after']).toBe(rest.headers['retry-after'])
    if (mcp.status !== 200) {
      expect(mcp.status).toBe(rest.status)
      return
    }
    const { result } = mcp.json<{ result: { isError?: boolean; content: { text: string }[] } }>()
    expect(result.isError === true).toBe(rest.status >= 400)
    if (result.isError) {
      expectProblem(rest, row.status)
      expect(result.content[0]?.text).toBe(rest.json<{ detail: string }>().detail)
    } else expect(JSON.parse(result.content[0]?.text ?? '')).toEqual(rest.json())
  })
})

/** The audit records written since the last look, without what differs from call to call. */
function auditIn({ lines }: Served) {
  const records = lines
    .filter(({ message }) => message === 'tool_called')
    .map((record) => ({
      ...record,
      ...lines.find(
        ({ message, request_id }) =>
          message === 'tool_answered' && request_id === record['request_id'],
      ),
    })) as Served['lines']
  lines.length = 0
  return records.map(({ tool, subject, client, decision, status, reason }) => ({
    tool,
    subject,
    client,
    decision,
    status,
    reason,
  }))
}

describe('GET /openapi.json', () => {
  interface Operation {
    readonly operationId: string
    readonly security: readonly Readonly<Record<string, readonly string[]>>[]
    readonly requestBody: { readonly content: Content }
    readonly responses: Readonly<Record<string, { readonly content?: Content }>>
  }
  type Content = Readonly<Record<string, { readonly schema: Json }>>
  interface Description {
    readonly openapi: string
    readonly info: { readonly title: string; readonly version: string }
    readonly servers: readonly { readonly url: string }[]
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
    readonly components: Json & {
      readonly securitySchemes: Readonly<Record<string, Json>>
    }
  }

  async function describedBy(env: Readonly<Record<string, string>> = {}): Promise<Description> {
    const answer = await (await start(env)).send({ path: '/openapi.json' })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/json')
    return answer.json()
  }

  test('describes each tool, by its own schemas', async () => {
    const description = await describedBy()
    expect(description.openapi).toMatch(/^3\.1\.\d+$/)
    expect(description.info.title).not.toBe('')
    expect(description.info.version).not.toBe('')
    expect(description.servers).toEqual([{ url: 'https://mcp.test' }])
    expect(Object.keys(description.paths)).toEqual(
      Object.keys(TOOLS).map((name) => `/tools/${name}`),
    )
    const ids = Object.values(description.paths).map(({ post }) => post?.operationId)
    expect(ids).toEqual(Object.keys(TOOLS))
    const listEvents = description.paths['/tools/listEvents']?.['post']
    expect(listEvents?.requestBody.content['application/json']?.schema).toEqual(
      TOOLS.listEvents.inputSchema,
    )
    expect(listEvents?.responses['200']?.content?.['application/json']?.schema).toEqual(
      TOOLS.listEvents.outputSchema,
    )
    expect(listEvents).toMatchObject({ 'x-openai-isConsequential': false })
    expect(description.paths['/tools/addEvent']?.['post']).toMatchObject({
      'x-openai-isConsequential': true,
    })
  })

  test('names no scope and no scheme that it does not define', async () => {
    const { paths, components } = await describedBy()
    const scheme = components.securitySchemes['auth0'] as {
      readonly flows: { readonly authorizationCode: Json & { readonly scopes: Json } }
    }
    const { authorizationCode } = scheme.flows
    expect(authorizationCode).toMatchObject({
      authorizationUrl: `${issuer.url}authorize?audience=https%3A%2F%2Fmcp.test%2Fmcp`,
      tokenUrl: `${issuer.url}oauth/token`,
    })
    for (const [path, { post }] of Object.entries(paths)) {
      const tool = path.slice('/tools/'.length) as keyof typeof TOOLS
      const needed = [...TOOLS[tool].scopes].sort()
      expect(post?.security).toEqual(needed.length === 0 ? [] : [{ auth0: needed }])
      for (const scope of needed) expect(authorizationCode.scopes).toHaveProperty([scope])
    }
  })

  test('every schema compiles and every reference leads somewhere', async () => {
    const description = await describedBy()
    const ajv = new Ajv2020({ strict: false })
    formats.default(ajv)
    ajv.addSchema({ ...description, $id: 'openapi' })
    for (const { post } of Object.values(description.paths)) {
      if (post === undefined) throw new Error('a path without post')
      const contents = [
        post.requestBody.content,
        ...Object.values(post.responses).map(({ content }) => content ?? {}),
      ]
      expect(Object.keys(post.responses)).toEqual(expect.arrayContaining(['200', '401', '403']))
      for (const { schema } of contents.flatMap((content) => Object.values(content))) {
        const { $ref } = schema
        if (typeof $ref === 'string') expect(ajv.getSchema(`openapi${$ref}`)).toBeDefined()
        else expect(() => ajv.compile(schema)).not.toThrow()
      }
    }
  })

  test('a problem that the gateway answers fits the description', async () => {
    const served = await start()
    const description = (await served.send({ path: '/openapi.json' })).json<object>()
    const ajv = new Ajv2020({ strict: false })
    ajv.addSchema({ ...description, $id: 'openapi' })
    const validate = ajv.getSchema('openapi#/components/schemas/Problem')
    const refused = await post(served, 'listEvents')
    expect(validate?.(refused.json())).toBe(true)
  })

  test.each(['HEAD', 'OPTIONS', 'POST'])('%s', async (method) => {
    const answer = await (await start()).send({ method, path: '/openapi.json' })
    expect(answer.status).toBe({ HEAD: 200, OPTIONS: 204, POST: 405 }[method])
    expect(answer.headers['access-control-allow-origin']).toBe('*')
  })

  test('needs no token where no tool is public', async () => {
    expect(Object.keys((await describedBy(ALL_PRIVATE)).paths)).toHaveLength(3)
  })
})
