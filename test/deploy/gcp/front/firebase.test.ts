import { afterAll, beforeAll, expect, test } from 'vitest'
import firebase from '../../../../deploy/firebase.json' with { type: 'json' }
import { type Listener, listenOnLoopback } from '../../../../deploy/kit/listen.ts'
import { type Origin, startOrigin } from '../../../../deploy/local/origin.ts'

const SERVICES = ['metadata', 'gateway', 'log-webhook', 'registration']
const started: Listener[] = []
let origin: Origin

beforeAll(async () => {
  const services = await Promise.all(
    SERVICES.map(async (name) => {
      const listener = await listenOnLoopback(0, (req, res) => res.end(`${name} ${req.url}`))
      started.push(listener)
      return [name, { port: async () => listener.port }] as const
    }),
  )
  origin = await startOrigin({ port: 0, services: new Map(services) })
})

afterAll(() => Promise.all([origin, ...started].map((listener) => listener.close())))

const ask = (path: string, init?: RequestInit) =>
  fetch(`http://localhost:${origin.port}${path}`, { redirect: 'manual', ...init })

test.each([
  ['GET', '/.well-known/oauth-protected-resource', 'metadata'],
  ['HEAD', '/.well-known/oauth-protected-resource', 'metadata'],
  ['OPTIONS', '/.well-known/oauth-protected-resource', 'metadata'],
  ['GET', '/.well-known/oauth-protected-resource/mcp', 'metadata'],
  ['GET', '/mcp/.well-known/oauth-protected-resource', 'metadata'],
  ['GET', '/.well-known/oauth-authorization-server', 'metadata'],
  ['GET', '/.well-known/oauth-authorization-server/mcp', 'metadata'],
  ['GET', '/mcp/.well-known/oauth-authorization-server', 'metadata'],
  ['GET', '/.well-known/openid-configuration', 'metadata'],
  ['GET', '/.well-known/openai-apps-challenge', 'metadata'],
  ['GET', '/health', 'metadata'],
  ['GET', '/health/auth0', 'metadata'],
  ['POST', '/mcp', 'gateway'],
  ['GET', '/mcp', 'gateway'],
  ['DELETE', '/mcp', 'gateway'],
  ['OPTIONS', '/mcp', 'gateway'],
  ['POST', '/mcp?query=kept', 'gateway'],
  ['POST', '/tools/listEvents', 'gateway'],
  ['POST', '/tools/list.events', 'gateway'],
  ['POST', '/tools/unknown/tool', 'gateway'],
  ['OPTIONS', '/tools/listEvents', 'gateway'],
  ['GET', '/openapi.json', 'gateway'],
  ['GET', '/.well-known/jwks.json', 'gateway'],
  ['POST', '/auth0-log-webhook', 'log-webhook'],
  ['POST', '/oauth/register', 'registration'],
  ['OPTIONS', '/oauth/register', 'registration'],
])('%s %s is routed to %s', async (method, path, service) => {
  const answer = await ask(path, { method })

  expect(answer.status).toBe(200)
  expect(await answer.text()).toBe(method === 'HEAD' ? '' : `${service} ${path}`)
})

test.each([
  ['/.gitkeep'],
  ['/.git/config'],
  ['/a/.env'],
  ['/mcpx'],
  ['/MCP'],
  ['/mcp/events'],
  ['/tools'],
  ['/openapi.yaml'],
  ['/healthz'],
  ['/auth0-log-webhook/anything'],
  ['/metadata'],
  ['/gateway'],
  ['/log-webhook'],
  ['/well-known/oauth-protected-resource'],
  ['/other/.well-known/oauth-protected-resource'],
  [`/${'x'.repeat(300)}`],
  ['/..%2f..%2fpackage.json'],
])('the unknown path %s is routed to metadata', async (path) => {
  const answer = await ask(path, { method: 'POST' })

  expect(await answer.text()).toBe(`metadata ${path}`)
})

test.each([['/'], ['/index.html'], ['/page.js'], ['/icon.svg']])(
  '%s is served as a file with Cache-Control: no-cache',
  async (path) => {
    expect((await ask(path)).headers.get('cache-control')).toBe('no-cache')
  },
)

test('every rewrite leads to a Cloud Run service of this project', () => {
  for (const { run, ...rest } of firebase.hosting.rewrites) {
    expect(Object.keys(rest)).toEqual(['source'])
    expect(SERVICES).toContain(run.serviceId)
    expect(run.region).toBe('us-central1')
  }
})
