import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { jwtVerify, UnsecuredJWT } from 'jose'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { onlyOf } from '../../../support/gateway/backend-calls.ts'
import { bearer, JSON_TYPE, post } from '../../../support/gateway/mcp.ts'
import { callTool } from '../../../support/gateway/rest.ts'
import { gatewayStack } from '../../../support/gateway/stack.ts'
import { type BackendCall, startBackend } from '../../../support/http/backend.ts'
import { listen } from '../../../support/http/listen.ts'
import { HMAC_SECRET, handshakeMessage, type Served } from '../../../support/http/serve.ts'

type Json = Readonly<Record<string, unknown>>

const stack = await gatewayStack()
const { issuer, backend: own } = stack
const foreign = await startBackend()

beforeEach(() => foreign.reset())
afterAll(() => foreign[Symbol.asyncDispose]())

const id = { type: 'string' }
const properties = { id, tags: { type: 'array' }, text: id, n: {}, trace: id }
const inputSchema = { type: 'object', properties }
const PARAMETERS = [
  { name: 'id', in: 'path' },
  { name: 'tags', in: 'query' },
  { name: 'n', in: 'query' },
  { name: 'X-Trace', in: 'header', argument: 'trace' },
]

function catalogue(): Json {
  const tool = (request: Json, more: Json = {}) => ({
    securitySchemes: [{ type: 'noauth' }, { type: 'oauth2' }],
    inputSchema,
    request,
    ...more,
  })
  const list = { type: 'object', properties: { items: { type: 'array' } }, required: ['items'] }
  return {
    readNote: tool({ method: 'GET', url: '/notes/{id}', parameters: PARAMETERS }),
    writeNote: tool({ method: 'PUT', url: '/notes/{id}', parameters: PARAMETERS }),
    headNote: tool({ method: 'HEAD', url: '/notes/{id}', parameters: PARAMETERS }),
    dropNote: tool({ method: 'DELETE', url: '/notes/{id}', parameters: PARAMETERS }),
    elsewhere: tool({ method: 'GET', url: `${foreign.url}/v1/{id}`, parameters: PARAMETERS }),
    picked: tool(
      { url: '/picked', resultPointer: '/data/a~1b', wrap: 'items' },
      { outputSchema: list },
    ),
    wrapped: tool({ url: '/wrapped', wrap: 'items' }),
    loose: tool({ url: '/loose' }, { outputSchema: { type: 'object' } }),
    plain: { scopes: [] },
  }
}

const start = (
  env: Readonly<Record<string, string>> = {},
  dependencies: { readonly metadataHost?: string } = {},
) => stack.start({ TOOLS: JSON.stringify(catalogue()), ...env }, { dependencies })

const rest = async (served: Served, tool: string, body: unknown, claims?: Json) =>
  callTool(served, tool, body, bearer(await issuer.token(claims)))
const mcp = async (served: Served, name: string, args: Json = {}, _meta?: Json) => {
  const params = { name, arguments: args, ...(_meta && { _meta }) }
  const message = handshakeMessage('tools/call', params)
  const answer = await post(served, message, bearer(await issuer.token()))
  return answer.json<{ result: Json }>().result
}

async function claimsOf({ headers }: BackendCall, audience: string) {
  const key = new TextEncoder().encode(HMAC_SECRET)
  const assertion = String(headers['x-gateway-assertion'])
  return (await jwtVerify(assertion, key, { audience, issuer: 'https://mcp.test' })).payload
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('the request to the backend', () => {
  test('has path, query and header fields from the arguments, and no body for GET', async () => {
    const args = { id: 'a/b', tags: ['x', 'y&z'], trace: 'tr-1', text: 'not sent' }
    expect((await rest(await start(), 'readNote', args)).status).toBe(200)
    const call = onlyOf(own.calls)
    expect(call).toMatchObject({ method: 'GET', path: '/notes/a%2Fb?tags=x&tags=y%26z', body: '' })
    expect(call.headers['x-trace']).toBe('tr-1')
    const mine = ['accept', 'connection', 'host', 'x-request-id', 'x-trace', 'x-user-uid']
    expect(call.headerNames).toEqual([...mine, 'x-gateway-assertion', 'x-gateway-sig'].sort())
    expect(call.headers.host).toBe(new URL(own.url).host)
  })

  test('has an assertion for user, method, URL, query and body', async () => {
    const served = await start()
    await rest(served, 'writeNote', { id: 'é', tags: ['a'], text: 'ü' })
    const url = `${own.url}/notes/%C3%A9`
    expect(await claimsOf(onlyOf(own.calls), url)).toMatchObject({
      sub: 'auth0|alice',
      tool: 'writeNote',
      htm: 'PUT',
      htu: url,
      query_sha256: sha256('tags=a'),
      body_sha256: sha256('{"text":"ü"}'),
    })
  })

  test('has an assertion with the digest of an empty body and no digest of a missing query', async () => {
    await rest(await start(), 'dropNote', { id: '1' })
    const claims = await claimsOf(onlyOf(own.calls), `${own.url}/notes/1`)
    expect(claims).toMatchObject({ htm: 'DELETE', body_sha256: sha256('') })
    expect(claims).not.toHaveProperty('query_sha256')
  })

  test('has no x-gateway-sig and no x-user-uid outside FUNCTIONS_BASE', async () => {
    await rest(await start(), 'elsewhere', { id: '1' })
    const call = onlyOf(foreign.calls)
    expect(own.calls).toEqual([])
    expect(await claimsOf(call, `${foreign.url}/v1/1`)).toMatchObject({ sub: 'auth0|alice' })
    expect(call.headerNames).not.toContain('x-gateway-sig')
    expect(call.headerNames).not.toContain('x-user-uid')
  })

  test.each(['12345678901234567890', '1.0', '1e400', '-0', '0.10'])(
    'has the number %s as written, over REST and MCP',
    async (written) => {
      const served = await start()
      await rest(served, 'readNote', `{"id":"1","n":${written}}`)
      const headers = JSON_TYPE
      const params = `{"name":"readNote","arguments":{"id":"1","n":${written}}}`
      const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`
      await served.send({ method: 'POST', path: '/mcp', headers, body })
      expect(own.calls.map(({ path }) => path)).toEqual(Array(2).fill(`/notes/1?n=${written}`))
    },
  )

  test('is not sent if an argument cannot be encoded, and the response and the log give the reason', async () => {
    const served = await start()
    const answer = await rest(served, 'readNote', { id: '..' })
    expect([answer.status, answer.json()]).toMatchObject([
      400,
      { detail: 'Invalid arguments: argument "id" must not be . or .. in a path' },
    ])
    const result = await mcp(served, 'readNote', { id: '1', trace: 'a\r\nhost: evil' })
    expect(result).toMatchObject({ isError: true })
    expect(await mcp(served, 'readNote', {})).toMatchObject({ isError: true })
    expect(own.calls).toEqual([])
    const reasons = served.lines.filter(({ message }) => message === 'tool_answered')
    expect(reasons.map(({ reason }) => reason)).toEqual(Array(3).fill('arguments_invalid'))
    expect(JSON.stringify(served.lines)).not.toContain('evil')
  })

  test.each(['readNote', 'writeNote', 'dropNote', 'headNote'])(
    'is sent once even if the connection is reset: %s',
    async (tool) => {
      const served = await start()
      own.script('notes/1', {})
      await rest(served, tool, { id: '1' })
      own.script('notes/1', { manner: 'reset' })
      expect((await rest(served, tool, { id: '1' })).status).toBe(502)
      expect(own.calls).toHaveLength(2)
    },
  )

  test('has a Google ID token only below FUNCTIONS_BASE, with one audience for all arguments', async () => {
    const asked: string[] = []
    const metadata = await listen(
      createServer((req, res) => {
        asked.push(new URL(req.url ?? '', own.url).searchParams.get('audience') ?? '')
        res.end(new UnsecuredJWT({}).setExpirationTime('1h').encode())
      }),
    )
    stack.endAfterTest(metadata)
    const { host } = new URL(metadata.url)
    const served = await start({ BACKEND_AUTH: 'google' }, { metadataHost: host })
    for (const note of ['1', '2']) await rest(served, 'readNote', { id: note })
    await rest(served, 'elsewhere', { id: '1' })
    expect(asked).toEqual([own.url])
    const field = 'x-serverless-authorization'
    expect(own.calls.every(({ headerNames }) => headerNames.includes(field))).toBe(true)
    expect(onlyOf(foreign.calls).headerNames).not.toContain(field)
  })

  test('is a POST of all arguments if the tool has no request member', async () => {
    await rest(await start(), 'plain', { a: 1.5 })
    expect(onlyOf(own.calls)).toMatchObject({ method: 'POST', path: '/plain', body: '{"a":1.5}' })
    expect(onlyOf(own.calls).headers['accept']).toBe('application/json')
  })
})

describe('the result of a call', () => {
  test('is selected by resultPointer and wrapped in an object, with numbers as written', async () => {
    own.script('picked', { body: '{"data":{"a/b":[1.0,12345678901234567890]}}' })
    const answer = await rest(await start(), 'picked', {})
    expect(answer.text).toBe('{"items":[1.0,12345678901234567890]}')
  })

  test('is an error if resultPointer does not exist in the response', async () => {
    own.script('picked', { body: { data: {} } })
    const served = await start()
    expect((await rest(served, 'picked', {})).status).toBe(502)
    expect(served.lines.map(({ reason }) => reason)).toContain('backend_result_pointer')
  })

  test.each([
    [{ body: [1] }, '{"items":[1]}'],
    [{ body: 'null' }, '{"items":null}'],
    [{ body: { a: 1 } }, '{"a":1}'],
    [{ body: 'said', contentType: 'text/plain' }, '{"items":"said"}'],
  ])('of the response %j with wrap is %s', async (script, expected) => {
    own.script('wrapped', script)
    expect((await rest(await start(), 'wrapped', {})).text).toBe(expected)
  })

  test.each([
    ['dropNote', 'notes/1', { content: [] }],
    ['headNote', 'notes/1', { content: [] }],
    ['loose', 'loose', { structuredContent: {} }],
  ])('is empty if the response has no body: %s', async (tool, path, expected) => {
    own.script(path, { status: 204, body: '' })
    const result = await mcp(await start(), tool, { id: '1' })
    expect(result).toMatchObject(expected)
    expect(result).not.toHaveProperty('isError')
  })

  test.each([
    ['image/png', 'image'],
    ['audio/mpeg', 'audio'],
  ])('of the content type %s is a content block of type %s', async (contentType, type) => {
    const body = Buffer.from([1, 2, 255])
    own.script('notes/1', { contentType, body })
    const result = await mcp(await start(), 'readNote', { id: '1' })
    const mimeType = contentType
    expect(result).toEqual({ content: [{ type, data: body.toString('base64'), mimeType }] })
  })

  test('has the error message of the API for a 404', async () => {
    own.script('notes/1', { status: 404, body: { message: 'No such note.' } })
    const answer = await rest(await start(), 'readNote', { id: '1' })
    expect([answer.status, answer.json()]).toMatchObject([404, { detail: 'No such note.' }])
  })
})

describe('claims and hints in the assertion', () => {
  const EMAIL = 'https://acme.example/email'
  const readClaims = async () => claimsOf(onlyOf(own.calls), `${own.url}/plain`)

  test('include the claims of BACKEND_CLAIMS and no others', async () => {
    const served = await start({ BACKEND_CLAIMS: `${EMAIL}, org_id roles` })
    const token = { [EMAIL]: 'alice@acme.example', org_id: 'org_1', org_name: 'acme', roles: null }
    await rest(served, 'plain', {}, token)
    const claims = await readClaims()
    expect(claims).toMatchObject({
      [EMAIL]: 'alice@acme.example',
      org_id: 'org_1',
      sub: 'auth0|alice',
    })
    for (const absent of ['org_name', 'roles', 'permissions', 'client_hints']) {
      expect(claims).not.toHaveProperty(absent)
    }
  })

  test('omit a claim that is too large, and the log names it', async () => {
    const served = await start({ BACKEND_CLAIMS: 'roles org_id' })
    await rest(served, 'plain', {}, { roles: ['r'.repeat(1_100)], org_id: 'org_1' })
    const claims = await readClaims()
    expect([claims['roles'], claims['org_id']]).toEqual([undefined, 'org_1'])
    const [line] = served.lines.filter(({ message }) => message === 'backend_claim_too_large')
    expect(line).toMatchObject({ claim: 'roles' })
  })

  test.each(['sub', 'scope', 'htm', 'client_hints', 'iss'])(
    'cannot include the reserved claim %s',
    async (name) => {
      await expect(start({ BACKEND_CLAIMS: `org_id,${name}` })).rejects.toThrow(
        `BACKEND_CLAIMS must not name reserved claims of the assertion: ${name}`,
      )
    },
  )

  test('include valid hints of _meta and omit unknown and malformed ones', async () => {
    const userLocation = { city: 'Köln', longitude: '6.96', latitude: 50.94 }
    await mcp(
      await start(),
      'plain',
      {},
      {
        'openai/locale': 'de-DE',
        'openai/userLocation': { ...userLocation, country: 7, street: 'x' },
        'openai/subject': 'v1/abc',
        'openai/session': 's'.repeat(257),
        'openai/organization': 'a\nb',
        'openai/other': 'x',
        sub: 'auth0|mallory',
      },
    )
    const claims = await readClaims()
    expect(claims['client_hints']).toEqual({
      'openai/locale': 'de-DE',
      'openai/userLocation': userLocation,
      'openai/subject': 'v1/abc',
    })
    expect(claims.sub).toBe('auth0|alice')
  })

  test.each([undefined, {}, { 'openai/locale': 7 }, { 'openai/userLocation': [] }])(
    'omit client_hints if _meta is %j',
    async (meta) => {
      await mcp(await start(), 'plain', {}, meta)
      expect(await readClaims()).not.toHaveProperty('client_hints')
    },
  )
})
