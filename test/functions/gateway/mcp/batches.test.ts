import { describe, expect, test } from 'vitest'
import { bearer, callOf, codeOf, OPENAI, post } from '../../../support/gateway/mcp.ts'
import { gatewayStack } from '../../../support/gateway/stack.ts'
import { handshakeMessage } from '../../../support/http/serve.ts'

const { issuer, backend, start } = await gatewayStack()

describe('a batch', () => {
  const batch = [
    { ...callOf('about'), id: 'first' },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { ...handshakeMessage('ping'), id: 2 },
    { ...handshakeMessage('no/such'), id: 3 },
  ]

  test.each([undefined, '2025-03-26'])(
    'with protocol version %s gets a response for every request',
    async (version) => {
      const headers = version === undefined ? {} : { 'mcp-protocol-version': version }
      const answer = await post(await start(), batch, headers)
      expect(answer.status).toBe(200)
      expect(answer.json()).toEqual([
        expect.objectContaining({ id: 'first', result: expect.anything() }),
        { jsonrpc: '2.0', id: 2, result: {} },
        expect.objectContaining({ id: 3, error: expect.objectContaining({ code: -32601 }) }),
      ])
      expect(backend.calls).toHaveLength(1)
    },
  )

  test.each(['2025-06-18', '2025-11-25', '2026-07-28', '1900-01-01'])(
    'with protocol version %s gets 400 without a call',
    async (version) => {
      const answer = await post(await start(), batch, { 'mcp-protocol-version': version })
      expect(answer.status).toBe(400)
      expect(backend.calls).toEqual([])
    },
  )

  test('of notifications only gets 202', async () => {
    const answer = await post(await start(), [batch[1], batch[1]])
    expect(answer.status).toBe(202)
    expect(answer.text).toBe('')
  })

  test.each([
    { name: 'empty', messages: [] },
    { name: 'longer than 50 messages', messages: Array.from({ length: 51 }, () => batch[0]) },
    { name: 'mixed with initialize', messages: [batch[0], handshakeMessage('initialize')] },
    { name: 'mixed with a number', messages: [batch[0], 7] },
    { name: 'nested', messages: [batch[0], [batch[0]]] },
  ])('that is invalid gets error -32600 without a call: $name', async ({ messages }) => {
    const answer = await post(await start(), messages)
    expect(answer.status).toBe(400)
    expect(codeOf(answer)).toBe(-32600)
    expect(backend.calls).toEqual([])
  })

  test('is refused without a call if one of its calls is not allowed', async () => {
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

describe('a batch of lists', () => {
  const list = handshakeMessage('tools/list')

  test('gets at most about a million characters, and errors for the rest', async () => {
    const tool = (index: number) => ({ description: `${index}`.padEnd(100_000, 'x'), scopes: [] })
    const tools = Object.fromEntries([1, 2, 3].map((index) => [`tool${index}`, tool(index)]))
    const served = await start({ TOOLS: JSON.stringify(tools) })
    const single = await post(served, list)
    const messages = Array.from({ length: 50 }, (_, id) => ({ ...list, id }))
    const answer = await post(served, messages)
    expect(answer.status).toBe(200)
    expect(answer.text.length).toBeLessThan(1_100_000)
    const answers = answer.json<{ id: number; result?: object; error?: object }[]>()
    expect(answers.map(({ id }) => id)).toEqual(messages.map(({ id }) => id))
    const count = Math.floor((1024 * 1024) / single.text.length)
    expect(answers.filter(({ result }) => result !== undefined)).toHaveLength(count)
    expect(answers.at(-1)?.error).toEqual({
      code: -32000,
      message: 'The results of this batch are too long. Send fewer messages in a batch.',
    })
  })

  test('gets one list of any length', async () => {
    const description = 'x'.repeat(300_000)
    const tools = Object.fromEntries(
      Array.from({ length: 4 }, (_, index) => [`tool${index}`, { description, scopes: [] }]),
    )
    const served = await start({ TOOLS: JSON.stringify(tools) })
    const answer = await post(served, [list, callOf('tool0')])
    expect(answer.json()).toMatchObject([{ result: {} }, { result: {} }])
  })
})
