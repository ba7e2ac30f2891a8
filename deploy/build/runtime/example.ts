import { generateKeyPairSync, sign } from 'node:crypto'
import {
  AUTHORIZATION_SERVER_PATHS,
  defaultAudience,
  LOG_WEBHOOK_PATH,
  MCP_PATH,
  protectedResourceMetadataUrl,
} from '../../../shared/oauth/protected-resource.ts'
import { listenOnLoopback } from '../../kit/listen.ts'

/** An issuer and a backend in this process, and an access token of that issuer. */
export interface Surroundings {
  readonly url: string
  readonly token: string
}

interface ExampleRequest extends RequestInit {
  readonly path: string
}

const PUBLIC_URL = 'https://mcp.example.com'
const SCOPE = 'example:read'
const TOOL = 'example'
const KEY_ID = 'example'
const TOOLS = {
  [TOOL]: {
    description: 'An example.',
    scopes: [SCOPE],
    inputSchema: {
      type: 'object',
      properties: {
        text: { type: 'string', minLength: 1, maxLength: 100 },
        kind: { type: 'string', enum: ['one', 'other'] },
        limit: { type: 'integer', minimum: 1, maximum: 100 },
        ratio: { type: 'number' },
        isAll: { type: 'boolean' },
        names: { type: 'array', items: { type: 'string' } },
        range: { type: 'object', properties: { from: { type: 'string' } }, required: ['from'] },
      },
      required: ['text'],
      additionalProperties: false,
    },
  },
}
const ARGUMENTS = {
  ...{ text: 'example', kind: 'one', limit: 5, ratio: 0.5, isAll: true },
  ...{ names: ['a', 'b'], range: { from: '2026-01-01' } },
}
const SECRET = 'an-example-that-protects-nothing-at-all'
const STATELESS_REVISION = '2026-07-28'
const JSON_TYPE = { 'content-type': 'application/json' }

/** Variables with which every function starts. */
export function exampleVariables(url: string): Readonly<Record<string, string>> {
  return {
    PUBLIC_URL,
    OAUTH_ISSUER: `${url}/`,
    FUNCTIONS_BASE: url,
    GATEWAY_HMAC_SECRET: SECRET,
    LOG_WEBHOOK_SECRET: SECRET,
    MGMT_DOMAIN: 'tenant.example.com',
    MGMT_CLIENT_ID: 'example',
    MGMT_CLIENT_SECRET: SECRET,
    GOOGLE_CONNECTION_NAME: 'google-oauth2',
    AUTH_SERVER_METADATA: 'curated',
    LOG_LEVEL: 'error',
    TOOLS: JSON.stringify(TOOLS),
    // A variable without a value counts as not set.
    TOOLS_FILE: '',
    TOOL_SCOPES_JSON: '',
  }
}

/** Requests as clients send them. A function answers those that it does not serve with 404. */
export function exampleRequests(token: string): readonly ExampleRequest[] {
  const signedIn = { authorization: `Bearer ${token}` }
  return [
    { path: protectedResourceMetadataUrl('') },
    { path: AUTHORIZATION_SERVER_PATHS[0] },
    { path: '/health' },
    post(MCP_PATH, rpc('initialize', {})),
    post(
      MCP_PATH,
      rpc('initialize', { protocolVersion: '2025-06-18', capabilities: {} }),
      signedIn,
    ),
    post(MCP_PATH, rpc('tools/list', {}), signedIn),
    post(MCP_PATH, rpc('tools/call', { name: TOOL, arguments: ARGUMENTS }), signedIn),
    stateless('tools/list', {}, signedIn),
    stateless('tools/call', { name: TOOL, arguments: ARGUMENTS }, signedIn),
    post(`/tools/${TOOL}`, ARGUMENTS, signedIn),
    post(LOG_WEBHOOK_PATH, [{ log_id: '1', data: { type: 's', client_id: 'example' } }], {
      authorization: `Bearer ${SECRET}`,
    }),
  ]
}

function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const accept = 'application/json, text/event-stream'
  const fields = { ...JSON_TYPE, accept, ...headers }
  return { path, method: 'POST', headers: fields, body: JSON.stringify(body) }
}

/** A request of the MCP revision without sessions. */
function stateless(method: string, params: Readonly<Record<string, unknown>>, headers: object) {
  const meta = 'io.modelcontextprotocol'
  const fields = {
    'mcp-protocol-version': STATELESS_REVISION,
    'mcp-method': method,
    ...(typeof params['name'] === 'string' && { 'mcp-name': params['name'] }),
  }
  const _meta = {
    [`${meta}/protocolVersion`]: STATELESS_REVISION,
    [`${meta}/clientInfo`]: { name: 'example', version: '1' },
    [`${meta}/clientCapabilities`]: {},
  }
  return post(MCP_PATH, rpc(method, { ...params, _meta }), { ...headers, ...fields })
}

function rpc(method: string, params: object) {
  return { jsonrpc: '2.0', id: 1, method, params }
}

/** Starts the issuer and backend. */
export async function startSurroundings(): Promise<Surroundings> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: KEY_ID, alg: 'RS256', use: 'sig' }]
  const { port } = await listenOnLoopback(0, (request, response) => {
    const issuer = `http://${request.headers.host}/`
    const metadata = {
      issuer,
      jwks_uri: `${issuer}.well-known/jwks.json`,
      authorization_endpoint: `${issuer}authorize`,
      token_endpoint: `${issuer}oauth/token`,
    }
    const body = request.url?.endsWith('/jwks.json')
      ? { keys }
      : request.url?.startsWith('/.well-known/')
        ? metadata
        : { text: 'example' }
    response.writeHead(200, JSON_TYPE).end(JSON.stringify(body))
  })
  const url = `http://127.0.0.1:${port}`
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: `${url}/`,
    aud: defaultAudience(PUBLIC_URL),
    sub: 'auth0|example',
    azp: 'example',
    scope: SCOPE,
    iat: now,
    exp: now + 3600,
  }
  // Not by jose, because a package in this program would need its licence in every function.
  const signed = [{ alg: 'RS256', typ: 'at+jwt', kid: KEY_ID }, claims].map(encode).join('.')
  const signature = sign('sha256', Buffer.from(signed), privateKey).toString('base64url')
  return { url, token: `${signed}.${signature}` }
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
