import { describe, expect, test } from 'vitest'
import { callOf, post } from '../../../support/gateway/mcp.ts'
import { gatewayStack } from '../../../support/gateway/stack.ts'
import { handshakeMessage } from '../../../support/http/serve.ts'

const { backend, start } = await gatewayStack()

describe('revisions 2025-03-26 to 2025-11-25', () => {
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
