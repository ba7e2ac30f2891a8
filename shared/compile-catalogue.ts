import { type CompiledPart, writeCompiled } from './catalogue/compiled.ts'
import type { ServerLinks } from './catalogue/server.ts'
import { collectFaults } from './config.ts'
import { publishedSchema } from './json-schema/publish.ts'
import { type CatalogueSource, parseDocument, type ToolDefinition } from './tools.ts'

/**
 * Returns the tool with its schemas converted to JSON Schema 2020-12, as they are published and applied.
 *
 * @throws ConfigError with a line for each fault of its schemas.
 */
export function publishTool(tool: ToolDefinition): ToolDefinition {
  const { inputSchema, outputSchema } = tool
  const [input, output] = collectFaults([
    () => publishedSchema('inputSchema', inputSchema),
    () => outputSchema && publishedSchema('outputSchema', outputSchema),
  ])
  return { ...tool, inputSchema: input, ...(output && { outputSchema: output }) }
}

/**
 * Checks a catalogue and returns it as the text of a TOOLS_FILE that is read without another check:
 * `whole` for the gateway, `access` (names and scopes) for the other functions. A source that was compiled
 * to `access` stays `access`.
 *
 * @throws ConfigError with all faults.
 */
export function compileCatalogue(source: CatalogueSource, part: CompiledPart = 'whole'): string {
  const { tools, server, resources, skills, warnings, ...read } = parseDocument(source, publishTool)
  const { otherScopes } = tools
  const all = [...tools.values()]
  if (part === 'whole' && read.part === 'whole') {
    return writeCompiled({ part, tools: all, server, resources, skills, otherScopes, warnings })
  }
  const kept = all.map(accessOf)
  return writeCompiled({
    part: 'access',
    tools: kept,
    server: linksOf(server),
    otherScopes,
    warnings,
  })
}

function accessOf({ name, access, scopes }: ToolDefinition): ToolDefinition {
  return { name, access, scopes, description: '', inputSchema: { type: 'object' } }
}

function linksOf({ documentation, policy, terms }: ServerLinks = {}): ServerLinks | undefined {
  const links = { documentation, policy, terms }
  return Object.values(links).some((link) => link !== undefined) ? links : undefined
}
