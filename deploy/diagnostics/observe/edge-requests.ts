import {
  AUTHORIZATION_SERVER_PATHS,
  MCP_PATH,
  PROTECTED_RESOURCE_PATHS,
} from '../../../shared/oauth/protected-resource.ts'
import type { JsonObject } from '../exchange.ts'
import { type Exchange, isAnswer, type Probe } from '../probe.ts'

/** What the front has answered. */
export interface FrontSeen {
  readonly protectedResource: readonly Exchange[]
  readonly authorizationServer: readonly Exchange[]
  readonly health: Exchange
  readonly auth0Health: Exchange
  readonly openApi: Exchange
  readonly appsChallenge: Exchange
  /** A path of the metadata function that does not exist. */
  readonly notThere: Exchange
  readonly mcpGet: Exchange
  /** `initialize` without credentials. */
  readonly bare: Exchange
  /** `initialize` with something that is no token. */
  readonly badToken: Exchange
  /** `initialize` with a token whose signature no key verifies. */
  readonly unknownKey: Exchange
  /** `tools/call` without credentials, in ChatGPT's name, of a tool that no catalogue has. */
  readonly chatGptCall: Exchange
  /** The protected resource metadata, read by a page elsewhere. */
  readonly metadataFromPage: Exchange
}

const ELSEWHERE = 'https://elsewhere.example'
const MAX_PATIENCE_SECONDS = 15
const JSON_TYPE = { 'content-type': 'application/json' }
const INITIALIZE = rpc('initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'doctor', version: '1' },
})
const NO_SUCH_TOOL = 'doctor.no-such-tool'
const CHATGPT = { 'user-agent': 'openai-mcp/1.0.0' }
/** Well-formed, so that the gateway has to look for the key; its signature is invalid. */
const UNSIGNED = [{ alg: 'RS256', typ: 'at+jwt', kid: 'doctor' }, {}]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .concat('AAAA')
  .join('.')

/** Everything that is asked of the front before anything is known of it. */
export function frontRequests(origin: string, probe: Probe) {
  const get = (path: string, headers = {}) => probe({ url: `${origin}${path}`, headers })
  const [metadataPath = ''] = PROTECTED_RESOURCE_PATHS
  return {
    protectedResource: Promise.all([...PROTECTED_RESOURCE_PATHS].map((path) => get(path))),
    authorizationServer: Promise.all(AUTHORIZATION_SERVER_PATHS.map((path) => get(path))),
    health: get('/health'),
    auth0Health: get('/health/auth0'),
    openApi: get('/openapi.json'),
    appsChallenge: get('/.well-known/openai-apps-challenge'),
    notThere: get('/.well-known/doctor-no-such-document'),
    metadataFromPage: get(metadataPath, { origin: ELSEWHERE }),
    mcpGet: get(MCP_PATH, { accept: 'text/event-stream' }),
    bare: initialize(probe, origin),
    badToken: initialize(probe, origin, { authorization: 'Bearer doctor' }),
    unknownKey: withUnknownKey(origin, probe),
    chatGptCall: callTool(probe, origin, NO_SUCH_TOOL, CHATGPT),
  }
}

/** The first message of a client, with these header fields besides. */
export function initialize(
  probe: Probe,
  base: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Exchange> {
  return post(probe, base, INITIALIZE, headers)
}

function post(probe: Probe, base: string, body: string, headers = {}): Promise<Exchange> {
  const url = `${base}${MCP_PATH}`
  return probe({ url, method: 'POST', headers: { ...JSON_TYPE, ...headers }, body })
}

/** A call of a tool without credentials, as most clients send it and in ChatGPT's name. */
export async function callsWithoutToken(
  probe: Probe,
  origin: string,
  tool: string,
): Promise<{ readonly plain: Exchange; readonly inChatGpt: Exchange }> {
  const [plain, inChatGpt] = await Promise.all([
    callTool(probe, origin, tool),
    callTool(probe, origin, tool, CHATGPT),
  ])
  return { plain, inChatGpt }
}

function callTool(probe: Probe, origin: string, name: string, headers = {}): Promise<Exchange> {
  return post(probe, origin, rpc('tools/call', { name, arguments: {} }), headers)
}

export function withUnknownKey(origin: string, probe: Probe): Promise<Exchange> {
  return initialize(probe, origin, { authorization: `Bearer ${UNSIGNED}` })
}

/**
 * How long the gateway wants to be left alone; undefined when it does not. After an outage it asks
 * for keys again only when that time is over, so that a first answer may be about the past.
 */
export function retryAfterMs(exchange: Exchange): number | undefined {
  if (!isAnswer(exchange) || exchange.status !== 503) return undefined
  const seconds = Number(exchange.headers.get('retry-after') ?? Number.NaN)
  return seconds <= MAX_PATIENCE_SECONDS ? seconds * 1000 : undefined
}

/** What a function answers at its own address. */
export async function aroundTheFront(probe: Probe, url: string) {
  const exchanges = await Promise.all([initialize(probe, url), probe({ url: `${url}/health` })])
  return { url, exchanges }
}

function rpc(method: string, params: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
}
