import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { asObject, parseJson } from '../../../shared/json.ts'
import { ImportError } from '../import-error.ts'
import type { ToolMembers } from '../tool/to-tool.ts'

/** What the import last wrote of one tool. */
export interface RememberedTool {
  /** Such as `GET /pets/{petId}`: a tool that was renamed by hand is found by it. */
  readonly operation: string
  /** The document that it came from. */
  readonly source: string
  /** A digest of each member, by name. */
  readonly members: Readonly<Record<string, string>>
}

/** What the import last wrote, by name of the tool in the file. */
export type Memory = ReadonlyMap<string, RememberedTool>

/** Where a catalogue's memory is: beside it. */
export function memoryFileOf(out: string): string {
  return `${out}.import.json`
}

/** The members that say who may call a tool count as one. */
export const ACCESS = 'access'
const OF_ACCESS: readonly string[] = ['scopes', 'securitySchemes']

/** A tool's members as they are compared: both forms of access are one member. */
export function comparedMembers(tool: ToolMembers): ReadonlyMap<string, unknown> {
  const access = Object.entries(tool).filter(([name]) => OF_ACCESS.includes(name))
  const others = Object.entries(tool).filter(([name]) => !OF_ACCESS.includes(name))
  return new Map<string, unknown>([
    ...others,
    ...(access.length > 0 ? [[ACCESS, Object.fromEntries(access)] as const] : []),
  ])
}

/** A digest of a value as JSON writes it; another order of members is another value. */
export function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('hex')
    .slice(0, 16)
}

/** What is remembered of a tool. */
export function rememberedTool(
  operation: string,
  source: string,
  tool: ToolMembers,
): RememberedTool {
  const members = [...comparedMembers(tool)].map(([name, value]) => [name, digestOf(value)])
  return { operation, source, members: Object.fromEntries(members) }
}

/** Reads a memory; empty without a file. @throws ImportError for a file that is none. */
export function readMemory(path: string): Memory {
  if (!existsSync(path)) return new Map()
  const tools = asObject(asObject(parseJson(readFileSync(path, 'utf8'))?.value)?.['tools'])
  if (tools === undefined) {
    throw new ImportError(`${path} is not what an import has written: restore it, or remove it`)
  }
  return new Map(
    Object.entries(tools).map(([name, one]) => {
      const { operation, source, members } = asObject(one) ?? {}
      const digests = Object.entries(asObject(members) ?? {}).map(([key, value]) => [
        key,
        String(value),
      ])
      const remembered = {
        operation: String(operation),
        source: String(source),
        members: Object.fromEntries(digests) as Record<string, string>,
      }
      return [name, remembered]
    }),
  )
}

/** The text of a memory's file. */
export function writeMemory(memory: Memory): string {
  const comment = 'What npm run import last wrote. Keep this file beside the catalogue.'
  return `${JSON.stringify({ comment, tools: Object.fromEntries(memory) }, null, 1)}\n`
}
