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
