import {
  AUTHORIZATION_SERVER_PATHS,
  MCP_PATH,
  PROTECTED_RESOURCE_PATHS,
} from '../../../shared/oauth/protected-resource.ts'
import { allowsOrigin, isAnswer, type JsonObject } from '../exchange.ts'
import type { Exchange, Probe, ProbeRequest } from '../probe.ts'

/** The responses of the edge. */
export interface EdgeObservation {
  readonly protectedResource: readonly Exchange[]
  readonly authorizationServer: readonly Exchange[]
  readonly health: Exchange
  readonly auth0Health: Exchange
  readonly openApi: Exchange
  readonly appsChallenge: Exchange
  /** A path of the metadata function that does not exist. */
  readonly unknownPath: Exchange
  readonly mcpGet: Exchange
  /** `initialize` without credentials. */
  readonly unauthenticated: Exchange
  /** `initialize` with a value that is not a token. */
  readonly badToken: Exchange
  /** `initialize` with a token whose signature no key verifies. */
  readonly unknownKey: Exchange
  /** `tools/call` without credentials, with ChatGPT's user agent, of a tool that no catalogue has. */
  readonly chatGptCall: Exchange
  /** The protected resource metadata, read by a page of another origin. */
  readonly metadataFromBrowser: Exchange
}

/** The responses to a page of the deployment itself. */
export interface BrowserObservation {
  /** The origin of the page. */
  readonly page: string
  readonly preflight: Exchange
  /** `initialize` without credentials, from such a page. */
  readonly fromBrowser: Exchange
}

/** The `User-Agent` by which the gateway recognizes ChatGPT. */
export const CHATGPT_AGENT = { 'user-agent': 'openai-mcp/1.0.0' }
const OTHER_ORIGIN = 'https://elsewhere.example'
const MAX_RETRY_AFTER_SECONDS = 15
const JSON_TYPE = { 'content-type': 'application/json' }
const INITIALIZE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'doctor', version: '1' },
}
const UNKNOWN_TOOL = 'doctor.no-such-tool'
/** Well-formed, so that the gateway looks for the key; its signature is invalid. */
const UNSIGNED = [{ alg: 'RS256', typ: 'at+jwt', kid: 'doctor' }, {}]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .concat('AAAA')
  .join('.')

/** All requests to the edge that need no other observation. */
export function edgeRequests(origin: string, probe: Probe) {
  const get = (path: string, headers = {}) => probe({ url: `${origin}${path}`, headers })
  const [metadataPath = ''] = PROTECTED_RESOURCE_PATHS
  return {
    protectedResource: Promise.all([...PROTECTED_RESOURCE_PATHS].map((path) => get(path))),
    authorizationServer: Promise.all(AUTHORIZATION_SERVER_PATHS.map((path) => get(path))),
    health: get('/health'),
    auth0Health: get('/health/auth0'),
    openApi: get('/openapi.json'),
    appsChallenge: get('/.well-known/openai-apps-challenge'),
    unknownPath: get('/.well-known/doctor-no-such-document'),
    metadataFromBrowser: get(metadataPath, { origin: OTHER_ORIGIN }),
    mcpGet: get(MCP_PATH, { accept: 'text/event-stream' }),
    unauthenticated: initialize(probe, origin),
    badToken: initialize(probe, origin, { authorization: 'Bearer doctor' }),
    unknownKey: withUnknownKey(origin, probe),
    chatGptCall: callTool(probe, origin, UNKNOWN_TOOL, CHATGPT_AGENT),
  }
}

/** One JSON-RPC request to an MCP endpoint; `headers` come on top of its media type. */
export function postRpc<Result extends Exchange>(
  probe: (request: ProbeRequest) => Promise<Result>,
  endpoint: string,
  method: string,
  params: JsonObject,
  headers: Readonly<Record<string, string>> = {},
): Promise<Result> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  return probe({ url: endpoint, method: 'POST', headers: { ...JSON_TYPE, ...headers }, body })
}

/** The first message of a client, with additional header fields. */
function initialize(
  probe: Probe,
  base: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Exchange> {
  return postRpc(probe, `${base}${MCP_PATH}`, 'initialize', INITIALIZE, headers)
}

/** A call of a tool without credentials, as most clients send it and as ChatGPT does. */
export async function callsWithoutToken(
  probe: Probe,
  origin: string,
  tool: string,
): Promise<{ readonly plain: Exchange; readonly inChatGpt: Exchange }> {
  const [plain, inChatGpt] = await Promise.all([
    callTool(probe, origin, tool),
    callTool(probe, origin, tool, CHATGPT_AGENT),
  ])
  return { plain, inChatGpt }
}

function callTool(probe: Probe, origin: string, name: string, headers = {}): Promise<Exchange> {
  const endpoint = `${origin}${MCP_PATH}`
  return postRpc(probe, endpoint, 'tools/call', { name, arguments: {} }, headers)
}

export function withUnknownKey(origin: string, probe: Probe): Promise<Exchange> {
  return initialize(probe, origin, { authorization: `Bearer ${UNSIGNED}` })
}

/**
 * How long the gateway asks clients to wait; undefined when it does not, or too long. After an outage
 * it fetches keys only when that time is over, so a first response may be outdated.
 */
export function retryAfterMs(exchange: Exchange): number | undefined {
  if (!isAnswer(exchange) || exchange.status !== 503) return undefined
  const seconds = Number(exchange.headers.get('retry-after') ?? Number.NaN)
  return seconds <= MAX_RETRY_AFTER_SECONDS ? seconds * 1000 : undefined
}

/** The responses of a function at its own address. */
export async function directAccess(probe: Probe, url: string) {
  const exchanges = await Promise.all([initialize(probe, url), probe({ url: `${url}/health` })])
  return { url, exchanges }
}

/**
 * The deployment's own pages are at the PUBLIC_URL of the gateway, which each of the candidates may
 * be: the first that may call, or else the first.
 */
export async function observeBrowser(
  origin: string,
  candidates: readonly [string, ...(string | undefined)[]],
  probe: Probe,
): Promise<BrowserObservation> {
  const pages = [...new Set(candidates)].filter((page) => page !== undefined)
  const first = await fromPage(origin, candidates[0], probe)
  if (allowsOrigin(first.preflight, first.page)) return first
  const others = await Promise.all(pages.slice(1).map((page) => fromPage(origin, page, probe)))
  return others.find(({ page, preflight }) => allowsOrigin(preflight, page)) ?? first
}

async function fromPage(origin: string, page: string, probe: Probe): Promise<BrowserObservation> {
  const [preflight, fromBrowser] = await Promise.all([
    probe({
      url: `${origin}${MCP_PATH}`,
      method: 'OPTIONS',
      headers: {
        origin: page,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,mcp-protocol-version',
      },
    }),
    initialize(probe, origin, { origin: page }),
  ])
  return { page, preflight, fromBrowser }
}
