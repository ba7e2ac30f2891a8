import {
  AUTHORIZATION_SERVER_PATHS,
  MCP_PATH,
  PROTECTED_RESOURCE_PATHS,
} from '../../../shared/oauth/protected-resource.ts'
import type { Probe, ProbeRequest, ProbeResult } from '../probe.ts'
import { allowsOrigin, isResponse, type JsonObject } from '../probe-result.ts'

/** The responses of the edge. */
export interface EdgeObservation {
  readonly protectedResource: readonly ProbeResult[]
  readonly authorizationServer: readonly ProbeResult[]
  readonly health: ProbeResult
  readonly auth0Health: ProbeResult
  readonly openApi: ProbeResult
  readonly appsChallenge: ProbeResult
  /** A path of the metadata function that does not exist. */
  readonly unknownPath: ProbeResult
  readonly mcpGet: ProbeResult
  /** `initialize` without credentials. */
  readonly unauthenticated: ProbeResult
  /** `initialize` with a value that is not a token. */
  readonly badToken: ProbeResult
  /** `initialize` with a token whose signature no key verifies. */
  readonly unknownKey: ProbeResult
  /** `tools/call` of an unknown tool, without credentials and with ChatGPT's user agent. */
  readonly chatGptCall: ProbeResult
  /** The protected resource metadata, read by a page of another origin. */
  readonly metadataFromBrowser: ProbeResult
}

/** The responses to a page of the deployment itself. */
export interface BrowserObservation {
  /** The origin of the page. */
  readonly page: string
  readonly preflight: ProbeResult
  /** `initialize` without credentials, from such a page. */
  readonly fromBrowser: ProbeResult
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
export function postRpc<Result extends ProbeResult>(
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
): Promise<ProbeResult> {
  return postRpc(probe, `${base}${MCP_PATH}`, 'initialize', INITIALIZE, headers)
}

/** A call of a tool without credentials, as most clients send it and as ChatGPT does. */
export async function callsWithoutToken(
  probe: Probe,
  origin: string,
  tool: string,
): Promise<{ readonly plain: ProbeResult; readonly inChatGpt: ProbeResult }> {
  const [plain, inChatGpt] = await Promise.all([
    callTool(probe, origin, tool),
    callTool(probe, origin, tool, CHATGPT_AGENT),
  ])
  return { plain, inChatGpt }
}

function callTool(probe: Probe, origin: string, name: string, headers = {}): Promise<ProbeResult> {
  const endpoint = `${origin}${MCP_PATH}`
  return postRpc(probe, endpoint, 'tools/call', { name, arguments: {} }, headers)
}

export function withUnknownKey(origin: string, probe: Probe): Promise<ProbeResult> {
  return initialize(probe, origin, { authorization: `Bearer ${UNSIGNED}` })
}

/**
 * Returns the gateway's Retry-After in milliseconds; undefined if it is absent or too long. After an
 * outage the gateway fetches keys only after that time, so the first response may be outdated.
 */
export function retryAfterMs(result: ProbeResult): number | undefined {
  if (!isResponse(result) || result.status !== 503) return undefined
  const seconds = Number(result.headers.get('retry-after') ?? Number.NaN)
  return seconds <= MAX_RETRY_AFTER_SECONDS ? seconds * 1000 : undefined
}

/** The responses of a function at its own address. */
export async function directAccess(probe: Probe, url: string) {
  const results = await Promise.all([initialize(probe, url), probe({ url: `${url}/health` })])
  return { url, results }
}

/**
 * Observes CORS for pages of the deployment. Each candidate may be the gateway's PUBLIC_URL; uses the
 * first one that CORS allows, or else the first one.
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
