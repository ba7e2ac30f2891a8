import { isUtf8 } from 'node:buffer'
import { countUpTo } from './json/count.ts'

declare global {
  // Optional, because Node 20 does not have it.
  interface JSON {
    readonly isRawJSON?: (value: unknown) => boolean
  }
}

/** A parsed value. It is wrapped, because undefined stands for text that is not JSON. */
export interface Parsed {
  readonly value: unknown
}

/** Decodes UTF-8. Returns undefined for invalid bytes instead of replacing them. */
export function decodeUtf8(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString() : undefined
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

// RFC 8259 s9 allows a limit. A recursive function could overflow the stack on deeper values.
const MAX_DEPTH = 256
/** The engine needs about 60 bytes for each array, so the text of more is checked before it is parsed. */
const MAX_PARSED_FIRST = 10_000

/**
 * Parses JSON (RFC 8259) from text or UTF-8 bytes. Returns undefined if it is not JSON or is nested more
 * than 256 levels deep.
 */
export function parseJson(given: string | Buffer): Parsed | undefined {
  const text = typeof given === 'string' ? given : decodeUtf8(given)
  if (text === undefined) return undefined
  // Text with few brackets cannot nest deeply.
  const brackets = countUpTo(MAX_PARSED_FIRST, text, '{') + countUpTo(MAX_PARSED_FIRST, text, '[')
  if (brackets > MAX_PARSED_FIRST && isTextTooDeep(text)) return undefined
  const parsed = parseJsonOfAnyDepth(text)
  return brackets > MAX_DEPTH && isDeeper(parsed?.value, MAX_DEPTH) ? undefined : parsed
}

/** Parses JSON of any depth. A recursive function may overflow the stack on the value. */
export function parseJsonOfAnyDepth(text: string): Parsed | undefined {
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

/**
 * Returns whether parsed JSON nests more than `levels` objects and arrays. Loops over names, because
 * `Object.values` takes ten times as long.
 */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  if (Array.isArray(value)) {
    for (const item of value) if (isDeeper(item, levels - 1)) return true
    return false
  }
  const members = value as Readonly<Record<string, unknown>>
  for (const name in members) if (isDeeper(members[name], levels - 1)) return true
  return false
}

/** Returns whether JSON is nested too deeply. The result for other text does not matter. */
function isTextTooDeep(text: string): boolean {
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
