import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Provider } from 'oidc-provider'
import { CORS, sendHtml, sendJson } from './http.ts'
import { AUTHORIZE_PATH } from './oauth/authorize.ts'
import { discoveryDocument } from './oauth/discovery.ts'
import { homePage } from './oauth/pages.ts'
import { INTERACTION_PATH } from './oauth/provider.ts'
import type { TenantState } from './state.ts'

type NodeHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void>

/** The handlers of the tenant's paths. */
export interface Endpoints {
  readonly state: TenantState
  readonly provider: () => Provider
  readonly authorize: NodeHandler
  readonly signIn: NodeHandler
  readonly token: NodeHandler
  readonly register: NodeHandler
  readonly management: NodeHandler
  readonly control: NodeHandler
}

const API_PREFIX = '/api/v2/'
const WELL_KNOWN_PREFIX = '/.well-known/'
const DISCOVERY_PATHS: ReadonlySet<string> = new Set([
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
])
const BROWSER_PATHS: ReadonlySet<string> = new Set([
  ...[...DISCOVERY_PATHS, '/.well-known/jwks.json', '/userinfo'],
  ...['/oidc/register', '/oauth/token', '/oauth/revoke'],
])

/** Answers one request as Auth0 does at the same path. The page at `/` exists only in the emulator. */
export async function serve(
  endpoints: Endpoints,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const { state, provider } = endpoints
  const path = new URL(req.url ?? '/', state.issuer).pathname
  const isPost = req.method === 'POST'
  if (path === '/__tenant') return endpoints.control(req, res)
  if (path === '/' && req.method === 'GET') return sendHtml(res, 200, homePage(state))
  if (state.faults.latencyMs > 0) await sleep(state.faults.latencyMs)
  if (BROWSER_PATHS.has(path)) {
    for (const [name, value] of Object.entries(CORS)) res.setHeader(name, value)
    if (req.method === 'OPTIONS') return void res.writeHead(204).end()
  }
  const isPublished = path.startsWith(WELL_KNOWN_PREFIX) || path.startsWith(API_PREFIX)
  if (state.outage && isPublished) return sendJson(res, 503, { error: 'service_unavailable' })
  if (DISCOVERY_PATHS.has(path)) return sendJson(res, 200, discoveryDocument(state))
  if (path.startsWith(API_PREFIX)) return endpoints.management(req, res)
  if (path.startsWith(INTERACTION_PATH)) return endpoints.signIn(req, res)
  if (path === AUTHORIZE_PATH) return endpoints.authorize(req, res)
  if (path === '/oidc/register' && isPost) return endpoints.register(req, res)
  if (path === '/oauth/token' && isPost) return endpoints.token(req, res)
  return provider().callback()(req, res)
}
