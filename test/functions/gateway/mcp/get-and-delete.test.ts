import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { describe, expect, test } from 'vitest'
import { bearer, METADATA } from '../../../support/gateway/mcp.ts'
import { ALL_PRIVATE, gatewayStack } from '../../../support/gateway/stack.ts'

const { issuer, start } = await gatewayStack()

describe('GET, HEAD and DELETE /mcp', () => {
  const methods = ['GET', 'HEAD', 'DELETE']

  test.each(methods)(
    '%s returns 401 with a challenge, and 405 with a valid token',
    async (method) => {
      const served = await start(ALL_PRIVATE)
      const bare = await served.send({ method, path: '/mcp' })
      expect(bare.status).toBe(401)
      expect(bare.headers['www-authenticate']).toMatch(/^Bearer scope="/)
      expect(bare.headers['www-authenticate']).toContain(`resource_metadata="${METADATA}"`)
      expect(bare.text === '').toBe(method === 'HEAD')
      const headers = { authorization: 'Bearer x.y.z' }
      const bad = await served.send({ method, path: '/mcp', headers })
      expect(bad.status).toBe(401)
      expect(bad.headers['www-authenticate']).toContain('error="invalid_token"')
      const good = await served.send({
        method,
        path: '/mcp/',
        headers: bearer(await issuer.token()),
      })
      expect(good.status).toBe(405)
      expect(good.headers.allow).toBe('POST, OPTIONS')
    },
  )

  test.each(methods)(
    '%s with a public tool returns 401, and 405 with MCP-Protocol-Version',
    async (method) => {
      const served = await start()
      expect((await served.send({ method, path: '/mcp' })).status).toBe(401)
      const headers = { 'mcp-protocol-version': '2025-11-25' }
      expect((await served.send({ method, path: '/mcp', headers })).status).toBe(405)
      const isPrivate = await start(ALL_PRIVATE)
      expect((await isPrivate.send({ method, path: '/mcp', headers })).status).toBe(401)
    },
  )

  test('GET lets a page of an allowed origin read the challenge', async () => {
    const served = await start({ APP_ORIGIN: 'https://app.example' })
    const headers = { origin: 'https://app.example' }
    const answer = await served.send({ method: 'GET', path: '/mcp', headers })
    expect(answer.status).toBe(401)
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example')
    expect(answer.headers['access-control-expose-headers']).toContain('www-authenticate')
  })

  test('GET of an SDK 1.x client without a token does not start a sign-in', async () => {
    const { url } = await start()
    const asked: number[] = []
    const client = new OlderClient({ name: 'test', version: '1' })
    const { promise: streamAsked, resolve } = Promise.withResolvers<void>()
    const fetchFn: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init)
      if (init?.method === 'GET') {
        asked.push(answer.status)
        resolve()
      }
      return answer
    }
    const transport = new OlderTransport(new URL(`${url}/mcp`), { fetch: fetchFn })
    await client.connect(transport as Transport)
    await streamAsked
    expect(asked).toEqual([405])
    await client.close()
  })
})
