import type { ConvertedTool } from '../convert.ts'
import type { ToolMembers } from '../tool/to-tool.ts'
import {
  comparedMembers,
  digestOf,
  type Memory,
  type RememberedTool,
  rememberedTool,
} from './memory.ts'

/** One difference between the catalogue before and after. */
export interface Change {
  readonly kind: 'added' | 'removed' | 'updated' | 'kept'
  readonly tool: string
  /** Absent where the whole tool is meant. */
  readonly member?: string
  /** What a reader should know; for `kept`, why. */
  readonly note?: string
}

/** What is to be done to the file: by tool, the members to set (undefined = remove the member). */
export interface Merge {
  readonly changes: readonly Change[]
  readonly added: readonly { readonly name: string; readonly members: ToolMembers }[]
  readonly removed: readonly string[]
  readonly updated: readonly {
    readonly name: string
    readonly members: ReadonlyMap<string, unknown>
  }[]
  readonly memory: Memory
}

type Existing = ReadonlyMap<string, ToolMembers>

/**
 * Merges what an import says now with what the file has, by what the last import wrote: a member that
 * was not edited follows the document, an edited one is kept. A tool that was removed by hand stays
 * away, and a renamed one keeps its name. Tools of other documents are not touched.
 */
export function merge(
  existing: Existing,
  memory: Memory,
  converted: readonly ConvertedTool[],
  source: string,
): Merge {
  const nameOf = namesInFile(existing, memory, source)
  const changes: Change[] = []
  const added: Merge['added'][number][] = []
  const updated: Merge['updated'][number][] = []
  const kept = new Map(memory)
  const present = new Set<string>()
  for (const tool of converted) {
    const name = nameOf.get(tool.operation) ?? tool.name
    present.add(name)
    const now = existing.get(name)
    const before = memory.get(name) ?? memory.get(tool.name)
    if (now === undefined && before?.source === source && before.operation === tool.operation) {
      changes.push({ kind: 'kept', tool: name, note: 'was removed by hand' })
      continue
    }
    if (name !== tool.name) kept.delete(tool.name)
    kept.set(name, rememberedTool(tool.operation, source, tool.members))
    if (now === undefined) {
      added.push({ name, members: tool.members })
      changes.push({ kind: 'added', tool: name, note: tool.operation })
      continue
    }
    const members = mergeMembers(name, now, before, tool.members, changes)
    if (members.size > 0) updated.push({ name, members })
  }
  const removed = goneTools(existing, memory, present, source, changes)
  for (const [name, { source: from }] of memory) {
    if (from === source && !present.has(name) && (removed.includes(name) || !existing.has(name))) {
      kept.delete(name)
    }
  }
  return { changes, added, removed, updated, memory: kept }
}

/** The name in the file of each operation that was imported before, renamed ones included. */
function namesInFile(existing: Existing, memory: Memory, source: string): Map<string, string> {
  const names = new Map<string, string>()
  const strangers = [...existing].filter(([name]) => !memory.has(name))
  for (const [name, { operation, source: from, members }] of memory) {
    if (from !== source) continue
    if (existing.has(name)) names.set(operation, name)
    else {
      const renamed = strangers.find(([, tool]) => digestOf(tool['request']) === members['request'])
      if (renamed !== undefined) names.set(operation, renamed[0])
    }
  }
  return names
}

function mergeMembers(
  tool: string,
  now: ToolMembers,
  before: RememberedTool | undefined,
  next: ToolMembers,
  changes: Change[],
): Map<string, unknown> {
  const [current, wanted] = [comparedMembers(now), comparedMembers(next)]
  const members = new Map<string, unknown>()
  const names = new Set([...wanted.keys(), ...Object.keys(before?.members ?? {})])
  for (const member of names) {
    const is = current.has(member) ? digestOf(current.get(member)) : undefined
    const will = wanted.has(member) ? digestOf(wanted.get(member)) : undefined
    const written = before?.members[member]
    if (is === will) continue
    if (is === written) {
      members.set(member, wanted.get(member))
      changes.push({ kind: 'updated', tool, member })
    } else if (will !== written) {
      const note =
        before === undefined
          ? 'differs from the document, and no import has written it'
          : 'was edited by hand; the document has changed too'
      changes.push({ kind: 'kept', tool, member, note })
    } else changes.push({ kind: 'kept', tool, member, note: 'was edited by hand' })
  }
  return members
}

/** Tools of this document that it has no more, or that are no more selected. */
function goneTools(
  existing: Existing,
  memory: Memory,
  present: ReadonlySet<string>,
  source: string,
  changes: Change[],
): string[] {
  return [...memory].flatMap(([name, before]) => {
    const now = existing.get(name)
    if (before.source !== source || present.has(name) || now === undefined) return []
    const isEdited =
      [...comparedMembers(now)].some(([key, value]) => before.members[key] !== digestOf(value)) ||
      Object.keys(before.members).some((key) => !comparedMembers(now).has(key))
    if (isEdited) {
      const note = 'is not in the selection of the document any more, and was edited by hand'
      changes.push({ kind: 'kept', tool: name, note })
      return []
    }
    changes.push({ kind: 'removed', tool: name, note: before.operation })
    return [name]
  })
}
