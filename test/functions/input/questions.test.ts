import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ACCEPTED, BOTH, FORM, questionStack, text } from '../../support/gateway/questions.ts'
import { form } from '../../support/http/asking-backend.ts'
import { statelessRequest } from '../../support/http/serve.ts'

type Json = Readonly<Record<string, unknown>>

const { issuer, backend, served, call, stateOf, audits } = await questionStack()

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
