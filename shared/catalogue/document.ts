import { ConfigError } from '../config.ts'
import { asObject } from '../json.ts'
import { unknownMember } from './unknown-member.ts'

type Mapping = Readonly<Record<string, unknown>>

/** The parts of a catalogue before they are checked. */
export interface RawDocument {
  /** In the order of the catalogue. A list may contain a name twice. */
  readonly tools: readonly (readonly [name: string, entry: unknown])[]
  /** Members of each tool that does not set them itself. */
  readonly defaults: Mapping
  readonly server: Mapping | undefined
  /** As written. */
  readonly resources: unknown
  readonly skills: unknown
  readonly warnings: readonly string[]
}

const MEMBERS = ['tools', 'defaults', 'server', 'resources', 'skills']
/** Members of MCP's `tools/list` result besides `tools`. */
const LIST_RESULT_MEMBERS = ['_meta', 'nextCursor', 'resultType', 'ttlMs', 'cacheScope']

/**
 * Reads both forms of a catalogue: a mapping of tool name to tool, and a document with `tools`. A result
 * of MCP's `tools/list` is such a document, with or without its JSON-RPC envelope.
 *
 * @throws ConfigError if `defaults` or `server` is not a mapping, or a tool of a list has no name.
 */
export function readDocument(variable: string, written: Mapping): RawDocument {
  const envelope = asObject(written['result'])
  const document =
    written['jsonrpc'] !== undefined && envelope?.['tools'] !== undefined ? envelope : written
  if (!isDocument(document)) {
    const none = { server: undefined, resources: undefined, skills: undefined }
    return { tools: Object.entries(written), defaults: {}, ...none, warnings: [] }
  }
  const defaults = document['defaults'] ?? {}
  if (asObject(defaults) === undefined) {
    throw new ConfigError([`${variable}: defaults must be a mapping of tool members`])
  }
  const names = Object.keys(document)
  const warnings = [
    ...names
      .filter((name) => !MEMBERS.includes(name) && !LIST_RESULT_MEMBERS.includes(name))
      .map((name) => unknownMember(name, MEMBERS)),
    ...(typeof document['nextCursor'] === 'string'
      ? ['nextCursor: the list has more pages, which this catalogue does not contain']
      : []),
  ]
  return {
    tools: toolsOf(variable, document['tools']),
    defaults: asObject(defaults) ?? {},
    server: serverOf(variable, document['server']),
    resources: document['resources'],
    skills: document['skills'],
    warnings,
  }
}

function serverOf(variable: string, server: unknown): Mapping | undefined {
  if (server == null || asObject(server) !== undefined) return asObject(server)
  throw new ConfigError([`${variable}: server must be a mapping`])
}

/** Excludes a mapping of tools that contains a tool named `tools`, by members that only a tool has. */
function isDocument({ tools }: Mapping): boolean {
  const entry = asObject(tools)
  return (
    Array.isArray(tools) ||
    (entry !== undefined &&
      !['scopes', 'securitySchemes'].some((member) => Array.isArray(entry[member])) &&
      typeof entry['description'] !== 'string')
  )
}

function toolsOf(variable: string, tools: unknown): RawDocument['tools'] {
  if (!Array.isArray(tools)) return Object.entries(Object(tools))
  const faults: string[] = []
  const entries = tools.map((tool: unknown, index): readonly [string, unknown] => {
    const { name, ...entry } = { ...asObject(tool) }
    if (typeof name === 'string') return [name, entry]
    faults.push(`${variable}: tools.${index}: name must be a string`)
    return ['', entry]
  })
  if (faults.length > 0) throw new ConfigError(faults)
  return entries
}
