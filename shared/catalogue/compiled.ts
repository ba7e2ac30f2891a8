import { createHash } from 'node:crypto'
import { asObject, parseJsonOfAnyDepth } from '../json.ts'

/** The part of the catalogue that a function needs: all of it, or only names and access. */
export type CompiledPart = 'whole' | 'access'

// The version changes with the format, so that no version of the system trusts the build of another.
const MARK = 'checked-catalogue/2'
const HEAD = new RegExp(`^\\{"${MARK}":"([0-9a-f]{64})","catalogue":`)

/** Writes a checked value with its digest, for `readCompiled`. */
export function writeCompiled(value: unknown): string {
  const text = JSON.stringify(value)
  return `{"${MARK}":"${digest(text)}","catalogue":${text}}`
}

/**
 * Returns the value of a text that `writeCompiled` wrote; undefined for any other text, and for a text
 * that was changed since. The digest detects accidental edits. It does not protect against an attacker.
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
