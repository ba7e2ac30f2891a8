import type {
  DiscoverResult,
  InitializeResult,
  ListToolsResult,
  Tool,
} from '@modelcontextprotocol/client'
import { isOpen, type SecurityScheme, schemesOf } from '../../../shared/catalogue/access.ts'
import { type ServerSection, serverInfoOf } from '../../../shared/catalogue/server.ts'
import type { Catalogue, ToolDefinition } from '../../../shared/tools.ts'
import type { ServedResources } from '../resources/resources.ts'
import { hasObjectOutput, type Writer } from './mcp-result.ts'
import { type Era, HANDSHAKE_REVISIONS, SUPPORTED_REVISIONS } from './revision.ts'

interface Secured {
  readonly securitySchemes: readonly SecurityScheme[]
}

/** The results that are the same for every caller, each serialized once. */
export interface StaticResults {
  readonly initialize: (requested: unknown) => string
  readonly discover: string
  /** `tools/list`, encoded once because it can be long. */
  readonly tools: Readonly<Record<Era, Buffer>>
}

/** How long clients may cache what only changes with a deployment, in milliseconds. */
export const CACHE_MS = 300_000
const SKILLS_EXTENSION = 'io.modelcontextprotocol/skills'

/** Returns whether clients may connect and read the lists without a token. */
export function isPublicServer(catalogue: Catalogue, { hasOpen }: ServedResources): boolean {
  return hasOpen || [...catalogue.values()].some(isOpen)
}

export interface StaticResultsOptions {
  readonly catalogue: Catalogue
  readonly served: ServedResources
  readonly server: ServerSection | undefined
  readonly write: Writer
}

/** Creates the results of `initialize`, `server/discover` and `tools/list` for both eras. */
export function createStaticResults({
  catalogue,
  served,
  server,
  write,
}: StaticResultsOptions): StaticResults {
  const tools = [...catalogue.values()]
  // Shared caches may store lists that everyone may see.
  const isPublic = isPublicServer(catalogue, served)
  const cacheable = { ttlMs: CACHE_MS, cacheScope: isPublic ? 'public' : 'private' } as const
  const capabilities = {
    tools: {},
    ...(served.readable.size > 0 && { resources: {} }),
    ...(served.skills.size > 0 && { extensions: { [SKILLS_EXTENSION]: {} } }),
  }
  const { instructions } = server ?? {}
  return {
    initialize: (requested) =>
      JSON.stringify({
        protocolVersion:
          HANDSHAKE_REVISIONS.find((revision) => revision === requested) ?? HANDSHAKE_REVISIONS[0],
        capabilities,
        serverInfo: serverInfoOf(server) as InitializeResult['serverInfo'],
        ...(instructions !== undefined && { instructions }),
      } satisfies InitializeResult),
    discover: write(
      {
        supportedVersions: SUPPORTED_REVISIONS,
        capabilities,
        ...(instructions !== undefined && { instructions }),
        ...cacheable,
      } satisfies Omit<DiscoverResult, 'resultType'> & Record<string, unknown>,
      'stateless',
    ),
    tools: {
      handshake: Buffer.from(
        write(
          {
            tools: tools.map((tool) => listedTool(tool, hasObjectOutput(tool))),
          } satisfies ListToolsResult,
          'handshake',
        ),
      ),
      stateless: Buffer.from(
        write(
          {
            tools: tools.map((tool) => listedTool(tool, true)),
            ...cacheable,
          } satisfies ListToolsResult & Record<string, unknown>,
          'stateless',
        ),
      ),
    },
  }
}

function listedTool(tool: ToolDefinition, withOutput: boolean): Tool & Secured {
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
