import { hash } from 'node:crypto'
import { writingJson } from '../../../shared/json/json-writer.ts'
import { readingKept, readingKeptBytes } from '../../../shared/json/written-numbers.ts'
import { asObject } from '../../../shared/json.ts'

/** Sorting the members of a longer text takes more than about ten milliseconds. */
const MAX_SORTED_CHARACTERS = 64 * 1024

/**
 * Returns, in turns, the SHA-256 digest (base64url) of arguments in JSON, in UTF-8 if they are long. It
 * depends on how the JSON writes numbers (1.0 is not 1) but not strings, and up to 65,536 characters
 * without whitespace not on the order of the members.
 *
 * Throws no JsonLimitError for arguments in a body that `readingKeptBytes` could read.
 */
export function* digestingArguments(json: string | Buffer): Generator<undefined, string> {
  const read = yield* typeof json === 'string' ? readingKept(json) : readingKeptBytes(json, [])
  const value = read?.value
  const text = yield* writingJson(value)
  yield
  const isSorted = text.length <= MAX_SORTED_CHARACTERS
  return hash('sha256', isSorted ? JSON.stringify(sorted(value)) : text, 'base64url')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  const members = asObject(value)
  if (members === undefined) return value
  const names = Object.keys(members).sort()
  return Object.fromEntries(names.map((name) => [name, sorted(members[name])]))
}
