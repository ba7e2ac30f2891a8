import { isUtf8 } from 'node:buffer'
import { countUpTo } from './json/count.ts'

/** A parsed value, wrapped because `undefined` means that there is none. */
export interface Parsed {
  readonly value: unknown
}

/** The text of these bytes, or undefined when they are not UTF-8: nothing is replaced. */
export function decodeUtf8(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString() : undefined
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

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

/** The value when it is an object, not an array. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined
}

/** What is not JSON may count as either; the parser refuses it anyway. */
function isTooDeep(text: string): boolean {
  // Few brackets cannot nest deeply, and are found a hundred times as fast as depth is measured.
  const brackets = countUpTo(MAX_DEPTH, text, '{') + countUpTo(MAX_DEPTH, text, '[')
  if (brackets <= MAX_DEPTH) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--
    if (depth > MAX_DEPTH) return true
  }
  return false
}

/** Where the string that begins at `start` ends: at its quote, or at the end of the text. */
function endOfString(text: string, start: number): number {
  for (let end = start; ; ) {
    end = text.indexOf('"', end + 1)
    if (end === -1) return text.length
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end
  }
}
