import { describe, expect, test } from 'vitest'
import { callOf, post } from '../../../support/gateway/mcp.ts'
import { gatewayStack } from '../../../support/gateway/stack.ts'
import { handshakeMessage } from '../../../support/http/serve.ts'

const { backend, start } = await gatewayStack()

describe('revisions 2025-03-26 to 2025-11-25', () => {
  test.each(['no/such', 'server/discover', 'resources/list', 'toString'])(
    'the unknown method %s gets 200 with error -32601',
    async (method) => {
      const answer = await post(await start(), handshakeMessage(method))
      expect(answer.status).toBe(200)
      expect(answer.json()).toMatchObject({ id: 1, error: { code: -32601 } })
    },
  )

  test.each(['notifications/initialized', 'notifications/cancelled', 'notifications/unknown'])(
    'the notification %s gets 202 without a body',
    async (method) => {
      const answer = await post(await start(), { jsonrpc: '2.0', method })
      expect(answer.status).toBe(202)
      expect(answer.text).toBe('')
    },
  )

  test('a tools/call without an id gets 202 without a call', async () => {
    const { id: _, ...notification } = callOf('about')
    expect((await post(await start(), notification)).status).toBe(202)
    expect(backend.calls).toEqual([])
  })

  test('an unsolicited response gets 202', async () => {
    const answer = await post(await start(), { jsonrpc: '2.0', id: 9, result: {} })
    expect(answer.status).toBe(202)
  })

  test('ping gets an empty result', async () => {
    expect((await post(await start(), handshakeMessage('ping'))).json()).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: {},
    })
  })

  test('a session ID is ignored, and none is issued', async () => {
    const headers = { 'mcp-session-id': 'abc', 'mcp-protocol-version': '2025-06-18' }
    const answer = await post(await start(), handshakeMessage('ping'), headers)
    expect(answer.status).toBe(200)
    expect(answer.headers['mcp-session-id']).toBeUndefined()
  })
})
