import { MAX_BODY_BYTES } from '../../shared/http/request-body.ts'
import { type Parsed, parseJsonOfAnyDepth } from '../../shared/json.ts'

const TAB = 0x09
const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** One value of a delivery; `parsed` is undefined when it cannot be read. */
export interface DeliveryValue {
  readonly parsed: Parsed | undefined
  /** Where it ends in the delivery, in bytes. */
  readonly end: number
}

const unreadable: DeliveryValue = { parsed: undefined, end: 0 }

/** No record is longer: what is, is not parsed. */
const MAX_RECORD_BYTES = MAX_BODY_BYTES

/**
 * The values of a delivery, one at a time, so that the tree of one record is in memory, not the tree of
 * thousands: the items of a JSON array, else the one JSON value, else the values of JSON Lines. A
 * value that cannot be read means that the delivery has another format, or a record of over 1 MiB.
 * `bytes` must be UTF-8, which is not checked.
 */
export function* valuesOfDelivery(bytes: Buffer): Generator<DeliveryValue> {
  const start = skipBlanks(bytes, 0)
  if (bytes[start] === OPEN_BRACKET) yield* itemsOfArray(bytes, start + 1)
  else if (hasMoreLines(bytes, start)) yield* valuesOfLines(bytes)
  else yield readSlice(bytes, start, bytes.length)
}

function* itemsOfArray(bytes: Buffer, start: number): Generator<DeliveryValue> {
  let at = skipBlanks(bytes, start)
  while (bytes[at] !== CLOSE_BRACKET) {
    const end = endOfValue(bytes, at)
    yield readSlice(bytes, at, end)
    at = skipBlanks(bytes, end)
    if (bytes[at] === CLOSE_BRACKET) break
    // A comma needs another item; anything else ends what could be an array.
    if (bytes[at] !== COMMA) return yield unreadable
    at = skipBlanks(bytes, at + 1)
    if (bytes[at] === CLOSE_BRACKET) return yield unreadable
  }
  if (skipBlanks(bytes, at + 1) < bytes.length) yield unreadable
}

/** Whether the first line is JSON and another follows: one value may have several lines too. */
function hasMoreLines(bytes: Buffer, start: number): boolean {
  const end = bytes.indexOf(NEWLINE, start)
  if (end === -1 || skipBlanks(bytes, end) >= bytes.length) return false
  return readSlice(bytes, start, end).parsed !== undefined
}

function* valuesOfLines(bytes: Buffer): Generator<DeliveryValue> {
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(NEWLINE, start)
    const end = found === -1 ? bytes.length : found
    if (skipBlanks(bytes, start) < end) yield readSlice(bytes, start, end)
    start = end + 1
  }
}

function readSlice(bytes: Buffer, start: number, end: number): DeliveryValue {
  const isRead = end - start <= MAX_RECORD_BYTES
  const parsed = isRead ? parseJsonOfAnyDepth(bytes.toString('utf8', start, end)) : undefined
  return { parsed, end }
}

/** The end of the value that begins here, if it is JSON; its parser finds out whether it is. */
function endOfValue(bytes: Buffer, start: number): number {
  let depth = 0
  let inString = false
  let at = start
  for (; at < bytes.length; at++) {
    const byte = bytes[at]
    if (inString) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === 0) return at
      if (--depth === 0) return at + 1
    } else if (byte === COMMA && depth === 0) return at
  }
  return at
}

function skipBlanks(bytes: Buffer, start: number): number {
  let at = start
  while (at < bytes.length && isBlank(bytes[at])) at++
  return at
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB
}
