import { asObject } from '../../../shared/json.ts'
import type { ConvertedTool } from '../convert.ts'
import type { ToolMembers } from '../tool/to-tool.ts'
import {
  comparedMembers,
  digestOf,
  type ImportRecord,
  type RecordedTool,
  recordTool,
} from './import-record.ts'

/** One difference between the catalogue before and after the import. */
export interface Change {
  readonly kind: 'added' | 'removed' | 'updated' | 'kept'
  readonly tool: string
  /** The changed member; absent if the change concerns the whole tool. */
  readonly member?: string
  /** A note for people; for `kept`, the reason. */
  readonly note?: string
}

/** The changes to the file: for each tool the members to set (undefined = remove the member). */
export interface Merge {
  readonly changes: readonly Change[]
  readonly added: readonly { readonly name: string; readonly members: ToolMembers }[]
  readonly removed: readonly string[]
  readonly updated: readonly {
    readonly name: string
    readonly members: ReadonlyMap<string, unknown>
  }[]
  readonly record: ImportRecord
}

type Existing = ReadonlyMap<string, ToolMembers>

/**
 * Merges the imported tools into the file, based on the record of the last import. Members that were not
 * edited are updated from the document; edited ones are kept. A manually removed tool is not added again,
 * and a renamed one keeps its name, also if the document has moved. Tools of other documents and those of
 * `unresolved` operations are not changed.
 */
export function merge(
  existing: Existing,
  record: ImportRecord,
  converted: readonly ConvertedTool[],
  source: string,
  unresolved: readonly string[] = [],
): Merge {
  const nameOf = namesInFile(existing, record, converted, source)
  const changes: Change[] = []
  const added: Merge['added'][number][] = []
  const updated: Merge['updated'][number][] = []
  const kept = new Map(record)
  const present = new Set<string>()
  for (const tool of converted) {
    const name = nameOf.get(tool.operation) ?? tool.name
    present.add(name)
    const now = existing.get(name)
    const before = record.get(name) ?? record.get(tool.name)
    if (now === undefined && before !== undefined && isSameOperation(before, tool, source)) {
      changes.push({ kind: 'kept', tool: name, note: 'was removed manually' })
      continue
    }
    if (name !== tool.name) kept.delete(tool.name)
    kept.set(name, recordTool(tool.operation, source, tool.members))
    if (now === undefined) {
      added.push({ name, members: tool.members })
      changes.push({ kind: 'added', tool: name, note: tool.operation })
      continue
    }
    const members = mergeMembers(name, now, before, tool.members, changes)
    if (members.size > 0) updated.push({ name, members })
  }
  const removed = removedTools({ existing, record, present, source, unresolved }, changes)
  for (const [name, { source: from }] of record) {
    if (from === source && !present.has(name) && (removed.includes(name) || !existing.has(name))) {
      kept.delete(name)
    }
  }
  return { changes, added, removed, updated, record: kept }
}

/** Returns the current name in the file of each operation of earlier imports, including renamed ones. */
function namesInFile(
  existing: Existing,
  record: ImportRecord,
  converted: readonly ConvertedTool[],
  source: string,
): Map<string, string> {
  const names = new Map<string, string>()
  const unrecorded = [...existing].filter(([name]) => !record.has(name))
  const endpoints = new Map(converted.map((one) => [one.operation, endpointOf(one.members)]))
  for (const [name, { operation, source: from, members }] of record) {
    const renamed = existing.has(name)
      ? undefined
      : unrecorded.find(([, tool]) => digestOf(tool['request']) === members['request'])
    const current = existing.has(name) ? name : renamed?.[0]
    if (current === undefined) continue
    if (from === source) names.set(operation, current)
    else if (!names.has(operation)) {
      // The document has another name than before, or another document describes the same operation.
      const endpoint = endpointOf(existing.get(current) ?? {})
      if (endpoint !== undefined && endpoint === endpoints.get(operation)) {
        names.set(operation, current)
      }
    }
  }
  return names
}

/** Returns the method and the URL of a tool. */
function endpointOf(tool: ToolMembers): string | undefined {
  const { method, url } = asObject(tool['request']) ?? {}
  return typeof url === 'string' ? `${String(method)} ${url}` : undefined
}

function isSameOperation(before: RecordedTool, tool: ConvertedTool, source: string): boolean {
  if (before.operation !== tool.operation) return false
  return before.source === source || before.members['request'] === digestOf(tool.members['request'])
}

function mergeMembers(
  tool: string,
  now: ToolMembers,
  before: RecordedTool | undefined,
  next: ToolMembers,
  changes: Change[],
): Map<string, unknown> {
  const [current, selected] = [comparedMembers(now), comparedMembers(next)]
  const members = new Map<string, unknown>()
  const names = new Set([...selected.keys(), ...Object.keys(before?.members ?? {})])
  for (const member of names) {
    const currentDigest = current.has(member) ? digestOf(current.get(member)) : undefined
    const newDigest = selected.has(member) ? digestOf(selected.get(member)) : undefined
    const written = before?.members[member]
    if (currentDigest === newDigest) continue
    if (currentDigest === written) {
      members.set(member, selected.get(member))
      changes.push({ kind: 'updated', tool, member })
    } else if (newDigest !== written) {
      const note =
        before === undefined
          ? 'differs from the document, and was not written by an import'
          : 'was edited manually; the document has changed too'
      changes.push({ kind: 'kept', tool, member, note })
    } else changes.push({ kind: 'kept', tool, member, note: 'was edited manually' })
  }
  return members
}

interface Removal {
  readonly existing: Existing
  readonly record: ImportRecord
  readonly present: ReadonlySet<string>
  readonly source: string
  readonly unresolved: readonly string[]
}

/**
 * Returns the recorded tools of this document that it no longer contains or that are no longer selected.
 */
function removedTools(
  { existing, record, present, source, unresolved }: Removal,
  changes: Change[],
): string[] {
  return [...record].flatMap(([name, before]) => {
    const now = existing.get(name)
    if (before.source !== source || present.has(name) || now === undefined) return []
    const isEdited =
      [...comparedMembers(now)].some(([key, value]) => before.members[key] !== digestOf(value)) ||
      Object.keys(before.members).some((key) => !comparedMembers(now).has(key))
    // A path item that could not be read has no methods.
    const isUnresolved = unresolved.some(
      (label) => before.operation === label || before.operation.endsWith(` ${label}`),
    )
    if (isUnresolved || isEdited) {
      const note = isUnresolved
        ? 'a reference of its operation could not be resolved'
        : 'is no longer in the selection of the document, but was edited manually'
      changes.push({ kind: 'kept', tool: name, note })
      return []
    }
    changes.push({ kind: 'removed', tool: name, note: before.operation })
    return [name]
  })
}
