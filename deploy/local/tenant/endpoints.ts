import { IncomingMessage, type ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider'
import { discoveryDocument } from './discovery.ts'
import { CORS, readJson, readText, sendJson, TenantError } from './http.ts'
import type { ManagementTokens } from './management-token.ts'
import { errorPage } from './pages.ts'
import { INTERACTION_PATH } from './provider.ts'
import { toRegistrationBody } from './registration.ts'
import type { TenantState } from './state.ts'

type NodeHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void>

/** What answers at the tenant's paths. */
export interface Endpoints {
  readonly state: TenantState
  readonly provider: () => Provider
  readonly tokens: ManagementTokens
  readonly management: NodeHandler
  readonly signIn: NodeHandler
  readonly control: NodeHandler
}

const DISCOVERY_PATHS: ReadonlySet<string> = new Set([
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
])
const JWKS_PATH = '/.well-known/jwks.json'
const BROWSER_PATHS: ReadonlySet<string> = new Set([
  ...DISCOVERY_PATHS,
  ...[JWKS_PATH, '/oidc/register', '/oauth/token', '/oauth/revoke', '/userinfo'],
])
/** Parameters of /authorize that strict third-party clients may not send. */
const REFUSED_OF_STRICT = ['id_token_hint', 'claims', 'request', 'request_uri', 'screen_hint']

/** Answers one request to the tenant, as Auth0 would at the same path. */
export async function serve(
  endpoints: Endpoints,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const { state } = endpoints
  const url = new URL(req.url ?? '/', state.issuer)
  const path = url.pathname
  if (path === '/__tenant') return endpoints.control(req, res)
  if (BROWSER_PATHS.has(path)) {
    for (const [name, value] of Object.entries(CORS)) res.setHeader(name, value)
    if (req.method === 'OPTIONS') return void res.writeHead(204).end()
  }
  const isAffected = path.startsWith('/.well-known/') || path.startsWith('/api/v2/')
  if (state.outage && isAffected) return sendJson(res, 503, { error: 'service_unavailable' })
  if (DISCOVERY_PATHS.has(path)) return sendJson(res, 200, discoveryDocument(state.issuer))
  if (path.startsWith('/api/v2/')) return endpoints.management(req, res)
  if (path.startsWith(INTERACTION_PATH)) return endpoints.signIn(req, res)
  if (path === '/authorize' && req.method === 'GET') return authorize(endpoints, url, req, res)
  if (path === '/oidc/register' && req.method === 'POST') return register(endpoints, req, res)
  if (path === '/oauth/token' && req.method === 'POST') return token(endpoints, req, res)
  return endpoints.provider().callback()(req, res)
}

/** The compatibility profile: `audience` first, then `resource`. */
async function authorize(
  { state, provider }: Endpoints,
  url: URL,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const { searchParams } = url
  const client = state.clients.get(searchParams.get('client_id') ?? '')
  const refused = REFUSED_OF_STRICT.filter((name) => searchParams.has(name))
  if (client?.third_party_security_mode === 'strict' && refused.length > 0) {
    res.writeHead(400, { 'content-type': 'text/html; charset=utf-8' })
    return void res.end(
      errorPage('invalid_request', `Unsupported parameter: ${refused.join(', ')}`),
    )
  }
  const audience = searchParams.get('audience')
  if (audience !== null) searchParams.set('resource', audience)
  req.url = `${url.pathname}${url.search}`
  return provider().callback()(req, res)
}

async function register(
  { provider }: Endpoints,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  try {
    const body = JSON.stringify(toRegistrationBody({ ...((await readJson(req)) as object) }))
    return await provider().callback()(withBody(req, body), res)
  } catch (error) {
    if (!(error instanceof TenantError)) throw error
    sendJson(res, 400, { error: 'invalid_client_metadata', error_description: error.message })
  }
}

async function token(
  { provider, tokens }: Endpoints,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const text = await readText(req)
  const isJson = /^application\/json/i.test(req.headers['content-type'] ?? '')
  const form = isJson ? parseJson(text) : Object.fromEntries(new URLSearchParams(text))
  if (form['grant_type'] === 'client_credentials') return tokens.issue(form, res)
  return provider().callback()(withBody(req, text), res)
}

function parseJson(text: string): Record<string, unknown> {
  try {
    return { ...(JSON.parse(text) as object) }
  } catch {
    return {}
  }
}

/** The same request with another body, unread. */
function withBody(req: IncomingMessage, body: string): IncomingMessage {
  const copy = new IncomingMessage(req.socket)
  const { 'transfer-encoding': _, ...headers } = req.headers
  copy.headers = { ...headers, 'content-length': String(Buffer.byteLength(body)) }
  Object.assign(copy, { method: req.method, url: req.url, httpVersion: req.httpVersion })
  // Without this the end of the copy would be taken for a client that hung up.
  copy.complete = true
  copy.push(body)
  copy.push(null)
  return copy
}
