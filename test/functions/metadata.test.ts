import { describe, expect, test, vi } from 'vitest'
import { compileCatalogue } from '../../shared/compile-catalogue.ts'
import { metadataStack } from '../support/functions/metadata.ts'
import { DISCOVERY_PATH, discoveryOf, JWKS_PATH } from '../support/http/issuer.ts'
import { PRIVATE_TOOLS, TOOLS } from '../support/http/serve.ts'

const RESOURCE_PATHS = [
  '/.well-known/oauth-protected-resource',
  '/.well-known/oauth-protected-resource/mcp',
  '/.well-known/oauth-protected-resource/mcp/',
  '/mcp/.well-known/oauth-protected-resource',
]
const AUTHORIZATION_SERVER_PATHS = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-authorization-server/mcp',
  '/mcp/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/.well-known/openid-configuration/mcp',
  '/mcp/.well-known/openid-configuration',
]
const CHALLENGE_PATH = '/.well-known/openai-apps-challenge'
const CACHEABLE = 'public, max-age=300, s-maxage=300'

const { issuer, start } = await metadataStack({ OPENAI_APPS_CHALLENGE: 'challenge-token' })

describe('every path, by method', () => {
  const rows = [
    ...[...RESOURCE_PATHS, ...AUTHORIZATION_SERVER_PATHS].map((path) => ({
      path,
      type: /^application\/json/,
      cache: CACHEABLE,
    })),
    { path: CHALLENGE_PATH, type: /^text\/plain/, cache: 'no-store' },
    { path: '/health', type: /^application\/json/, cache: 'no-store' },
    { path: '/health/auth0', type: /^application\/json/, cache: 'no-store' },
  ]

  test.each(rows)('$path', async ({ path, type, cache }) => {
    const { send } = await start()

    const get = await send({ path })
    expect(get.status).toBe(200)
    expect(get.headers['content-type']).toMatch(type)
    expect(get.headers['cache-control']).toBe(cache)
    expect(get.headers['access-control-allow-origin']).toBe('*')
    expect(get.headers['x-content-type-options']).toBe('nosniff')

    const head = await send({ path, method: 'HEAD' })
    expect(head.status).toBe(200)
    expect(head.text).toBe('')
    for (const name of ['content-type', 'content-length', 'cache-control'] as const) {
      expect(head.headers[name]).toBe(get.headers[name])
    }

    const origin = 'https://anywhere.example'
    const preflight = { origin, 'access-control-request-method': 'GET' }
    const options = await send({ path, method: 'OPTIONS', headers: preflight })
    expect(options.status).toBe(204)
    expect(options.headers['access-control-allow-origin']).toBe('*')
    expect(options.headers['access-control-allow-methods']).toBe('GET, HEAD, OPTIONS')
    expect(options.headers['access-control-allow-headers']).toContain('mcp-protocol-version')
    expect(options.headers['cache-control']).toBe('no-store')

    for (const method of ['POST', 'PUT', 'DELETE']) {
      const refused = await send({ path, method })
      expect(refused.status).toBe(405)
      expect(refused.headers.allow).toBe('GET, HEAD, OPTIONS')
      expect(refused.headers['cache-control']).toBe('no-store')
      expect(refused.headers['content-type']).toMatch(/^application\/json/)
    }
  })

  test.each([
    '/',
    '/mcp',
    '/tools/listEvents',
    '/.well-known',
    '/.well-known/',
    '/.well-known/oauth-protected-resource/',
    '/.well-known/oauth-protected-resource/other',
    '/.WELL-KNOWN/oauth-protected-resource',
    '/.well-known/../health',
    '/health/',
    '/__proto__',
    '/constructor',
  ])('nothing is at %s', async (path) => {
    const { send } = await start()
    const answer = await send({ path })
    expect(answer.status).toBe(404)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.json()).toMatchObject({ error: 'not_found' })
  })

  test('a query changes nothing', async () => {
    const { send } = await start()
    expect((await send({ path: `${RESOURCE_PATHS[0]}?x=1` })).status).toBe(200)
  })
})

describe('the protected resource document (RFC 9728)', () => {
  test('has the links of the catalogue, of a compiled one too', async () => {
    const server = {
      title: 'Events',
      documentation: 'https://events.example.com/docs',
      policy: 'https://events.example.com/privacy',
      terms: 'https://events.example.com/terms',
    }
    const TOOLS = JSON.stringify({ tools: PRIVATE_TOOLS, server })
    for (const text of [TOOLS, compileCatalogue({ TOOLS }, 'access')]) {
      const { send } = await start({ TOOLS: text })
      expect((await send({ path: RESOURCE_PATHS[0] ?? '' })).json()).toMatchObject({
        resource_documentation: server.documentation,
        resource_policy_uri: server.policy,
        resource_tos_uri: server.terms,
      })
    }
  })

  test('is the same in all layouts, whatever host the request names', async () => {
    const { send } = await start({ OAUTH_SCOPES: 'profile offline_access events:read' })
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example' }
    const documents = await Promise.all(RESOURCE_PATHS.map((path) => send({ path, headers })))

    expect(new Set(documents.map(({ text }) => text)).size).toBe(1)
    expect(documents[0]?.json()).toEqual({
      resource: 'https://mcp.test/mcp',
      authorization_servers: [issuer.url],
      scopes_supported: ['events:read', 'events:write', 'profile'],
      bearer_methods_supported: ['header'],
      resource_name: 'mcp.test',
    })
  })

  test.each(['https://api.example/', 'urn:example:api', 'https://mcp.test/mcp/'])(
    'names the audience to the letter: %s',
    async (audience) => {
      const { send } = await start({ OAUTH_AUDIENCE: audience })
      const document = await send({ path: '/.well-known/oauth-protected-resource' })
      expect(document.json()).toMatchObject({ resource: audience })
    },
  )

  test('is served while the issuer is down, and asks it nothing', async () => {
    issuer.staged.outage = true
    const { send } = await start()
    expect((await send({ path: '/.well-known/oauth-protected-resource/mcp' })).status).toBe(200)
    expect(issuer.requests).toEqual([])
  })

  test('names no scope when every tool is public', async () => {
    const { send } = await start({ TOOLS: JSON.stringify({ about: TOOLS.about }) })
    const document = await send({ path: '/.well-known/oauth-protected-resource' })
    expect(document.json()).toMatchObject({ scopes_supported: [] })
  })
})

describe("the authorization server's metadata", () => {
  test("is the issuer's own in all layouts, fetched once", async () => {
    const { send } = await start()
    const documents = await Promise.all(AUTHORIZATION_SERVER_PATHS.map((path) => send({ path })))
    for (const document of documents) expect(document.json()).toEqual(discoveryOf(issuer.url))
    expect(issuer.requests).toEqual([DISCOVERY_PATH])
  })

  test('is served stale while the issuer is down, and fresh again afterwards', async () => {
    const startedAt = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: startedAt })
    const { send, lines } = await start()
    const path = AUTHORIZATION_SERVER_PATHS[0] ?? ''
    await send({ path })

    issuer.staged.outage = true
    vi.setSystemTime(startedAt + 6 * 60_000)
    const stale = await send({ path })
    expect(stale.status).toBe(200)
    expect(stale.json()).toEqual(discoveryOf(issuer.url))
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'discovery_failed', reason: 'status_503', stale: true }),
    )

    issuer.staged.outage = false
    issuer.staged.discovery = { ...discoveryOf(issuer.url), changed: true }
    vi.setSystemTime(startedAt + 7 * 60_000)
    expect((await send({ path })).json()).toMatchObject({ changed: true })
  })

  const troubles: readonly { name: string; reason: string; stage: () => void }[] = [
    {
      name: 'is down',
      reason: 'status_503',
      stage: () => {
        issuer.staged.outage = true
      },
    },
    {
      name: 'names another issuer',
      reason: 'issuer_mismatch',
      stage: () => {
        issuer.staged.discovery = discoveryOf('https://evil.example/')
      },
    },
    {
      name: 'names itself without its slash',
      reason: 'issuer_mismatch',
      stage: () => {
        issuer.staged.discovery = discoveryOf(issuer.url.slice(0, -1))
      },
    },
    {
      name: 'answers with an array',
      reason: 'not_an_object',
      stage: () => {
        issuer.staged.discovery = []
      },
    },
    {
      name: 'answers with too much',
      reason: 'max-size',
      stage: () => {
        issuer.staged.discovery = { ...discoveryOf(issuer.url), padding: 'x'.repeat(300_000) }
      },
    },
    {
      name: 'redirects',
      reason: 'no-redirect',
      stage: () => {
        issuer.staged.redirect = { path: DISCOVERY_PATH, to: `${issuer.url}elsewhere` }
      },
    },
  ]
  test.each(troubles)('is 502 when the issuer $name and never had one', async (trouble) => {
    trouble.stage()
    const { send, lines } = await start()
    const answers = await Promise.all(AUTHORIZATION_SERVER_PATHS.map((path) => send({ path })))
    for (const answer of answers) {
      expect(answer.status).toBe(502)
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.headers['access-control-allow-origin']).toBe('*')
      expect(answer.headers['retry-after']).toBe('10')
      expect(answer.json()).toMatchObject({ error: 'authorization_server_unavailable' })
    }
    expect(issuer.requests).toEqual([DISCOVERY_PATH])
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'discovery_failed', reason: trouble.reason }),
    )
  })

  test('a slow issuer is asked once, however many wait', async () => {
    issuer.staged.delayMs = 100
    const { send } = await start()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => send({ path: AUTHORIZATION_SERVER_PATHS[0] ?? '' })),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(issuer.countOf(DISCOVERY_PATH)).toBe(1)
  })
})

describe('health', () => {
  test('/health is liveness alone: 200 while Auth0 is down', async () => {
    issuer.staged.outage = true
    const { send } = await start()
    const answer = await send({ path: '/health' })
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual({ status: 'ok' })
    expect(issuer.requests).toEqual([])
  })

  test('/health/auth0 shows issuer, keys, algorithms, age and audience', async () => {
    const { send } = await start()
    const answer = await send({ path: '/health/auth0' })
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual({
      status: 'ok',
      failing: [],
      issuer: { url: issuer.url },
      jwks: {
        url: `${issuer.url}.well-known/jwks.json`,
        keys: [expect.stringMatching(/^key-/)],
        algorithms: ['RS256'],
        age_seconds: 0,
      },
      audience: 'https://mcp.test/mcp',
    })
  })

  const failures: readonly { name: string; failing: string[]; stage: () => void }[] = [
    {
      name: 'everything is down',
      failing: ['issuer', 'jwks'],
      stage: () => {
        issuer.staged.outage = true
      },
    },
    {
      name: 'the key set is empty',
      failing: ['jwks'],
      stage: () => {
        issuer.staged.jwks = { keys: [] }
      },
    },
    {
      name: 'the key set has no keys but null',
      failing: ['jwks'],
      stage: () => {
        issuer.staged.jwks = { keys: [null] }
      },
    },
    {
      name: 'the key set redirects',
      failing: ['jwks'],
      stage: () => {
        issuer.staged.redirect = { path: JWKS_PATH, to: `${issuer.url}elsewhere` }
      },
    },
    {
      name: 'the issuer is another',
      failing: ['issuer'],
      stage: () => {
        issuer.staged.discovery = discoveryOf('https://evil.example/')
      },
    },
  ]
  test('/health/auth0 asks for the keys at JWKS_URI', async () => {
    const { send } = await start({ JWKS_URI: `${issuer.url}nowhere/keys.json` })
    const answer = await send({ path: '/health/auth0' })
    expect(answer.status).toBe(503)
    expect(answer.json()).toMatchObject({
      failing: ['jwks'],
      jwks: { url: `${issuer.url}nowhere/keys.json` },
    })
  })

  test.each(failures)('/health/auth0 is 503 and names the part: $name', async (failure) => {
    failure.stage()
    const { send } = await start()
    const answer = await send({ path: '/health/auth0' })
    expect(answer.status).toBe(503)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.json()).toMatchObject({ status: 'failing', failing: failure.failing })
  })

  test('a flood of probes asks Auth0 once a second', async () => {
    const { send } = await start()
    await Promise.all(Array.from({ length: 20 }, () => send({ path: '/health/auth0' })))
    expect(issuer.requests.toSorted()).toEqual([JWKS_PATH, DISCOVERY_PATH])
  })
})

describe("OpenAI's domain challenge", () => {
  test('is exactly the token', async () => {
    const { send } = await start()
    expect((await send({ path: CHALLENGE_PATH })).text).toBe('challenge-token')
  })

  test('is 404 when there is none', async () => {
    const { send } = await start({ OPENAI_APPS_CHALLENGE: '' })
    const answer = await send({ path: CHALLENGE_PATH })
    expect(answer.status).toBe(404)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.json()).toMatchObject({ error: 'not_found' })
  })
})
