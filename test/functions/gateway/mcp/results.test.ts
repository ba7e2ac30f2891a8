import { describe, expect, test } from 'vitest'
import { bearer, callOf, post, postStateless } from '../../../support/gateway/mcp.ts'
import { EVENTS, gatewayStack } from '../../../support/gateway/stack.ts'
import { handshakeMessage } from '../../../support/http/serve.ts'

const { issuer, backend, start } = await gatewayStack()

describe('results', () => {
  test('a result of the stateless era has a resultType and names the server', async () => {
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

  test('a tool without an outputSchema returns text', async () => {
    backend.script('about', { body: { about: 'us' } })
    const answer = await post(await start(), callOf('about'))
    expect(answer.json()).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: { content: [{ type: 'text', text: '{"about":"us"}' }] },
    })
  })

  test('a CallToolResult of a backend is passed on', async () => {
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

  test('an object that only resembles a CallToolResult is returned as data', async () => {
    const body = { content: [{ type: 'poem', text: 'hi' }] }
    backend.script('about', { body })
    const answer = await post(await start(), callOf('about'))
    expect(answer.json()).toMatchObject({
      result: { content: [{ type: 'text', text: JSON.stringify(body) }] },
    })
  })

  test('plain text is returned as text', async () => {
    backend.script('about', { contentType: 'text/plain; charset=utf-8', body: 'hëllo' })
    const answer = await post(await start(), callOf('about'))
    expect(answer.json()).toMatchObject({ result: { content: [{ type: 'text', text: 'hëllo' }] } })
  })

  test.each([{ limit: 0 }, { limit: '5' }, { limit: 201 }, { other: 1 }])(
    'invalid arguments return an error result without a call: %j',
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

  test('arguments can be omitted', async () => {
    const message = handshakeMessage('tools/call', { name: 'about' })
    expect((await post(await start(), message)).status).toBe(200)
    expect(backend.calls.map(({ body }) => body)).toEqual(['{}'])
  })
})
