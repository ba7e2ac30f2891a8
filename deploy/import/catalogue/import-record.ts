import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { asObject, parseJson } from '../../../shared/json.ts'
import { ImportError } from '../import-error.ts'
import type { ToolMembers } from '../tool/to-tool.ts'

/** The state of one tool as the last import wrote it. */
export interface RecordedTool {
  /**
   * The label of the operation, such as `GET /pets/{petId}`, which identifies a tool that was renamed
   * manually.
   */
  readonly operation: string
  /** The OpenAPI document of the tool. */
  readonly source: string
  /** A digest of each member, by name. */
  readonly members: Readonly<Record<string, string>>
}

/** The tools as the last import wrote them, by name in the file. */
export type ImportRecord = ReadonlyMap<string, RecordedTool>

/** Returns the path of a catalogue's import record, next to the catalogue. */
export function recordFileOf(out: string): string {
  return `${out}.import.json`
}

/** The members that define access to a tool are compared as one. */
export const ACCESS = 'access'
const ACCESS_MEMBERS: readonly string[] = ['scopes', 'securitySchemes']

/** Returns a tool's members for comparison, with both forms of access as one member. */
export function comparedMembers(tool: ToolMembers): ReadonlyMap<string, unknown> {
  const access = Object.entries(tool).filter(([name]) => ACCESS_MEMBERS.includes(name))
  const others = Object.entries(tool).filter(([name]) => !ACCESS_MEMBERS.includes(name))
  return new Map<string, unknown>([
    ...others,
    ...(access.length > 0 ? [[ACCESS, Object.fromEntries(access)] as const] : []),
  ])
}

/** Returns a digest of a value's JSON text; the order of members matters. */
export function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('hex')
    .slice(0, 16)
}

/** Returns the record of a tool. */
export function recordTool(operation: string, source: string, tool: ToolMembers): RecordedTool {
  const members = [...comparedMembers(tool)].map(([name, value]) => [name, digestOf(value)])
  return { operation, source, members: Object.fromEntries(members) }
}

/**
 * Reads an import record. Returns an empty record if the file does not exist.
 *
 * @throws ImportError if the file is not an import record.
 */
export function readRecord(path: string): ImportRecord {
  if (!existsSync(path)) return new Map()
  const tools = asObject(asObject(parseJson(readFileSync(path, 'utf8'))?.value)?.['tools'])
  if (tools === undefined) {
    throw new ImportError(`${path} is not an import record: restore or remove it`)
  }
  return new Map(
    Object.entries(tools).map(([name, one]) => {
      const { operation, source, members } = asObject(one) ?? {}
      const digests = Object.entries(asObject(members) ?? {}).map(([key, value]) => [
        key,
        String(value),
      ])
      const recorded = {
        operation: String(operation),
        source: String(source),
        members: Object.fromEntries(digests) as Record<string, string>,
      }
      return [name, recorded]
    }),
  )
}

/** Returns the text of an import record. */
export function recordText(record: ImportRecord): string {
  const comment = 'Written by npm run import. Keep this file next to the catalogue.'
  return `${JSON.stringify({ comment, tools: Object.fromEntries(record) }, null, 1)}\n`
}
