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

describe('the metadata function', () => {
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

  test.each(rows)(
    'serves GET, HEAD and OPTIONS of $path and refuses other methods',
    async ({ path, type, cache }) => {
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
    },
  )

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
  ])('returns 404 for %s', async (path) => {
    const { send } = await start()
    const answer = await send({ path })
    expect(answer.status).toBe(404)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.json()).toMatchObject({ error: 'not_found' })
  })

  test('ignores a query', async () => {
    const { send } = await start()
    expect((await send({ path: `${RESOURCE_PATHS[0]}?x=1` })).status).toBe(200)
  })
})

describe('the protected resource metadata (RFC 9728)', () => {
  test('has the links of the catalogue, also of a compiled one', async () => {
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

  test('is the same at all paths and for any Host field', async () => {
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
    'has the exact audience as its resource: %s',
    async (audience) => {
      const { send } = await start({ OAUTH_AUDIENCE: audience })
      const document = await send({ path: '/.well-known/oauth-protected-resource' })
      expect(document.json()).toMatchObject({ resource: audience })
    },
  )

  test('is served without a request to the issuer', async () => {
    issuer.staged.outage = true
    const { send } = await start()
    expect((await send({ path: '/.well-known/oauth-protected-resource/mcp' })).status).toBe(200)
    expect(issuer.requests).toEqual([])
  })

  test('has no scopes if every tool is public', async () => {
    const { send } = await start({ TOOLS: JSON.stringify({ about: TOOLS.about }) })
    const document = await send({ path: '/.well-known/oauth-protected-resource' })
    expect(document.json()).toMatchObject({ scopes_supported: [] })
  })
})

describe('the authorization server metadata', () => {
  test('is the document of the issuer at all paths, fetched once', async () => {
    const { send } = await start()
    const documents = await Promise.all(AUTHORIZATION_SERVER_PATHS.map((path) => send({ path })))
    for (const document of documents) expect(document.json()).toEqual(discoveryOf(issuer.url))
    expect(issuer.requests).toEqual([DISCOVERY_PATH])
  })

  test('is served stale during an outage of the issuer and fresh afterwards', async () => {
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
      name: 'is unavailable',
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
      name: 'names itself without the last slash',
      reason: 'issuer_mismatch',
      stage: () => {
        issuer.staged.discovery = discoveryOf(issuer.url.slice(0, -1))
      },
    },
    {
      name: 'responds with an array',
      reason: 'not_an_object',
      stage: () => {
        issuer.staged.discovery = []
      },
    },
    {
      name: 'responds with 300,000 bytes',
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
  test.each(troubles)(
    'is replaced by 502 if the issuer fails and nothing is cached: the issuer $name',
    async (trouble) => {
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
    },
  )

  test('is fetched once for concurrent requests', async () => {
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
  test('/health returns 200 during an outage of Auth0', async () => {
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
      name: 'the issuer is unavailable',
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
      name: 'the key set contains only null',
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
      name: 'the metadata names another issuer',
      failing: ['issuer'],
      stage: () => {
        issuer.staged.discovery = discoveryOf('https://evil.example/')
      },
    },
  ]
  test('/health/auth0 fetches the keys from JWKS_URI', async () => {
    const { send } = await start({ JWKS_URI: `${issuer.url}nowhere/keys.json` })
    const answer = await send({ path: '/health/auth0' })
    expect(answer.status).toBe(503)
    expect(answer.json()).toMatchObject({
      failing: ['jwks'],
      jwks: { url: `${issuer.url}nowhere/keys.json` },
    })
  })

  test.each(failures)(
    '/health/auth0 returns 503 and names the failing part: $name',
    async (failure) => {
      failure.stage()
      const { send } = await start()
      const answer = await send({ path: '/health/auth0' })
      expect(answer.status).toBe(503)
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.json()).toMatchObject({ status: 'failing', failing: failure.failing })
    },
  )

  test('/health/auth0 fetches metadata and keys once for concurrent probes', async () => {
    const { send } = await start()
    await Promise.all(Array.from({ length: 20 }, () => send({ path: '/health/auth0' })))
    expect(issuer.requests.toSorted()).toEqual([JWKS_PATH, DISCOVERY_PATH])
  })
})

describe("OpenAI's domain challenge", () => {
  test('is exactly OPENAI_APPS_CHALLENGE', async () => {
    const { send } = await start()
    expect((await send({ path: CHALLENGE_PATH })).text).toBe('challenge-token')
  })

  test('is replaced by 404 if OPENAI_APPS_CHALLENGE is empty', async () => {
    const { send } = await start({ OPENAI_APPS_CHALLENGE: '' })
    const answer = await send({ path: CHALLENGE_PATH })
    expect(answer.status).toBe(404)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.json()).toMatchObject({ error: 'not_found' })
  })
})
