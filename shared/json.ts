import { isUtf8 } from 'node:buffer'
import {
  QUOTE,
  OPEN_BRACKET,
  BACKSLASH,
  CLOSE_BRACKET,
  OPEN_BRACE,
  CLOSE_BRACE,
} from './json/characters.ts'
import { countUpTo } from './json/count.ts'
import { JsonLimitError, MAX_DEPTH, type Parsed, readingJson } from './json/json-reader.ts'
import { hasEscapedName } from './json/json-string.ts'
import { atOnce } from './json/turns.ts'

declare global {
  // Optional, because Node 20 does not have it.
  interface JSON {
    readonly isRawJSON?: (value: unknown) => boolean
  }
}

/** Returns the bytes after a byte order mark in UTF-8. */
export function withoutByteOrderMark(bytes: Buffer): Buffer {
  const isMarked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return isMarked ? bytes.subarray(3) : bytes
}

/** Decodes UTF-8. Returns undefined for invalid bytes instead of replacing them. */
export function decodeUtf8(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString() : undefined
}

/**
 * Parses JSON (RFC 8259) from text or UTF-8 bytes. Returns undefined if it is not JSON or is nested more
 * than 256 levels deep.
 */
export function parseJson(given: string | Buffer): Parsed | undefined {
  const text = typeof given === 'string' ? given : decodeUtf8(given)
  return text === undefined || isTooDeep(text) ? undefined : parseJsonOfAnyDepth(text)
}

/**
 * Parses JSON of any depth. A recursive function may overflow the stack on the value. Returns undefined
 * if it is not JSON, or if a name has an escape and the JSON exceeds a limit of `readingJson`.
 */
export function parseJsonOfAnyDepth(text: string): Parsed | undefined {
  if (!hasEscapedName(text)) return parseByEngine(text)
  try {
    return atOnce(readingJson(text))
  } catch (error) {
    if (error instanceof JsonLimitError) return undefined
    throw error
  }
}

/**
 * Parses JSON whose names have no escapes. V8 12.8 and later can read an escaped name as another one
 * that an earlier text contained (https://github.com/nodejs/node/issues/63785).
 */
export function parseByEngine(text: string): Parsed | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** Returns whether the value is a number that is kept as written, which is a `JSON.rawJSON` object. */
export function isRaw(value: unknown): boolean {
  return JSON.isRawJSON?.(value) === true
}

/** Returns the value if it is an object and neither an array nor a raw number; otherwise undefined. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && !isRaw(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined
}

/** Returns whether JSON is nested more than 256 levels deep. The result for other text does not matter. */
export function isTooDeep(text: string): boolean {
  // Text with few brackets cannot nest deeply, and counting them is a hundred times as fast.
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

/** Returns the index of the quote that ends the string at `start`, or the length of the text. */
function endOfString(text: string, start: number): number {
  for (let end = start; ; ) {
    end = text.indexOf('"', end + 1)
    if (end === -1) return text.length
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end
  }
}
