import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ACCEPTED, BOTH, FORM, questionStack, text } from '../../support/gateway/questions.ts'
import { form } from '../../support/http/asking-backend.ts'
import { statelessRequest } from '../../support/http/serve.ts'

type Json = Readonly<Record<string, unknown>>

const { issuer, backend, served, call, stateOf, audits } = await questionStack()

describe('the request to a backend that asks questions', () => {
  test('has an assertion with the client capabilities and the digest of the answers', async () => {
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

  test('has the answers in a signed header field if the tool has a request member', async () => {
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

  test('has numbers as the client wrote them', async () => {
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
  test('is returned with its state sealed and is logged', async () => {
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

  test('without state gets a state from the gateway, which is not sent to the backend', async () => {
    const requestState = await stateOf({ name: 'connect' })
    expect(requestState).toMatch(/^[\w-]{80,}$/)
    const inputResponses = { bank: { action: 'accept' }, more: { action: 'cancel' } }
    const { result } = await call({ name: 'connect', retry: { requestState, inputResponses } })
    expect(result).toMatchObject(text('connected'))
    expect(JSON.parse(String(backend.calls[1]?.body))).toEqual({ arguments: {}, inputResponses })
  })

  test('that was not asked cannot be answered, and the backend gets only the arguments', async () => {
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
  ])(
    'that needs %s (%s) gets error -32021 for the capabilities %j',
    async (_, name, capabilities, required) => {
      const { status, error } = await call({ name, capabilities })
      expect(status).toBe(400)
      expect(error).toMatchObject({ code: -32021, data: { requiredCapabilities: required } })
      expect(audits('tool_answered')).toEqual([
        { reason: 'input_required_undeclared', status: 409 },
      ])
    },
  )

  test('is reduced to the input requests that the client supports', async () => {
    const { result } = await call({ name: 'both', capabilities: FORM })
    expect(Object.keys(result?.['inputRequests'] as Json)).toEqual(['who'])
  })

  test.each(['script', 'nested', 'nothing', 'unknown'])(
    'that is malformed (%s) is rejected',
    async (name) => {
      const { result } = await call({ name })
      expect(result).toMatchObject({ isError: true })
      expect(audits('tool_answered')).toEqual([{ reason: 'backend_input_malformed', status: 502 }])
    },
  )

  test('with more than 16 KiB of state is rejected', async () => {
    const { result } = await call({ name: 'huge' })
    expect(result).toMatchObject({ isError: true })
    const reason = 'backend_input_state_too_large'
    expect(audits('tool_answered')).toEqual([{ reason, status: 502 }])
  })

  test('is not assumed for another resultType of a tool', async () => {
    const { result } = await call({ name: 'own' })
    expect(result).toMatchObject({ resultType: 'complete' })
    expect(result).not.toHaveProperty('isError')
  })
})
