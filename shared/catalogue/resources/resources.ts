import { ConfigError } from '../../config.ts'
import { type AccessRule, isOpen } from '../access.ts'
import type { CatalogueFiles } from './catalogue-files.ts'
import { type RawResource, type ResourceEntry, readResource, resourceEntries } from './resource.ts'

/** The properties of a tool that the rules of resources use. */
export interface ToolWithUi extends AccessRule {
  readonly name: string
  readonly uiResource?: string | undefined
}

/** The maximum size of all resources together. */
const MAX_TOTAL_BYTES = 16 * 1024 * 1024

/**
 * Reads the `resources` of a catalogue and checks that they contain the UI of each tool.
 *
 * A resource whose access neither the resource nor the catalogue's defaults define requires a sign-in
 * but no scopes. It is public if it is the UI of a tool that can be called without a sign-in.
 *
 * @throws ConfigError with a line for each fault.
 */
export function readResources(
  variable: string,
  written: unknown,
  defaults: Readonly<Record<string, unknown>>,
  tools: readonly ToolWithUi[],
  files: CatalogueFiles,
): { readonly resources: readonly ResourceEntry[]; readonly warnings: readonly string[] } {
  const entries = resourceEntries(written)
  if (entries === undefined) {
    throw new ConfigError([
      `${variable}: resources must be a mapping of URI to resource, or a list`,
    ])
  }
  const faults: string[] = []
  const warnings: string[] = []
  const resources = new Map<string, ResourceEntry>()
  for (const [index, entry] of entries.entries()) {
    const { uri } = entry
    const at = `resource ${typeof uri === 'string' ? JSON.stringify(uri.slice(0, 256)) : index}`
    const read = readResource(entry, defaults, files)
    faults.push(...read.faults.map((fault) => `${variable}: ${at}: ${fault}`))
    warnings.push(...read.warnings.map((warning) => `${at}: ${warning}`))
    if (read.resource === undefined) continue
    const known = resources.has(read.resource.uri)
    if (known) faults.push(`${variable}: ${at}: this URI occurs twice`)
    resources.set(read.resource.uri, withAccess(read.resource, tools))
  }
  const bytes = [...resources.values()].reduce((sum, { size = 0 }) => sum + size, 0)
  if (bytes > MAX_TOTAL_BYTES) {
    faults.push(`${variable}: resources have ${bytes} bytes; the maximum is ${MAX_TOTAL_BYTES}`)
  }
  const known = new Set(entries.map(({ uri }) => uri))
  for (const { name, uiResource } of tools) {
    if (uiResource === undefined || known.has(uiResource)) continue
    faults.push(
      `${variable}: tool ${JSON.stringify(name)}: _meta.ui.resourceUri is not in resources: ${uiResource.slice(0, 256)}. Add the resource, or remove the member and its aliases`,
    )
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return { resources: [...resources.values()], warnings }
}

function withAccess(
  { rule, ...resource }: RawResource,
  tools: readonly ToolWithUi[],
): ResourceEntry {
  const toolsWithUi = tools.filter(({ uiResource }) => uiResource === resource.uri)
  const defaultRule: AccessRule = toolsWithUi.some(isOpen)
    ? { access: 'public', scopes: [] }
    : { access: 'signed-in', scopes: [] }
  return { ...resource, ...(rule ?? defaultRule) }
}
