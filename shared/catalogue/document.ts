import { ConfigError } from '../config.ts'
import { asObject } from '../json.ts'

type Mapping = Readonly<Record<string, unknown>>

/** The parts of a catalogue, not checked. */
export interface RawDocument {
  /** By name, as written; a list may have a name twice. */
  readonly tools: readonly (readonly [name: string, entry: unknown])[]
  /** Members that each tool has unless it says otherwise. */
  readonly defaults: Mapping
  readonly server: Mapping | undefined
  /** As written. */
  readonly resources: unknown
  readonly skills: unknown
  readonly warnings: readonly string[]
}

const OWN = ['tools', 'defaults', 'server', 'resources', 'skills']
/** Members of MCP's answer to `tools/list` beside the tools. */
const OF_ANSWER = ['_meta', 'nextCursor', 'resultType', 'ttlMs', 'cacheScope']

/**
 * Reads both forms of a catalogue: a mapping of tool name to tool, and a document with `tools`, which
 * an answer to MCP's `tools/list` is too, with its JSON-RPC envelope or without it.
 *
 * @throws ConfigError when `tools` or `defaults` is neither list nor mapping.
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
    throw new ConfigError([`${variable}: defaults must be a mapping of members that tools have`])
  }
  const names = Object.keys(document)
  const warnings = [
    ...names
      .filter((name) => !OWN.includes(name) && !OF_ANSWER.includes(name))
      .map((name) => `${name}: unknown member, ignored`),
    ...(typeof document['nextCursor'] === 'string'
      ? ['nextCursor: the list has more pages, which are missing here']
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

/** A mapping of tools may have one named `tools`: an object with what only a tool has. */
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
