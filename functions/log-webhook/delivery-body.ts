import { MAX_BODY_BYTES } from '../../shared/http/request-body.ts'
import {
  TAB,
  NEWLINE,
  RETURN,
  SPACE,
  QUOTE,
  COMMA,
  OPEN_BRACKET,
  BACKSLASH,
  CLOSE_BRACKET,
  OPEN_BRACE,
  CLOSE_BRACE,
} from '../../shared/json/characters.ts'
import type { Parsed } from '../../shared/json/json-reader.ts'
import { parseJsonOfAnyDepth } from '../../shared/json.ts'

/** One JSON value of a delivery. `parsed` is undefined if it is malformed or longer than 1 MiB. */
export interface DeliveryValue {
  readonly parsed: Parsed | undefined
  /** The offset in the delivery at which the value ends, in bytes. */
  readonly end: number
}

const unreadable: DeliveryValue = { parsed: undefined, end: 0 }

/** Longer records are not parsed. */
const MAX_RECORD_BYTES = MAX_BODY_BYTES

/**
 * Yields the values of a delivery one at a time, so that memory holds one parsed record instead of
 * thousands. The values are the items of a JSON array, the values of JSON Lines, or the one JSON
 * value. A value that cannot be parsed means that the delivery has another format or a record
 * longer than 1 MiB. `bytes` must be UTF-8, which is not checked.
 */
export function* valuesOfDelivery(bytes: Buffer): Generator<DeliveryValue> {
  const start = skipWhitespace(bytes, 0)
  if (bytes[start] === OPEN_BRACKET) yield* itemsOfArray(bytes, start + 1)
  else if (hasMoreLines(bytes, start)) yield* valuesOfLines(bytes)
  else yield readSlice(bytes, start, bytes.length)
}

function* itemsOfArray(bytes: Buffer, start: number): Generator<DeliveryValue> {
  let position = skipWhitespace(bytes, start)
  while (bytes[position] !== CLOSE_BRACKET) {
    const end = endOfValue(bytes, position)
    yield readSlice(bytes, position, end)
    position = skipWhitespace(bytes, end)
    if (bytes[position] === CLOSE_BRACKET) break
    // An item must follow a comma. Any other character is not valid in an array.
    if (bytes[position] !== COMMA) return yield unreadable
    position = skipWhitespace(bytes, position + 1)
    if (bytes[position] === CLOSE_BRACKET) return yield unreadable
  }
  if (skipWhitespace(bytes, position + 1) < bytes.length) yield unreadable
}

/**
 * Returns whether the first line is a complete JSON value and more lines follow it. One value may
 * span several lines, too.
 */
function hasMoreLines(bytes: Buffer, start: number): boolean {
  const end = bytes.indexOf(NEWLINE, start)
  if (end === -1 || skipWhitespace(bytes, end) >= bytes.length) return false
  return readSlice(bytes, start, end).parsed !== undefined
}

function* valuesOfLines(bytes: Buffer): Generator<DeliveryValue> {
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start)
    const end = newline === -1 ? bytes.length : newline
    if (skipWhitespace(bytes, start) < end) yield readSlice(bytes, start, end)
    start = end + 1
  }
}

function readSlice(bytes: Buffer, start: number, end: number): DeliveryValue {
  const isShortEnough = end - start <= MAX_RECORD_BYTES
  const parsed = isShortEnough ? parseJsonOfAnyDepth(bytes.toString('utf8', start, end)) : undefined
  return { parsed, end }
}

/** Returns where the value that starts here ends. Assumes valid JSON, which the parser checks. */
function endOfValue(bytes: Buffer, start: number): number {
  let depth = 0
  let inString = false
  let position = start
  for (; position < bytes.length; position++) {
    const byte = bytes[position]
    if (inString) {
      if (byte === BACKSLASH) position++
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === 0) return position
      if (--depth === 0) return position + 1
    } else if (byte === COMMA && depth === 0) return position
  }
  return position
}

function skipWhitespace(bytes: Buffer, start: number): number {
  let position = start
  while (position < bytes.length && isWhitespace(bytes[position])) position++
  return position
}

function isWhitespace(byte: number | undefined): boolean {
  return byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB
}
