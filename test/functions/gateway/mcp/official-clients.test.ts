import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { describe, expect, test } from 'vitest'
import { bearer } from '../../../support/gateway/mcp.ts'
import { ALL_PRIVATE, EVENTS, gatewayStack } from '../../../support/gateway/stack.ts'
import { TOOLS } from '../../../support/http/serve.ts'

const { issuer, backend, start } = await gatewayStack()

describe('the official SDK clients', () => {
  const eras = [
    { mode: 'auto', version: '2026-07-28' },
    { mode: { pin: '2026-07-28' }, version: '2026-07-28' },
    { mode: 'legacy', version: '2025-11-25' },
  ] as const

  test.each(eras)(
    'client 2.x with mode $mode uses $version, lists the tools and calls one',
    async (era) => {
      const { url } = await start()
      const client = new Client(
        { name: 'test', version: '1' },
        { versionNegotiation: { mode: era.mode } },
      )
      const requestInit = { headers: bearer(await issuer.token()) }
      await client.connect(
        new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit }),
      )

      expect(client.getNegotiatedProtocolVersion()).toBe(era.version)
      expect(client.getServerVersion()).toMatchObject({ name: 'chatgpt-auth0-gateway' })
      expect(client.getServerCapabilities()).toEqual({ tools: {} })
      const { tools } = await client.listTools()
      expect(tools.map(({ name }) => name)).toEqual(Object.keys(TOOLS))
      const result = await client.callTool({ name: 'listEvents', arguments: { limit: 5 } })
      expect(result).toMatchObject({ structuredContent: EVENTS })
      expect(result.content).toEqual([{ type: 'text', text: JSON.stringify(EVENTS) }])
      expect(backend.calls.map(({ body }) => body)).toEqual(['{"limit":5}'])
      await client.close()
    },
  )

  test('client 1.x initializes, lists the tools and calls one', async () => {
    const { url } = await start()
    const client = new OlderClient({ name: 'test', version: '1' })
    const requestInit = { headers: bearer(await issuer.token()) }
    const transport = new OlderTransport(new URL(`${url}/mcp`), { requestInit })
    await client.connect(transport as Transport)

    expect(client.getServerCapabilities()).toEqual({ tools: {} })
    expect(transport.sessionId).toBeUndefined()
    await client.ping()
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(Object.keys(TOOLS))
    const result = await client.callTool({ name: 'listEvents', arguments: {} })
    expect(result).toMatchObject({ structuredContent: EVENTS })
    await client.close()
  })

  test('client 2.x without a token can call only the public tool', async () => {
    backend.script('about', { body: { about: 'us' } })
    const { url } = await start()
    const client = new Client(
      { name: 'test', version: '1' },
      { versionNegotiation: { mode: 'auto' } },
    )
    await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)))
    const result = await client.callTool({ name: 'about', arguments: {} })
    expect(result.content).toEqual([{ type: 'text', text: '{"about":"us"}' }])
    await expect(client.callTool({ name: 'addEvent', arguments: {} })).rejects.toMatchObject({
      status: 401,
    })
    expect(backend.calls).toHaveLength(1)
    await client.close()
  })

  test('client 2.x without a token cannot connect if no tool is public', async () => {
    const { url } = await start(ALL_PRIVATE)
    for (const mode of ['auto', 'legacy'] as const) {
      const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
      const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`))
      await expect(client.connect(transport)).rejects.toMatchObject({ status: 401 })
    }
  })

  test('client 2.x gets all scopes of the tool when one is missing', async () => {
    const { url } = await start()
    const client = new Client(
      { name: 'test', version: '1' },
      { versionNegotiation: { mode: 'auto' } },
    )
    const requestInit = { headers: bearer(await issuer.token()) }
    const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit })
    await client.connect(transport)
    await expect(client.callTool({ name: 'summarizeEvents', arguments: {} })).rejects.toMatchObject(
      { requiredScope: 'events:read events:write' },
    )
    await client.close()
  })
})
