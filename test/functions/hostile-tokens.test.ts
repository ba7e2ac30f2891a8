import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { type Backend, startBackend } from '../support/http/backend.ts'
import { type Issuer, JWKS_PATH, startIssuer } from '../support/http/issuer.ts'
import { handshakeMessage, type Served, serveGateway } from '../support/http/serve.ts'
import { hostileTokens } from '../support/tokens/hostile-tokens.ts'
import { ISSUER, jwksDocument, NOW, payloadFor, token } from '../support/tokens/token.ts'

const EXPECTED = { issuer: ISSUER, audience: 'https://mcp.test/mcp', now: NOW }
const METADATA = 'https://mcp.test/.well-known/oauth-protected-resource/mcp'
const SCOPE = 'events:read events:write'

let issuer: Issuer
let backend: Backend
let served: Served

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW * 1_000 })
  issuer = await startIssuer()
  issuer.staged.jwks = jwksDocument()
  backend = await startBackend()
  const env = { JWKS_URI: new URL(JWKS_PATH, issuer.url).href }
  served = await serveGateway({ issuer: ISSUER, functionsBase: backend.url, env })
})
beforeEach(() => {
  backend.reset()
  served.lines.length = 0
})
afterAll(async () => {
  vi.useRealTimers()
  await served[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

/** Calls of a protected and a public tool over MCP and REST. */
const requests = ['listEvents', 'about'].flatMap((name) => [
  { path: '/mcp', body: handshakeMessage('tools/call', { name, arguments: {} }) },
  { path: `/tools/${name}`, body: {} },
])

const sendWith = (accessToken: string, { path, body }: (typeof requests)[number]) =>
  served.send({
    method: 'POST',
    path,
    body,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
  })

test('a valid token is accepted for the requests of these tests', async () => {
  const good = token({ payload: payloadFor(EXPECTED) })
  backend.script('listEvents', { body: { events: [] } })
  for (const request of requests) expect((await sendWith(good, request)).status).toBe(200)
  expect(backend.calls).toHaveLength(requests.length)
})

test.each(hostileTokens(EXPECTED))(
  'a hostile token gets $status with the reason $reason: $name',
  async (hostile) => {
    for (const request of requests) {
      served.lines.length = 0
      const { status, headers } = await sendWith(hostile.token, request)
      expect(status).toBe(hostile.status)
      expect(headers['www-authenticate']).toMatch(
        new RegExp(
          `^Bearer error="${hostile.error}", error_description="[^"]+", ` +
            `scope="${SCOPE}", resource_metadata="${METADATA}"$`,
        ),
      )
      expect(served.lines).toMatchObject([{ message: 'token_rejected', reason: hostile.reason }])
    }
    expect(backend.calls).toEqual([])
  },
)
