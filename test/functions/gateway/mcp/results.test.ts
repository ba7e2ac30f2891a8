import { describe, expect, test } from 'vitest'
import { bearer, callOf, post, postStateless } from '../../../support/gateway/mcp.ts'
import { EVENTS, gatewayStack } from '../../../support/gateway/stack.ts'
import { handshakeMessage } from '../../../support/http/serve.ts'

const { issuer, backend, start } = await gatewayStack()

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
