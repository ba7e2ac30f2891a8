import { createHash } from 'node:crypto'
import { asObject, parseJsonOfAnyDepth } from '../json.ts'

/** What a function needs of the catalogue: all of it, or names and scopes. */
export type CompiledPart = 'whole' | 'access'

// Also names the form of what follows, so that a build of one version is not trusted by another.
const MARK = 'checked-catalogue/2'
const HEAD = new RegExp(`^\\{"${MARK}":"([0-9a-f]{64})","catalogue":`)

/** Whether the text was written by `writeCompiled`, of any version; its digest is not checked. */
export function isCompiled(text: string): boolean {
  return text.startsWith('{"checked-catalogue/')
}

/** Writes a value that was checked so that `readCompiled` takes it without a check. */
export function writeCompiled(value: unknown): string {
  const text = JSON.stringify(value)
  return `{"${MARK}":"${digest(text)}","catalogue":${text}}`
}

/**
 * The value in a text that `writeCompiled` has written; undefined for any other text, also for one
 * that was changed since. It protects against edits by mistake, not against an attacker.
 */
export function readCompiled(text: string): Readonly<Record<string, unknown>> | undefined {
  const [head, written] = HEAD.exec(text.slice(0, 256)) ?? []
  if (head === undefined) return undefined
  const value = text.slice(head.length, text.trimEnd().length - 1)
  return digest(value) === written ? asObject(parseJsonOfAnyDepth(value)?.value) : undefined
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
