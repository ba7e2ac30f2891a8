import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { describe, expect, test } from 'vitest'
import { JSON_TYPE, METADATA } from '../../support/gateway/mcp.ts'
import { ALL_PRIVATE, gatewayStack } from '../../support/gateway/stack.ts'
import { handshakeMessage, type Served, statelessRequest } from '../../support/http/serve.ts'

const WRITE =
  'Your account lacks the permission events:write. Signing in again does not change that; an administrator can grant it.'
const BOTH =
  'Your account lacks the permissions events:read and events:write. Signing in again does not change that; an administrator can grant them.'
const READER = { scope: 'events:read', permissions: ['events:read'] }

const { issuer, backend, start } = await gatewayStack()

async function bearer(claims: object = {}) {
  return { authorization: `Bearer ${await issuer.token({ ...claims })}` }
}

const callOf = (name: string) => handshakeMessage('tools/call', { name, arguments: {} })
const send = (served: Served, body: unknown, headers: object = {}, path = '/mcp') =>
  served.send({ method: 'POST', path, headers: { ...JSON_TYPE, ...headers }, body })
const reasonsIn = ({ lines }: Served) =>
  lines.flatMap((line) => (line['decision'] === 'denied' ? [line['reason']] : []))

describe('a permission that the user lacks', () => {
  test.each(['claude-code/2.1', 'openai-mcp/1.0.0'])('is a sentence for %s', async (agent) => {
    const served = await start()
    const headers = { 'user-agent': agent, ...(await bearer(READER)) }
    const older = await send(served, callOf('addEvent'), headers)
    expect(older.status).toBe(200)
    expect(older.headers['www-authenticate']).toBeUndefined()
    expect(older.json<{ result: unknown }>().result).toEqual({
      content: [{ type: 'text', text: WRITE }],
      isError: true,
    })
    const request = statelessRequest('tools/call', { name: 'addEvent', arguments: {} })
    const newer = await send(served, request.body, { ...request.headers, ...headers })
    expect(newer.status).toBe(200)
    expect(newer.json()).toMatchObject({
      result: { content: [{ text: WRITE }], isError: true, resultType: 'complete' },
    })
    expect(newer.text).not.toContain('www_authenticate')
    expect(reasonsIn(served)).toEqual(['permission_missing', 'permission_missing'])
    expect(backend.calls).toEqual([])
  })

  test('names all that are missing, and is not about those that are merely not granted', async () => {
    const served = await start()
    const ask = async (claims: object) =>
      (await send(served, callOf('summarizeEvents'), await bearer(claims))).text
    expect(await ask({ scope: '', permissions: [] })).toContain(BOTH)
    const mixed = await ask({ scope: '', permissions: ['events:read'] })
    expect(mixed).toContain(WRITE)
  })

  test('refuses its own call of a batch, and is in the log once', async () => {
    const served = await start()
    const batch = [{ ...callOf('addEvent'), id: 7 }, callOf('listEvents')]
    const answer = await send(served, batch, await bearer(READER))
    expect(answer.status).toBe(200)
    expect(answer.json()).toMatchObject([
      { id: 7, result: { isError: true, content: [{ text: WRITE }] } },
      { id: 1, result: { content: [{ text: '{"events":["dentist"]}' }] } },
    ])
    expect(reasonsIn(served)).toEqual(['permission_missing'])
  })

  test('is 403 without a challenge over REST', async () => {
    const served = await start()
    const answer = await send(served, {}, await bearer(READER), '/tools/addEvent')
    expect(answer.status).toBe(403)
    expect(answer.headers['www-authenticate']).toBeUndefined()
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.json()).toMatchObject({ status: 403, detail: WRITE })
    expect(reasonsIn(served)).toEqual(['permission_missing'])
  })

  test.each([
    ['the user has the permission', { scope: '', permissions: ['events:write'] }],
    ['the token has no permissions', { scope: '' }],
  ])('%s: the challenge stays', async (_, claims) => {
    const served = await start()
    for (const [body, path] of [
      [callOf('addEvent'), '/mcp'],
      [{}, '/tools/addEvent'],
    ] as const) {
      const answer = await send(served, body, await bearer(claims), path)
      expect(answer.status).toBe(403)
      expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope"')
    }
    expect(reasonsIn(served)).toEqual(['scope_missing', 'scope_missing'])
  })
})

test("a challenge names the tool's scopes and what of the catalogue's the token has", async () => {
  const served = await start()
  const headers = await bearer({ scope: 'openid events:read other' })
  for (const [body, path] of [
    [callOf('addEvent'), '/mcp'],
    [{}, '/tools/addEvent'],
  ] as const) {
    const answer = await send(served, body, headers, path)
    expect(answer.headers['www-authenticate']).toContain('scope="events:write events:read"')
  }
  const chatgpt = await send(served, callOf('addEvent'), { ...headers, 'user-agent': 'openai-mcp' })
  expect(chatgpt.text).toContain(String.raw`scope=\"events:write events:read\"`)
})

describe('GET, HEAD and DELETE /mcp', () => {
  const methods = ['GET', 'HEAD', 'DELETE']

  test.each(methods)('%s: 401 with the challenge, 405 with a valid token', async (method) => {
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
    const good = await served.send({ method, path: '/mcp/', headers: await bearer() })
    expect(good.status).toBe(405)
    expect(good.headers.allow).toBe('POST, OPTIONS')
  })

  test.each(methods)(
    '%s with a public tool: 401, but 405 to a client that is in',
    async (method) => {
      const served = await start()
      expect((await served.send({ method, path: '/mcp' })).status).toBe(401)
      const headers = { 'mcp-protocol-version': '2025-11-25' }
      expect((await served.send({ method, path: '/mcp', headers })).status).toBe(405)
      const isPrivate = await start(ALL_PRIVATE)
      expect((await isPrivate.send({ method, path: '/mcp', headers })).status).toBe(401)
    },
  )

  test('a page of an allowed origin can read the challenge', async () => {
    const served = await start({ APP_ORIGIN: 'https://app.example' })
    const headers = { origin: 'https://app.example' }
    const answer = await served.send({ method: 'GET', path: '/mcp', headers })
    expect(answer.status).toBe(401)
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example')
    expect(answer.headers['access-control-expose-headers']).toContain('www-authenticate')
  })

  test('SDK 1 connects without a token, and begins no sign-in for its stream', async () => {
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

describe('bodies', () => {
  test.each(['/mcp', '/tools/listEvents'])('a 401 of %s begins with known words', async (path) => {
    const served = await start(ALL_PRIVATE)
    for (const headers of [{}, { authorization: 'Bearer x.y.z' }]) {
      const answer = await send(served, callOf('listEvents'), headers, path)
      expect(answer.status).toBe(401)
      const { error, detail } = answer.json<{ error?: { message: string }; detail?: string }>()
      expect(error?.message ?? detail).toMatch(/^Authentication required: ./)
    }
  })

  test('a 503 of /mcp is a JSON-RPC error with the id', async () => {
    const served = await start()
    issuer.staged.outage = true
    const headers = await bearer()
    const answer = await send(served, { ...callOf('listEvents'), id: 'a' }, headers)
    expect(answer.status).toBe(503)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(answer.json()).toEqual({
      jsonrpc: '2.0',
      id: 'a',
      error: { code: -32000, message: 'The token cannot be checked right now.' },
    })
    for (const body of [[callOf('listEvents')], '{']) {
      expect((await send(served, body, headers)).json()).toMatchObject({ id: null })
    }
  })
})
