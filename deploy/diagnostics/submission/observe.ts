import { asObject } from '../../../shared/json.ts'
import { MCP_PATH, protectedResourceMetadataUrl } from '../../../shared/oauth/protected-resource.ts'
import { postRpc } from '../observe/edge-requests.ts'
import type { Probe, ProbeResult } from '../probe.ts'
import { documentOf, isResponse, type JsonObject, outcomeOf, rpcResultOf } from '../probe-result.ts'

/** The deployment as Scan Tools and the portal read it. */
export interface Deployment {
  /** Without trailing slash. */
  readonly origin: string
  /** The tools as listed, or why there are none. */
  readonly tools: readonly JsonObject[] | { readonly absent: string }
  readonly instructions: unknown
  /** MCP's `Implementation`, as the server sends it. */
  readonly serverInfo: JsonObject | undefined
  /** The content of each UI that the tools name, where it could be read. */
  readonly contents: readonly JsonObject[]
  readonly metadata: JsonObject | undefined
  /** The well-known path of the domain verification. */
  readonly challenge: ProbeResult
  /** The same at the host that the operator named, if any. */
  readonly challengeAtBase: ProbeResult | undefined
}

const CHALLENGE_PATH = '/.well-known/openai-apps-challenge'
const REVISION = '2025-11-25'
const MAX_UIS = 50

/** Reads the deployment; changes nothing, and sends the token only to its MCP endpoint. */
export async function readDeployment(
  probe: Probe,
  origin: string,
  token: string | undefined,
  challengeBase: string | undefined,
): Promise<Deployment> {
  const headers = {
    'mcp-protocol-version': REVISION,
    ...(token !== undefined && { authorization: `Bearer ${token.trim()}` }),
  }
  const call = (method: string, params: JsonObject) =>
    postRpc(probe, `${origin}${MCP_PATH}`, method, params, headers)
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
    instructions: rpcResultOf(started)?.['instructions'],
    serverInfo: asObject(rpcResultOf(started)?.['serverInfo']),
    contents: reads.flatMap((read) => objectsIn(rpcResultOf(read)?.['contents'])),
    metadata: 'value' in document ? document.value : undefined,
    challenge,
    challengeAtBase,
  }
}

function toolsOf(listed: ProbeResult): Deployment['tools'] {
  const { tools } = rpcResultOf(listed) ?? {}
  if (Array.isArray(tools)) return objectsIn(tools)
  const isRefused = isResponse(listed) && (listed.status === 401 || listed.status === 403)
  return { absent: isRefused ? `${listed.status}` : outcomeOf(listed) }
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

/**
 * A catalogue with the tools, UIs and links that a deployment lists. It has no skills, and tools
 * without listed access count as public.
 */
export function deployedCatalogue(deployment: Deployment) {
  const { tools, contents, instructions, serverInfo, metadata } = deployment
  const listed = 'absent' in tools ? [] : tools
  const resources = Object.fromEntries(
    contents.flatMap(({ uri, text, mimeType, _meta }) =>
      typeof uri === 'string' && typeof text === 'string'
        ? [[uri, { text, mimeType, _meta, scopes: [] }] as const]
        : [],
    ),
  )
  const server = {
    instructions: textOf(instructions),
    websiteUrl: textOf(serverInfo?.['websiteUrl']),
    documentation: textOf(metadata?.['resource_documentation']),
    policy: textOf(metadata?.['resource_policy_uri']),
    terms: textOf(metadata?.['resource_tos_uri']),
  }
  return { tools: listed.map(withAccess), resources, server }
}

function withAccess(tool: JsonObject): JsonObject {
  const mirrored = asObject(tool['_meta'])?.['securitySchemes']
  if (tool['securitySchemes'] != null || mirrored != null) return tool
  return { ...tool, securitySchemes: [{ type: 'noauth' }] }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null
}
