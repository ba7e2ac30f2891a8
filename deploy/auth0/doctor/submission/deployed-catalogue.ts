import { asObject } from '../../../../shared/json.ts'
import type { JsonObject } from '../../../diagnostics/exchange.ts'
import type { Deployment } from '../../../diagnostics/submission/observe.ts'

/**
 * What a deployment lists, as a catalogue with the same tools, UIs and links. It has no skills, and of
 * a server that lists no access the tools count as open.
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
