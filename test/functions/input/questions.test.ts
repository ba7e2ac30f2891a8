import { hash } from 'node:crypto'
import { createMCPClient, ElicitationRequestSchema } from '@ai-sdk/mcp'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type AskingBackend,
  type AskingTools,
  ask,
  form,
  page,
  startAskingBackend,
} from '../../support/http/asking-backend.ts'
import { type Issuer, startIssuer } from '../../support/http/issuer.ts'
import {
  HMAC_SECRET,
  handshakeMessage,
  type Served,
  serveGateway,
  statelessRequest,
} from '../../support/http/serve.ts'

type Json = Readonly<Record<string, unknown>>

const URL_TO_OPEN = 'https://bank.example/connect?session=1'
const STATE = '{"step":1,"note":"für dich"}'
const BOTH = { elicitation: { form: {}, url: {} } }
const FORM = { elicitation: {} }
const text = (said: string) => ({ content: [{ type: 'text', text: said }] })

const TOOLS: AskingTools = {
  greet: ({ inputResponses, requestState }) => {
    const { action, content } = inputResponses?.['who'] ?? {}
    if (action === undefined) return ask({ who: form('What is your name?', 'name') }, STATE)
    const name = (content as Json | undefined)?.['name']
    return text(`${action} ${name} ${requestState === STATE}`)
  },
  connect: ({ inputResponses }) =>
    inputResponses === undefined
      ? ask({ bank: page('Connect your bank.', URL_TO_OPEN) })
      : text('connected'),
  both: ({ inputResponses }) =>
    inputResponses === undefined
      ? ask({ who: form('Name?', 'name'), bank: page('Connect.', URL_TO_OPEN) })
      : text('done'),
  wait: ({ requestState }) => (requestState === 'later' ? text('now') : ask(undefined, 'later')),
  events: ({ inputResponses, requestState }) =>
    inputResponses === undefined
      ? ask({ sure: form('Delete it?', 'sure', 'boolean') }, 'e1')
      : { data: text(`${requestState} ${inputResponses['sure']?.['action']}`) },
  script: ({ body }) => ask({ a: page('x', 'javascript:alert(1)') }, body),
  nested: () =>
    ask({
      a: {
        method: 'elicitation/create',
        params: {
          message: 'x',
          requestedSchema: { type: 'object', properties: { b: { type: 'object' } } },
        },
      },
    }),
  nothing: () => ask({}),
  unknown: () => ask({ a: { method: 'tools/call', params: {} } }),
  huge: () => ask(undefined, 'x'.repeat(16_385)),
  own: () => ({ resultType: 'input', inputRequests: 1 }),
}

const inputSchema = { type: 'object', properties: { x: {}, y: {} } }
const CATALOGUE = {
  ...Object.fromEntries(
    Object.keys(TOOLS).map((name) => [name, { scopes: ['events:read'], inputSchema }]),
  ),
  remove: {
    scopes: ['events:read'],
    inputSchema: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
    request: {
      method: 'DELETE',
      url: '/events/{id}',
      parameters: [{ name: 'id', in: 'path' }],
      resultPointer: '/data',
    },
  },
}

let issuer: Issuer
let backend: AskingBackend
let served: Served

const start = (env: Readonly<Record<string, string>> = {}) =>
  serveGateway({
    issuer: issuer.url,
    functionsBase: backend.url,
    env: { TOOLS: JSON.stringify(CATALOGUE), ...env },
  })

beforeAll(async () => {
  issuer = await startIssuer()
  backend = await startAskingBackend(TOOLS)
  served = await start()
})
beforeEach(() => {
  backend.calls.length = 0
  served.lines.length = 0
})
afterAll(async () => {
  await served[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

interface Call {
  readonly name: string
  readonly args?: Json
  readonly capabilities?: Json
  readonly claims?: Json
  readonly gateway?: Served
  readonly retry?: Json
}

async function call({ name, args = {}, capabilities = BOTH, ...others }: Call) {
  const { claims = { scope: 'events:read' }, gateway = served, retry } = others
  const { headers, body } = statelessRequest('tools/call', { name, arguments: args, ...retry })
  const _meta = { ...body.params._meta, 'io.modelcontextprotocol/clientCapabilities': capabilities }
  const answer = await gateway.send({
    method: 'POST',
    path: '/mcp',
    headers: { ...headers, authorization: `Bearer ${await issuer.token(claims)}` },
    body: { ...body, params: { ...body.params, _meta } },
  })
  return { status: answer.status, ...answer.json<{ result?: Json; error?: Json }>() }
}

async function stateOf(options: Call): Promise<string> {
  const { result } = await call(options)
  return String(result?.['requestState'])
}

const audits = (message: string) =>
  served.lines
    .filter((line) => line['message'] === message)
    .map(({ decision, reason, status }) => ({ decision, reason, status }))

const ACCEPTED = { who: { action: 'accept', content: { name: 'Ada' } } }

describe('clients that answer questions', () => {
  test('client 2.x: a form, with state', async () => {
    const client = new Client(
      { name: 't', version: '1' },
      { capabilities: BOTH, versionNegotiation: { mode: { pin: '2026-07-28' } } },
    )
    const asked: unknown[] = []
    client.setRequestHandler('elicitation/create', ({ params }) => {
      asked.push(params)
      return params.mode === 'url'
        ? { action: 'accept' }
        : { action: 'accept', content: { name: 'Ada' } }
    })
    const requestInit = { headers: { authorization: `Bearer ${await issuer.token()}` } }
    const url = new URL(`${served.url}/mcp`)
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit }))

    const greeted = await client.callTool({ name: 'greet', arguments: { y: 1, x: 2 } })
    expect(greeted.content).toEqual(text('accept Ada true').content)
    expect(asked).toEqual([form('What is your name?', 'name').params])
    expect(backend.calls.map(({ body }) => JSON.parse(body))).toEqual([
      { y: 1, x: 2 },
      { arguments: { y: 1, x: 2 }, inputResponses: ACCEPTED, requestState: STATE },
    ])
    const connected = await client.callTool({ name: 'connect', arguments: {} })
    expect(connected.content).toEqual(text('connected').content)
    expect(asked.at(-1)).toEqual(page('Connect your bank.', URL_TO_OPEN).params)
    const waited = await client.callTool({ name: 'wait', arguments: {} })
    expect(waited.content).toEqual(text('now').content)
    const removed = await client.callTool({ name: 'remove', arguments: { id: 'e1' } })
    expect(removed).toMatchObject({ content: text('e1 accept').content })
    await client.close()
  })

  test('@ai-sdk/mcp: a form, with state', async () => {
    const client = await createMCPClient({
      transport: {
        type: 'http',
        url: `${served.url}/mcp`,
        headers: { authorization: `Bearer ${await issuer.token()}` },
      },
      capabilities: { elicitation: {} },
    })
    client.onElicitationRequest(ElicitationRequestSchema, () => ({
      action: 'accept',
      content: { name: 'Ada' },
    }))
    const result = await client.callTool({ name: 'greet', arguments: {} })
    expect(result).toMatchObject(text('accept Ada true'))
    await client.close()
  })
})

describe('what a backend gets', () => {
  test('its statement names what the client can be asked, and covers the answers', async () => {
    const capabilities = { ...BOTH, sampling: { tools: {}, x: 1 }, experimental: { y: 1 } }
    const requestState = await stateOf({ name: 'greet', capabilities })
    await call({ name: 'greet', retry: { requestState, inputResponses: ACCEPTED } })
    const [first, second] = backend.calls
    expect(first?.claims['client_capabilities']).toEqual({ ...BOTH, sampling: { tools: {} } })
    expect(first?.headers['content-type']).toBe('application/json')
    expect(second?.claims['body_sha256']).toBe(hash('sha256', String(second?.body)))
    expect(second?.headers['content-type']).toBe('application/vnd.mcp.input+json')
    await call({ name: 'connect', capabilities: {} })
    expect(backend.calls[2]?.claims).not.toHaveProperty('client_capabilities')
  })

  test('of a tool with a request: a header field that the statement covers', async () => {
    const id = { id: 'a b' }
    const requestState = await stateOf({ name: 'remove', args: id })
    const inputResponses = { sure: { action: 'accept', content: { sure: true } } }
    const { result } = await call({
      name: 'remove',
      args: id,
      retry: { requestState, inputResponses },
    })
    expect(result).toMatchObject(text('e1 accept'))
    const [first, second] = backend.calls
    expect([first?.path, second?.path]).toEqual(['/events/a%20b', '/events/a%20b'])
    expect(first?.headers).not.toHaveProperty('x-gateway-input')
    const field = String(second?.headers['x-gateway-input'])
    expect(second?.claims['input_sha256']).toBe(hash('sha256', field))
    expect(second).toMatchObject({ body: '', requestState: 'e1', inputResponses })
    const long = { sure: { action: 'accept', content: { sure: 'x'.repeat(6_000) } } }
    const tooLong = await call({
      name: 'remove',
      args: id,
      retry: { requestState, inputResponses: long },
    })
    expect(tooLong.result).toMatchObject({ isError: true })
    expect(backend.calls).toHaveLength(2)
  })

  test('numbers are as the client wrote them', async () => {
    const bodyOf = (body: unknown) => JSON.stringify(body).replace('"x":1', '"x":1.0')
    const params = { name: 'connect', arguments: { x: 1 } }
    const { headers, body } = statelessRequest('tools/call', params)
    const capable = (given: typeof body) =>
      bodyOf(given).replace('Capabilities":{}', `Capabilities":${JSON.stringify(BOTH)}`)
    const authorization = `Bearer ${await issuer.token()}`
    const sent = { method: 'POST', path: '/mcp', headers: { ...headers, authorization } }
    const first = await served.send({ ...sent, body: capable(body) })
    const { requestState } = first.json<{ result: Json }>().result
    const inputResponses = { a: { action: 'accept', content: { n: 2.5 } } }
    const retry = statelessRequest('tools/call', { ...params, requestState, inputResponses })
    const { status } = await served.send({
      ...sent,
      body: capable(retry.body).replace('"n":2.5', '"n":2.50'),
    })
    expect(status).toBe(200)
    expect(backend.calls[1]?.body).toBe(
      '{"arguments":{"x":1.0},"inputResponses":{"a":{"action":"accept","content":{"n":2.50}}}}',
    )
  })
})

describe('a question', () => {
  test('passes with its state sealed, and is in the audit records', async () => {
    const { status, result } = await call({ name: 'greet' })
    expect(status).toBe(200)
    const { requestState, inputRequests, resultType } = result ?? {}
    expect({ inputRequests, resultType }).toEqual({
      inputRequests: { who: form('What is your name?', 'name') },
      resultType: 'input_required',
    })
    expect(requestState).toMatch(/^[\w-]{80,}$/)
    expect(audits('tool_answered')).toEqual([{ reason: 'input_required', status: 200 }])
  })

  test('without state gets one from the gateway, of which the backend sees nothing', async () => {
    const requestState = await stateOf({ name: 'connect' })
    expect(requestState).toMatch(/^[\w-]{80,}$/)
    const inputResponses = { bank: { action: 'accept' }, more: { action: 'cancel' } }
    const { result } = await call({ name: 'connect', retry: { requestState, inputResponses } })
    expect(result).toMatchObject(text('connected'))
    expect(JSON.parse(String(backend.calls[1]?.body))).toEqual({ arguments: {}, inputResponses })
  })

  test('that was not asked cannot be answered: the backend gets the arguments alone', async () => {
    const { result } = await call({ name: 'greet', retry: { inputResponses: ACCEPTED } })
    expect(result).toMatchObject({ resultType: 'input_required' })
    const [{ body, headers } = {}] = backend.calls
    expect([body, headers?.['content-type']]).toEqual(['{}', 'application/json'])
  })

  test.each<[string, string, Json, Json]>([
    ['a form', 'greet', {}, { elicitation: { form: {} } }],
    ['a form', 'greet', { elicitation: { url: {} } }, { elicitation: { form: {} } }],
    ['a page', 'connect', FORM, { elicitation: { url: {} } }],
    ['both', 'both', { sampling: {} }, BOTH],
  ])('that needs %s (%s) is -32021 for %j', async (_, name, capabilities, required) => {
    const { status, error } = await call({ name, capabilities })
    expect(status).toBe(400)
    expect(error).toMatchObject({ code: -32021, data: { requiredCapabilities: required } })
    expect(audits('tool_answered')).toEqual([{ reason: 'input_required_undeclared', status: 409 }])
  })

  test('of which the client takes a part passes in part', async () => {
    const { result } = await call({ name: 'both', capabilities: FORM })
    expect(Object.keys(result?.['inputRequests'] as Json)).toEqual(['who'])
  })

  test.each(['script', 'nested', 'nothing', 'unknown'])(
    'that is malformed (%s) does not pass',
    async (name) => {
      const { result } = await call({ name })
      expect(result).toMatchObject({ isError: true })
      expect(audits('tool_answered')).toEqual([{ reason: 'backend_input_malformed', status: 502 }])
    },
  )

  test('with more state than 16 KiB does not pass', async () => {
    const { result } = await call({ name: 'huge' })
    expect(result).toMatchObject({ isError: true })
    const reason = 'backend_input_state_too_large'
    expect(audits('tool_answered')).toEqual([{ reason, status: 502 }])
  })

  test('is not what a tool means by another resultType', async () => {
    const { result } = await call({ name: 'own' })
    expect(result).toMatchObject({ resultType: 'complete' })
    expect(result).not.toHaveProperty('isError')
  })
})

describe('clients that cannot be asked', () => {
  const FORM_SENTENCE =
    'The tool has a question that this client cannot pass on: What is your name?'
  const URL_SENTENCE = `The tool needs the user to open ${URL_TO_OPEN} first: Connect your bank. Call the tool again afterwards.`

  test.each([
    ['greet', FORM_SENTENCE],
    ['connect', URL_SENTENCE],
  ])('an older revision gets a sentence (%s)', async (name, sentence) => {
    const answer = await served.send({
      method: 'POST',
      path: '/mcp',
      headers: {
        'content-type': 'application/json',
        'mcp-protocol-version': '2025-11-25',
        authorization: `Bearer ${await issuer.token()}`,
      },
      body: handshakeMessage('tools/call', { name, arguments: {}, inputResponses: ACCEPTED }),
    })
    expect(answer.json()).toMatchObject({ result: { ...text(sentence), isError: true } })
    expect(backend.calls.map(({ body }) => body)).toEqual(['{}'])
  })

  test('so does each call of a batch', async () => {
    const calls = ['greet', 'connect'].map((name, id) => ({
      ...handshakeMessage('tools/call', { name, arguments: {} }),
      id,
    }))
    const answer = await served.send({
      method: 'POST',
      path: '/mcp',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await issuer.token()}`,
      },
      body: calls,
    })
    expect(answer.json()).toMatchObject([
      { id: 0, result: { ...text(FORM_SENTENCE), isError: true } },
      { id: 1, result: { ...text(URL_SENTENCE), isError: true } },
    ])
  })

  test('REST answers 409', async () => {
    const answer = await served.send({
      method: 'POST',
      path: '/tools/connect',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await issuer.token()}`,
      },
      body: {},
    })
    expect(answer.status).toBe(409)
    expect(answer.json()).toMatchObject({ title: 'Conflict', detail: URL_SENTENCE })
  })
})

describe('a retry', () => {
  const REFUSED = {
    code: -32602,
    message:
      'Invalid params: requestState does not hold for this call; call the tool again without it.',
  }
  const refused = async (options: Call, reason: string) => {
    backend.calls.length = 0
    served.lines.length = 0
    const { error } = await call(options)
    expect(error).toEqual(REFUSED)
    expect(audits('tool_called')).toEqual([{ decision: 'denied', reason }])
    expect(audits('tool_answered')).toEqual([])
    expect(backend.calls).toEqual([])
  }

  test.each<[string, Partial<Call>, string]>([
    ['another user', { claims: { sub: 'auth0|eve' } }, 'request_state_other_caller'],
    ['another client', { claims: { client_id: 'other' } }, 'request_state_other_caller'],
    ['another tool', { name: 'wait' }, 'request_state_other_tool'],
    ['other arguments', { args: { x: 2 } }, 'request_state_other_arguments'],
  ])('with the state of a call by or of %s is refused', async (_, changes, reason) => {
    const first = { name: 'greet', args: { x: 1 } }
    const requestState = await stateOf(first)
    const claims = { scope: 'events:read', ...changes.claims }
    const retry = { requestState, inputResponses: ACCEPTED }
    await refused({ ...first, ...changes, claims, retry }, reason)
  })

  test('with a state that was changed, made up, too long or no text is refused', async () => {
    const requestState = await stateOf({ name: 'greet' })
    const states = [
      `${requestState}-TAMPERED`,
      requestState.slice(1),
      `${requestState}=`,
      '',
      STATE,
    ]
    for (const changed of [...states, 5, { a: 1 }]) {
      const retry = { requestState: changed, inputResponses: ACCEPTED }
      await refused({ name: 'greet', retry }, 'request_state_forged')
    }
    const retry = { requestState: 'A'.repeat(40_000) }
    await refused({ name: 'greet', retry }, 'request_state_too_large')
  })

  test('after ten minutes is refused', async () => {
    const requestState = await stateOf({ name: 'greet' })
    const retry = { requestState, inputResponses: ACCEPTED }
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      vi.setSystemTime(Date.now() + 601_000)
      const exp = Math.floor(Date.now() / 1000) + 60
      await refused(
        { name: 'greet', claims: { exp, iat: exp - 60 }, retry },
        'request_state_expired',
      )
    } finally {
      vi.useRealTimers()
    }
  })

  test('with its members in another order is taken', async () => {
    const requestState = await stateOf({ name: 'greet', args: { x: 1, y: { a: 1, b: 2 } } })
    const retry = { requestState, inputResponses: ACCEPTED }
    const { result } = await call({ name: 'greet', args: { y: { b: 2, a: 1 }, x: 1 }, retry })
    expect(result).toMatchObject(text('accept Ada true'))
  })

  test('without the scope is refused as the first call is', async () => {
    const requestState = await stateOf({ name: 'greet' })
    const retry = { requestState, inputResponses: ACCEPTED }
    backend.calls.length = 0
    const { status } = await call({ name: 'greet', claims: { scope: 'other' }, retry })
    expect(status).toBe(403)
    expect(backend.calls).toEqual([])
  })

  test.each<[string, unknown]>([
    ['no object', { who: 12345 }],
    ['another action', { who: { action: 'maybe' } }],
    ['a nested value', { who: { action: 'accept', content: { name: { first: 'Ada' } } } }],
    ['a list of values', { who: { action: 'accept', content: [1] } }],
    ['a list', ['accept']],
    ['a text', 'accept'],
    [
      '101 of them',
      Object.fromEntries(Array.from({ length: 101 }, (_, at) => [at, { action: 'cancel' }])),
    ],
  ])('with answers of another shape (%s) is invalid', async (_, inputResponses) => {
    const { error } = await call({ name: 'greet', retry: { inputResponses } })
    expect(error).toMatchObject({ code: -32602 })
    expect(audits('tool_called')).toEqual([
      { decision: 'denied', reason: 'input_responses_invalid' },
    ])
    expect(backend.calls).toEqual([])
  })

  test.each(['decline', 'cancel'])('that says %s reaches the backend', async (action) => {
    const requestState = await stateOf({ name: 'greet' })
    const retry = { requestState, inputResponses: { who: { action } } }
    const { result } = await call({ name: 'greet', retry })
    expect(result).toMatchObject(text(`${action} undefined true`))
  })

  test('with null for state and answers is a first call', async () => {
    const { result } = await call({
      name: 'greet',
      retry: { requestState: null, inputResponses: null },
    })
    expect(result).toMatchObject({ resultType: 'input_required' })
    expect(backend.calls[0]?.body).toBe('{}')
  })

  test('is taken by a gateway whose secret has been changed since', async () => {
    const requestState = await stateOf({ name: 'greet' })
    await using changed = await start({
      GATEWAY_HMAC_SECRET: `a-newer-secret-0123456789-0123456789,${HMAC_SECRET}`,
    })
    const retry = { requestState, inputResponses: ACCEPTED }
    const { result } = await call({ name: 'greet', retry, gateway: changed })
    expect(result).toMatchObject(text('accept Ada true'))
  })
})
