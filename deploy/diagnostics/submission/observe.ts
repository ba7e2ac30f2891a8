import { asObject } from '../../../shared/json.ts'
import { MCP_PATH, protectedResourceMetadataUrl } from '../../../shared/oauth/protected-resource.ts'
import { documentOf, type JsonObject } from '../exchange.ts'
import { type Exchange, isAnswer, outcomeOf, type Probe } from '../probe.ts'

/** What a running deployment shows of what Scan Tools and the portal look at. */
export interface Deployment {
  /** Without trailing slash. */
  readonly origin: string
  /** The tools as listed, or why there are none. */
  readonly tools: readonly JsonObject[] | { readonly absent: string }
  readonly instructions: unknown
  /** MCP's `Implementation`, as the server says it. */
  readonly serverInfo: JsonObject | undefined
  /** Of the UIs that the tools name: the content of each, where it could be read. */
  readonly contents: readonly JsonObject[]
  readonly metadata: JsonObject | undefined
  /** What is at the well-known path of the domain verification. */
  readonly challenge: Exchange
  /** The same at the host that the operator named, if any. */
  readonly challengeAtBase: Exchange | undefined
}

const CHALLENGE_PATH = '/.well-known/openai-apps-challenge'
const REVISION = '2025-11-25'
const MAX_UIS = 50

/** Asks the deployment; changes nothing, and sends the token to its MCP endpoint alone. */
export async function observeDeployment(
  probe: Probe,
  origin: string,
  token: string | undefined,
  challengeBase: string | undefined,
): Promise<Deployment> {
  const call = (method: string, params: JsonObject) => rpc(probe, origin, token, method, params)
  const clientInfo = { name: 'doctor', version: '1' }
  const [started, listed, metadata, challenge, challengeAtBase] = await Promise.all([
    call('initialize', { protocolVersion: REVISION, capabilities: {}, clientInfo }),
    call('tools/list', {}),
    probe({ url: protectedResourceMetadataUrl(origin) }),
    probe({ url: `${origin}${CHALLENGE_PATH}` }),
    challengeBase === undefined ? undefined : probe({ url: `${challengeBase}${CHALLENGE_PATH}` }),
  ])
  const tools = toolsOf(listed)
  const uris = 'absent' in tools ? [] : [...new Set(tools.flatMap(uiUris))].slice(0, MAX_UIS)
  const reads = await Promise.all(uris.map((uri) => call('resources/read', { uri })))
  const document = documentOf(metadata)
  return {
    origin,
    tools,
    instructions: resultOf(started)?.['instructions'],
    serverInfo: asObject(resultOf(started)?.['serverInfo']),
    contents: reads.flatMap((read) => objectsIn(resultOf(read)?.['contents'])),
    metadata: 'value' in document ? document.value : undefined,
    challenge,
    challengeAtBase,
  }
}

function rpc(
  probe: Probe,
  origin: string,
  token: string | undefined,
  method: string,
  params: JsonObject,
): Promise<Exchange> {
  return probe({
    url: `${origin}${MCP_PATH}`,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'mcp-protocol-version': REVISION,
      ...(token !== undefined && { authorization: `Bearer ${token.trim()}` }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
}

function toolsOf(listed: Exchange): Deployment['tools'] {
  const { tools } = resultOf(listed) ?? {}
  if (Array.isArray(tools)) return objectsIn(tools)
  const isRefused = isAnswer(listed) && (listed.status === 401 || listed.status === 403)
  return { absent: isRefused ? `${listed.status}` : outcomeOf(listed) }
}

function resultOf(exchange: Exchange): JsonObject | undefined {
  const document = documentOf(exchange)
  return 'value' in document ? asObject(document.value['result']) : undefined
}

function objectsIn(value: unknown): readonly JsonObject[] {
  if (!Array.isArray(value)) return []
  return value.map((one: unknown) => asObject(one)).filter((one) => one !== undefined)
}

function uiUris({ _meta }: JsonObject): readonly string[] {
  const meta = asObject(_meta)
  const uri = asObject(meta?.['ui'])?.['resourceUri'] ?? meta?.['openai/outputTemplate']
  return typeof uri === 'string' ? [uri] : []
}
