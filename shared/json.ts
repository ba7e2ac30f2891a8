import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'

/** A parsed value, wrapped because `undefined` means that there is none. */
export interface Parsed {
  readonly value: unknown
}

/** The text of these bytes, or undefined when they are not UTF-8: nothing is replaced. */
export function decodeUtf8(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString() : undefined
}

// RFC 8259 s9 leaves the limit to us: deeper values overflow the stack of whatever walks them next.
const MAX_DEPTH = 256

/**
 * The JSON value (RFC 8259) in this text, or in these bytes when they are UTF-8; undefined when it is
 * not JSON, or nested more than 256 deep.
 */
export function parseJson(given: string | Buffer): Parsed | undefined {
  const text = typeof given === 'string' ? given : decodeUtf8(given)
  return text === undefined || isTooDeep(text) ? undefined : parseJsonOfAnyDepth(text)
}

/** The same for who only picks members: walking the whole value may overflow the stack. */
export function parseJsonOfAnyDepth(text: string): Parsed | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

// What looks like a whole number that a double may round, or a number beyond its range.
const LONG_NUMBER =
  /(?:^|[[,:\s])(-?\d+(?:(?<=\d{16})(?:\.\d+)?(?:e[+-]?\d+)?|(?:\.\d+)?e\+?\d{3,}))/gi

declare global {
  // TypeScript does not know these yet: https://github.com/tc39/proposal-json-parse-with-source
  interface JSON {
    readonly rawJSON: (text: string) => unknown
  }
}

/**
 * `value`, which was parsed from `text`, to be written again: whole numbers that a double would round,
 * and numbers beyond its range, are then written as they were. Not for checks: they are no numbers.
 */
export function keepNumbers<Value>(text: string, value: Value): Value {
  const places = longNumbersIn(text)
  if (places.length === 0) return value
  // A reviver would be called for every member, which takes a second for each million of them.
  const mark = randomUUID()
  const kept: unknown[] = []
  let marked = ''
  let from = 0
  for (const { index, written } of places) {
    marked += `${text.slice(from, index)}"${mark}${kept.length}"`
    kept.push(JSON.rawJSON(written))
    from = index + written.length
  }
  return replaceMarks(JSON.parse(marked + text.slice(from)), mark, kept) as Value
}

/** The numbers outside of strings that `JSON.parse` does not keep, in the order as written. */
function longNumbersIn(text: string): { readonly index: number; readonly written: string }[] {
  const found: { index: number; written: string }[] = []
  let ended = 0
  let quote: number | undefined
  for (const { 0: match, 1: written = '', index } of text.matchAll(LONG_NUMBER)) {
    const start = index + match.length - written.length
    quote ??= text.indexOf('"')
    while (quote !== -1 && quote < start) {
      ended = endOfString(text, quote)
      quote = text.indexOf('"', ended)
    }
    if (start >= ended && !isHeld(Number(written), written)) found.push({ index: start, written })
  }
  return found
}

/** Where the string that begins at `open` has ended. */
function endOfString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1)
  while (close !== -1) {
    let escapes = 0
    while (text[close - 1 - escapes] === '\\') escapes++
    if (escapes % 2 === 0) return close + 1
    close = text.indexOf('"', close + 1)
  }
  return text.length
}

function replaceMarks(value: unknown, mark: string, kept: readonly unknown[]): unknown {
  if (typeof value === 'string' && value.startsWith(mark))
    return kept[Number(value.slice(mark.length))]
  if (typeof value !== 'object' || value === null) return value
  const members = value as Record<string, unknown>
  for (const name of Object.keys(members)) {
    const member = members[name]
    if (typeof member !== 'object' && typeof member !== 'string') continue
    const replaced = replaceMarks(member, mark, kept)
    if (replaced === member) continue
    // `__proto__` is a name like any other.
    Object.defineProperty(members, name, {
      value: replaced,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return value
}

function isHeld(value: number, written: string): boolean {
  if (Number.isSafeInteger(value)) return true
  return Number.isFinite(value) && !/^-?\d+$/.test(written)
}

/** The value when it is an object, not an array. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined
}

/** What is not JSON may count as either; the parser refuses it anyway. */
function isTooDeep(text: string): boolean {
  // Few brackets cannot nest deeply, and are found a hundred times as fast as depth is measured.
  if (count(text, '{') + count(text, '[') <= MAX_DEPTH) return false
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') inString = !inString
    else if (inString) at += Number(character === '\\')
    else if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') depth--
    if (depth > MAX_DEPTH) return true
  }
  return false
}

/** How often the character occurs; counting stops when there are too many. */
function count(text: string, character: string): number {
  let found = 0
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) {
    if (++found > MAX_DEPTH) break
  }
  return found
}
