import {
  QUOTE,
  PLUS,
  COMMA,
  MINUS,
  DOT,
  ZERO,
  NINE,
  COLON,
  OPEN_BRACKET,
  BACKSLASH,
  CLOSE_BRACKET,
  OPEN_BRACE,
  CLOSE_BRACE,
} from './characters.ts'

/** A part of a text: the byte at `start` up to the byte before `end`. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Facts about a JSON text. They mean nothing if the text is not JSON. */
export interface JsonScan {
  /** How many objects and arrays are nested at most. */
  readonly depth: number
  /** The number of objects and arrays. */
  readonly containers: number
  /** The number of names and strings. */
  readonly strings: number
  /** The strings of over 4 KiB with their quotation marks, names included. */
  readonly longStrings: readonly Span[]
  /**
   * Whether JavaScript may write a number differently: -0, a fraction with a trailing zero, an
   * exponent, a small number, or many digits.
   */
  readonly mayDiffer: boolean
  /** Whether a name has an escape, or over 128 bytes. */
  readonly hasEscapedName: boolean
  /** The value at the path with the whitespace around it; undefined if there is none. */
  readonly member: Span | undefined
}

/** The names of the members that lead to a value; empty for the whole text. */
export type Path = readonly string[]

const MIN_LONG_BYTES = 4 * 1024
/** Beyond this length, a search takes less time than a loop. */
const MAX_LOOPED_BYTES = 128
/** A double holds this many digits exactly. */
const MAX_PLAIN_CHARACTERS = 15
const SMALL = Buffer.from('0.000000')
const BYTES_PER_TURN = 256 * 1024

interface State {
  at: number
  level: number
  depth: number
  containers: number
  strings: number
  mayDiffer: boolean
  /** Whether the last string has an escape or over 128 bytes. */
  isEscaped: boolean
  hasEscapedName: boolean
  /** How many names of the path lead to the current value. */
  matched: number
  /** The last string at a level of the path, which is a name if a colon follows. */
  nameStart: number
  nameEnd: number
  memberStart: number
  memberEnd: number
}

/**
 * Scans the bytes of a JSON text in turns, and finds its value at the path. Does not check that the text
 * is JSON. Takes a third of the time of the engine's parser.
 */
export function* scanningJson(json: Buffer, path: Path): Generator<undefined, JsonScan> {
  const names = path.map((name) => Buffer.from(name))
  const longStrings: Span[] = []
  const state: State = {
    at: 0,
    level: 0,
    depth: 0,
    containers: 0,
    strings: 0,
    mayDiffer: false,
    isEscaped: false,
    hasEscapedName: false,
    matched: 0,
    nameStart: 0,
    nameEnd: 0,
    memberStart: -1,
    memberEnd: -1,
  }
  while (state.at < json.length) {
    scanPart(json, Math.min(json.length, state.at + BYTES_PER_TURN), names, state, longStrings)
    yield
  }
  const { depth, containers, strings, mayDiffer, hasEscapedName } = state
  const { memberStart, memberEnd } = state
  const whole = { start: 0, end: json.length }
  const inner = memberEnd < 0 ? undefined : { start: memberStart, end: memberEnd }
  const member = path.length === 0 ? whole : inner
  return { depth, containers, strings, longStrings, mayDiffer, hasEscapedName, member }
}

/** Scans at least up to `until`, and the last string or number to its end. */
function scanPart(
  json: Buffer,
  until: number,
  names: readonly Buffer[],
  state: State,
  longStrings: Span[],
): void {
  let { at, level, containers, strings } = state
  while (at < until) {
    const byte = json[at] ?? 0
    if (byte === QUOTE) {
      state.isEscaped = false
      const end = endOfString(json, at, state)
      strings++
      if (end - at > MIN_LONG_BYTES + 2) longStrings.push({ start: at, end })
      if (level <= names.length) {
        state.nameStart = at + 1
        state.nameEnd = end - 1
      }
      at = end
    } else if (byte === MINUS || (byte >= ZERO && byte <= NINE)) {
      at = endOfNumber(json, at, state)
    } else {
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        containers++
        level++
        if (level > state.depth) state.depth = level
      } else if (byte === COLON && state.isEscaped) {
        state.hasEscapedName = true
      } else if (level <= names.length) {
        readMark(byte, at, level, json, names, state)
      }
      if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) level--
      at++
    }
  }
  state.at = at
  state.level = level
  state.containers = containers
  state.strings = strings
}

/** Reads a colon, a comma or the end of an object on the path. */
function readMark(
  byte: number,
  at: number,
  level: number,
  json: Buffer,
  names: readonly Buffer[],
  state: State,
): void {
  const name = names[state.matched]
  if (byte === COLON) {
    if (level !== state.matched + 1 || name === undefined) return
    if (name.compare(json, state.nameStart, state.nameEnd) !== 0) return
    state.matched++
    if (state.matched === names.length) state.memberStart = at + 1
  } else if (byte === COMMA || byte === CLOSE_BRACE) {
    if (state.matched === names.length && level === names.length) state.memberEnd = at
    if (state.matched >= level) state.matched = level - 1
  }
}

/** Returns the position after the string that starts at `start`. */
function endOfString(json: Buffer, start: number, state: State): number {
  const loopEnd = Math.min(json.length, start + MAX_LOOPED_BYTES)
  let at = start + 1
  for (; at < loopEnd; at++) {
    const byte = json[at]
    if (byte === QUOTE) return at + 1
    if (byte === BACKSLASH) {
      state.isEscaped = true
      at++
    }
  }
  state.isEscaped = true
  for (let end = json.indexOf(QUOTE, at); end !== -1; end = json.indexOf(QUOTE, end + 1)) {
    if (!isEscaped(json, end, at)) return end + 1
  }
  return json.length
}

/** Returns whether an odd number of backslashes precedes `at`. Looks no further back than `start`. */
function isEscaped(json: Buffer, at: number, start: number): boolean {
  let before = at
  while (before > start && json[before - 1] === BACKSLASH) before--
  return (at - before) % 2 === 1
}

/** Returns the position after the number that starts at `start`. */
function endOfNumber(json: Buffer, start: number, state: State): number {
  const first = json[start] === MINUS ? start + 1 : start
  let at = first
  let hasDot = false
  let hasExponent = false
  for (; ; at++) {
    const byte = json[at] ?? 0
    if (byte >= ZERO && byte <= NINE) continue
    if (byte === DOT) hasDot = true
    // An e or E, and the sign of the exponent.
    else if (byte === 0x65 || byte === 0x45) hasExponent = true
    else if (byte !== MINUS && byte !== PLUS) break
  }
  const isNegativeZero = first > start && at === first + 1 && json[first] === ZERO
  const isLonger = hasDot && (json[at - 1] === ZERO || isSmall(json, first))
  if (hasExponent || isNegativeZero || isLonger || at - first > MAX_PLAIN_CHARACTERS) {
    state.mayDiffer = true
  }
  return at
}

/** Returns whether the number starts with six zeros after the dot. JavaScript writes it with an exponent. */
function isSmall(json: Buffer, start: number): boolean {
  const end = start + SMALL.length
  return json[start] === ZERO && end <= json.length && SMALL.compare(json, start, end) === 0
}
