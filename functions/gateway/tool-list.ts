import type {
  DiscoverResult,
  InitializeResult,
  ListToolsResult,
  Tool,
} from '@modelcontextprotocol/client'
import { isOpen, type SecurityScheme, schemesOf } from '../../shared/catalogue/access.ts'
import type { Catalogue, ToolDefinition } from '../../shared/tools.ts'
import { HANDSHAKE_REVISIONS, SUPPORTED_REVISIONS } from './revision.ts'

interface Secured {
  readonly securitySchemes: readonly SecurityScheme[]
}

/** The results that are the same for every caller, written as JSON once. */
export interface Introduction {
  readonly initialize: (requested: unknown) => string
  readonly discover: string
  readonly toolsOfHandshakeEra: string
  readonly toolsOfStatelessEra: string
}

const SERVER_INFO = { name: 'chatgpt-auth0-gateway', version: '0.1.0' }
const CAPABILITIES = { tools: {} }
const CACHE_MS = 300_000

/** What the 2026-07-28 revision adds to every result. */
export const STATELESS_RESULT = {
  resultType: 'complete',
  _meta: { 'io.modelcontextprotocol/serverInfo': SERVER_INFO },
} as const

/** Makes the answers to `initialize`, `server/discover` and `tools/list` of both eras. */
export function introduce(catalogue: Catalogue): Introduction {
  const tools = [...catalogue.values()]
  // What anybody may see, any cache may keep.
  const isPublic = tools.some(isOpen)
  const cacheable = { ttlMs: CACHE_MS, cacheScope: isPublic ? 'public' : 'private' } as const
  return {
    initialize: (requested) =>
      JSON.stringify({
        protocolVersion:
          HANDSHAKE_REVISIONS.find((revision) => revision === requested) ?? HANDSHAKE_REVISIONS[0],
        capabilities: CAPABILITIES,
        serverInfo: SERVER_INFO,
      } satisfies InitializeResult),
    discover: JSON.stringify({
      ...STATELESS_RESULT,
      supportedVersions: SUPPORTED_REVISIONS,
      capabilities: CAPABILITIES,
      ...cacheable,
    } satisfies DiscoverResult & Record<string, unknown>),
    toolsOfHandshakeEra: JSON.stringify({
      tools: tools.map((tool) => describe(tool, hasObjectOutput(tool))),
    } satisfies ListToolsResult),
    toolsOfStatelessEra: JSON.stringify({
      ...STATELESS_RESULT,
      tools: tools.map((tool) => describe(tool, true)),
      ...cacheable,
    } satisfies ListToolsResult & Record<string, unknown>),
  }
}

/** Before 2026-07-28 structured content was an object, and so was what a schema could promise. */
export function hasObjectOutput({ outputSchema }: ToolDefinition): boolean {
  return outputSchema?.['type'] === 'object'
}

function describe(tool: ToolDefinition, withOutput: boolean): Tool & Secured {
  const securitySchemes = schemesOf(tool)
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: tool.inputSchema as Tool['inputSchema'],
    outputSchema: withOutput ? (tool.outputSchema as Tool['outputSchema']) : undefined,
    annotations: tool.annotations,
    icons: tool.icons as Tool['icons'],
    execution: tool.execution as Tool['execution'],
    securitySchemes,
    _meta: { ...tool._meta, securitySchemes },
  }
}
