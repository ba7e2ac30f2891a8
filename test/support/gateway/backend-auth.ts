import { afterAll, afterEach, beforeEach } from 'vitest'
import { type Backend, startBackend } from '../http/backend.ts'
import { JWKS_PATH, startIssuer } from '../http/issuer.ts'
import { type Answer, type SendOptions, type Served, serveGateway } from '../http/serve.ts'
import { startTokenEndpoint, type TokenEndpoint } from '../http/token-endpoint.ts'
import { keepSecret } from '../written.ts'
import { bearer, callOf, post } from './mcp.ts'
import { callTool } from './rest.ts'

type Json = Readonly<Record<string, unknown>>

export const API_KEY = 'key-of-the-calendar-0123456789'
export const CLIENT_PASSWORD = 'pass%word & more/0123456789'
export const OBO_CLIENT_SECRET = 'obo-secret-for-tests-only-0123456789'
export const AUDIENCE = 'https://calendar.example.com'

/** A gateway whose tools use each type of `backendAuth`, and the servers that it calls. */
export interface BackendAuthStack {
  /** The token endpoint. Its issuer also issues the users' tokens. */
  readonly endpoint: TokenEndpoint
  /** The backend below FUNCTIONS_BASE. */
  readonly own: Backend
  /** The backend outside FUNCTIONS_BASE. */
  readonly foreign: Backend
  /** Starts a gateway with the tools of `catalogueOf`. It ends after the test. */
  readonly start: (
    env?: Readonly<Record<string, string>>,
    dependencies?: { readonly metadataHost?: string },
  ) => Promise<Served>
  /** A user's access token. It is registered as a value that no log line may contain. */
  readonly tokenOf: (claims?: Json) => Promise<string>
  /** Disposes of this resource after the test. */
  readonly endAfterTest: (one: AsyncDisposable) => void
}

/**
 * Starts the servers of a test file. They end after its last test and forget their calls and scripts
 * before each test. Call it once, at the top of the file.
 */
export async function backendAuthStack(): Promise<BackendAuthStack> {
  const issuer = await startIssuer()
  const endpoint = await startTokenEndpoint()
  const own = await startBackend()
  const foreign = await startBackend()
  const running: AsyncDisposable[] = []
  for (const secret of [API_KEY, CLIENT_PASSWORD, OBO_CLIENT_SECRET]) keepSecret(secret)

  beforeEach(() => {
    for (const one of [endpoint, own, foreign]) one.reset()
  })
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one[Symbol.asyncDispose]()))
  })
  afterAll(async () => {
    const all = [issuer, endpoint, own, foreign]
    await Promise.all(all.map((one) => one[Symbol.asyncDispose]()))
  })
  return {
    endpoint,
    own,
    foreign,
    start: async (env = {}, dependencies = {}) => {
      const served = await serveGateway({
        dependencies,
        issuer: endpoint.issuer,
        functionsBase: own.url,
        env: {
          JWKS_URI: `${issuer.url}${JWKS_PATH.slice(1)}`,
          TOOLS: JSON.stringify(catalogueOf(foreign, endpoint)),
          CALENDAR_API_KEY: API_KEY,
          CALENDAR_CLIENT_PASSWORD: CLIENT_PASSWORD,
          OBO_CLIENT_ID: 'rs-client',
          OBO_CLIENT_SECRET,
          ...env,
        },
      })
      running.push(served)
      return served
    },
    tokenOf: async (claims = {}) => {
      const token = await issuer.token({ iss: endpoint.issuer, ...claims })
      keepSecret(token)
      return token
    },
    endAfterTest: (one) => void running.push(one),
  }
}

/** The tools, named after their credentials. They call `foreign`, or with `…Own` the own backend. */
function catalogueOf(foreign: Backend, endpoint: TokenEndpoint): Json {
  const elsewhere = (backendAuth: Json, more: Json = {}) => ({
    scopes: ['events:read'],
    request: { method: 'GET', url: `${foreign.url}/events` },
    backendAuth,
    ...more,
  })
  const client = {
    type: 'client_credentials',
    tokenUrl: `${endpoint.issuer}oauth/token`,
    clientId: 'gate way',
    clientSecret: 'CALENDAR_CLIENT_PASSWORD',
  }
  const onBehalf = { type: 'on_behalf_of', audience: AUDIENCE, scopes: ['events:read'] }
  return {
    plain: elsewhere({ type: 'assertion' }),
    google: elsewhere({ type: 'google_id_token' }),
    keyed: elsewhere({
      ...{ type: 'header', name: 'Authorization', prefix: 'Key ' },
      secret: 'CALENDAR_API_KEY',
    }),
    keyedOwn: {
      scopes: ['events:read'],
      backendAuth: { type: 'header', name: 'X-Api-Key', secret: 'CALENDAR_API_KEY' },
    },
    machine: elsewhere({ ...client, scopes: ['b', 'a'], audience: AUDIENCE }),
    machineToo: elsewhere({ ...client, scopes: ['a', 'b'], audience: AUDIENCE }),
    machineElse: elsewhere({ ...client, tokenEndpointAuthMethod: 'client_secret_post' }),
    personal: elsewhere(onBehalf),
    personalToo: elsewhere(onBehalf),
    personalElse: elsewhere({ ...onBehalf, scopes: [] }),
    personalOwn: { scopes: ['events:read'], backendAuth: onBehalf },
    hasty: elsewhere({ ...onBehalf, scopes: [] }, { timeoutMs: 200 }),
  }
}

/** Calls a tool over REST. */
export function call(served: Served, tool: string, token: string): Promise<Answer> {
  return callTool(served, tool, {}, bearer(token))
}

/** Calls a tool over MCP. */
export function callByMcp(
  served: Served,
  tool: string,
  token: string,
  more: SendOptions['headers'] = {},
): Promise<Answer> {
  return post(served, callOf(tool), { ...bearer(token), ...more })
}

/** The reason in the latest `tool_answered` record. */
export function reasonIn({ lines }: Served): unknown {
  return lines.findLast(({ message }) => message === 'tool_answered')?.['reason']
}
