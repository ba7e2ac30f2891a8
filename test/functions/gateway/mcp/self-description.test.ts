import { describe, expect, test } from 'vitest'
import { bearer, post, postStateless } from '../../../support/gateway/mcp.ts'
import { ALL_PRIVATE, gatewayStack } from '../../../support/gateway/stack.ts'
import { handshakeMessage, TOOLS } from '../../../support/http/serve.ts'

type Json = Readonly<Record<string, unknown>>

const { issuer, start } = await gatewayStack()

describe('the self-description of the server', () => {
  test.each(['2025-11-25', '2025-06-18', '2025-03-26'])(
    'initialize with revision %s returns the same revision',
    async (protocolVersion) => {
      const served = await start()
      const answer = await post(served, handshakeMessage('initialize', { protocolVersion }))
      expect(answer.status).toBe(200)
      expect(answer.headers['mcp-session-id']).toBeUndefined()
      expect(answer.json()).toMatchObject({ id: 1, result: { protocolVersion } })
    },
  )

  test.each(['2024-11-05', '2026-07-28', '2099-01-01', undefined, 7])(
    'initialize with revision %s returns the newest revision of the handshake era',
    async (protocolVersion) => {
      const served = await start()
      const answer = await post(served, handshakeMessage('initialize', { protocolVersion }))
      expect(answer.json()).toMatchObject({ result: { protocolVersion: '2025-11-25' } })
    },
  )

  test('server/discover lists every revision', async () => {
    const answer = await postStateless(await start(), 'server/discover')
    expect(answer.json()).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: {
        resultType: 'complete',
        supportedVersions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'],
        capabilities: { tools: {} },
        ttlMs: expect.any(Number),
        cacheScope: 'public',
        _meta: {
          'io.modelcontextprotocol/serverInfo': {
            name: 'chatgpt-auth0-gateway',
            version: expect.any(String),
          },
        },
      },
    })
  })

  test.each(['handshake', 'stateless'])(
    'tools/list of the %s era describes every tool',
    async (era) => {
      const served = await start()
      const answer =
        era === 'stateless'
          ? await postStateless(served, 'tools/list')
          : await post(served, handshakeMessage('tools/list'))
      const { result } = answer.json<{ result: { tools: Json[] } & Json }>()

      expect(result.tools.map(({ name }) => name)).toEqual(Object.keys(TOOLS))
      const [listEvents, , summarizeEvents, about] = result.tools
      const schemes = [{ type: 'oauth2', scopes: ['events:read'] }]
      expect(listEvents).toEqual({
        name: 'listEvents',
        title: 'List events',
        description: 'Events of the signed-in user, newest first.',
        inputSchema: TOOLS.listEvents.inputSchema,
        outputSchema: TOOLS.listEvents.outputSchema,
        annotations: { readOnlyHint: true },
        securitySchemes: schemes,
        _meta: { 'openai/toolInvocation/invoking': 'Reading events', securitySchemes: schemes },
      })
      const both = [{ type: 'oauth2', scopes: ['events:read', 'events:write'] }]
      expect(summarizeEvents).toMatchObject({
        securitySchemes: both,
        inputSchema: { type: 'object' },
      })
      const none = [{ type: 'noauth' }]
      expect(about).toMatchObject({ securitySchemes: none, _meta: { securitySchemes: none } })
      if (era === 'stateless') {
        expect(result).toMatchObject({ resultType: 'complete', cacheScope: 'public' })
      } else expect(Object.keys(result)).toEqual(['tools'])
    },
  )

  test('tools/list has cacheScope private if it requires a token', async () => {
    const served = await start(ALL_PRIVATE)
    const headers = bearer(await issuer.token())
    const answer = await postStateless(served, 'tools/list', {}, headers)
    expect(answer.json()).toMatchObject({ result: { cacheScope: 'private' } })
  })
})
