import { describe, expect, test } from 'vitest'
import { callOf, post } from '../../../support/gateway/mcp.ts'
import { ALL_PRIVATE, gatewayStack } from '../../../support/gateway/stack.ts'

const { backend, start } = await gatewayStack()

describe('the Origin header field (MCP Streamable HTTP, DNS rebinding)', () => {
  const ORIGIN = 'https://app.example'
  const PAGES = [
    'chrome-extension://aaaabbbbccccddddeeeeffffgggghhhh',
    'moz-extension://3c6bf0d0-1d5c-4b8e-9a35-4b4c9a6a9d20',
    'vscode-webview://1lkq8hkm4qtd1bgq0h5s',
    'app://obsidian.md',
    'tauri://localhost',
    'capacitor://localhost',
  ]

  test.each([
    { allowed: '', origin: 'https://evil.example', status: 403 },
    { allowed: '', origin: 'null', status: 403 },
    { allowed: '', origin: 'https://mcp.test', status: 200 },
    { allowed: ORIGIN, origin: ORIGIN, status: 200 },
    { allowed: `https://other.example,${ORIGIN}`, origin: ORIGIN, status: 200 },
    { allowed: ORIGIN, origin: 'https://app.example.evil.example', status: 403 },
    ...PAGES.flatMap((page) => [
      { allowed: `${ORIGIN},${page}`, origin: page, status: 200 },
      { allowed: ORIGIN, origin: page, status: 403 },
      { allowed: page, origin: `${page}x`, status: 403 },
    ]),
    { allowed: ORIGIN, origin: 'http://app.example', status: 403 },
    { allowed: '*', origin: 'https://anywhere.example', status: 200 },
  ])(
    'with APP_ORIGIN $allowed the origin $origin gets $status',
    async ({ allowed, origin, status }) => {
      const served = await start({ APP_ORIGIN: allowed })
      const answer = await post(served, callOf('about'), { origin })
      expect(answer.status).toBe(status)
      expect(answer.headers['access-control-allow-origin']).toBe(
        status === 403 ? undefined : allowed === '*' ? '*' : origin,
      )
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(backend.calls).toHaveLength(status === 200 ? 1 : 0)
    },
  )

  test('a page of an allowed origin can read the challenge', async () => {
    const served = await start({ ...ALL_PRIVATE, APP_ORIGIN: ORIGIN })
    const answer = await post(served, callOf('listEvents'), { origin: ORIGIN })
    expect(answer.status).toBe(401)
    expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN)
    expect(answer.headers['access-control-expose-headers']?.toLowerCase()).toContain(
      'www-authenticate',
    )
    expect(answer.headers.vary).toContain('Origin')
  })

  test('a preflight of an allowed origin requires no token', async () => {
    const served = await start({ ...ALL_PRIVATE, APP_ORIGIN: ORIGIN })
    const headers = {
      origin: ORIGIN,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, mcp-method',
    }
    const answer = await served.send({ method: 'OPTIONS', path: '/mcp', headers })
    expect(answer.status).toBe(204)
    expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN)
    expect(answer.headers['access-control-allow-methods']).toContain('POST')
    const allowed = answer.headers['access-control-allow-headers']?.split(', ')
    for (const name of ['authorization', 'content-type', 'mcp-protocol-version', 'mcp-name']) {
      expect(allowed).toContain(name)
    }
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
  })

  test('a preflight of another origin gets 403', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
    const answer = await (await start()).send({ method: 'OPTIONS', path: '/mcp', headers })
    expect(answer.status).toBe(403)
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  })
})
