import { createMCPClient, ElicitationRequestSchema } from '@ai-sdk/mcp'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { describe, expect, test } from 'vitest'
import { offering } from '../../../functions/gateway/input/offer.ts'
import { atOnce } from '../../../shared/json/turns.ts'
import {
  ACCEPTED,
  BOTH,
  questionStack,
  STATE,
  text,
  URL_TO_OPEN,
} from '../../support/gateway/questions.ts'
import { form, page } from '../../support/http/asking-backend.ts'
import { handshakeMessage } from '../../support/http/serve.ts'

const { issuer, backend, served } = await questionStack()

describe('clients that support elicitation', () => {
  test('SDK client 2.x answers forms and opens URLs, with and without state', async () => {
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

  test('@ai-sdk/mcp answers a form with state', async () => {
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

describe('clients that do not support elicitation', () => {
  const FORM_SENTENCE =
    'The tool requires input that this client does not support: What is your name?'
  const URL_SENTENCE = `The tool needs the user to open ${URL_TO_OPEN} first: Connect your bank. Call the tool again afterwards.`

  test.each([
    ['greet', FORM_SENTENCE],
    ['connect', URL_SENTENCE],
  ])('get an error message in an older revision: %s', async (name, sentence) => {
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

  const FORM = 'The tool requires input that this client does not support'
  const URL = `The tool needs the user to open ${URL_TO_OPEN} first`
  const AGAIN = 'Call the tool again afterwards.'
  test.each([
    [form('Your name', 'name'), `${FORM}: Your name.`],
    [form('Enter your name.', 'name'), `${FORM}: Enter your name.`],
    [form('Your\nname? ', 'name'), `${FORM}: Your name?`],
    [form('', 'name'), `${FORM}.`],
    [{ method: 'roots/list' }, `${FORM}.`],
    [page('Connect your bank', URL_TO_OPEN), `${URL}: Connect your bank. ${AGAIN}`],
    [page('Connect your bank.', URL_TO_OPEN), `${URL}: Connect your bank. ${AGAIN}`],
    [page('Is your bank connected?', URL_TO_OPEN), `${URL}: Is your bank connected? ${AGAIN}`],
    [page('', URL_TO_OPEN), `${URL}. ${AGAIN}`],
  ])('get a message of whole sentences for %j', (request, message) => {
    expect(atOnce(offering({ inputRequests: { a: request } }, undefined))).toMatchObject({
      kind: 'undeclared',
      message,
    })
  })

  test('get an error message for each call of a batch', async () => {
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

  test('get 409 over REST', async () => {
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
