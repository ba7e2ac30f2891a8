import {
  TAB,
  NEWLINE,
  RETURN,
  SPACE,
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
import { isEscaped, parseString, readingLongString } from './json-string.ts'

/** A parsed value. It is wrapped, because undefined stands for text that is not JSON. */
export interface Parsed {
  readonly value: unknown
}

/** Converts the text of a number to a value; `place` returns its JSON Pointer (RFC 6901). */
export type MakeNumber = (written: string, place: () => string) => unknown

/** The JSON exceeds a limit. `message` names the limit and quotes none of the JSON. */
export class JsonLimitError extends Error {
  override readonly name = 'JsonLimitError'
}

/** An array or object whose end has not been read yet. */
interface Open {
  readonly value: unknown[] | Record<string, unknown>
  readonly isArray: boolean
  name: string
  names: number
}

/** A double holds this many digits exactly. */
const MAX_PLAIN_DIGITS = 15
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 s7 forbids these.
const CONTROL = /[\0-\x1f]/
const FAILED = Symbol('not JSON')
/** Marks a long string, which the main loop reads in turns. */
const LONG = Symbol('long string')

/** RFC 8259 s9 allows a limit. A recursive function could overflow the stack on deeper values. */
export const MAX_DEPTH = 256
/**
 * Values and names. 1 MiB of table rows has 190,000, more than a model reads or writes in one call. With
 * more of them in memory, garbage collection pauses become too long.
 */
const MAX_PARTS = 200_000
/** The engine lists and sorts the names of an object in one step: about 20 ms for this many. */
const MAX_NAMES = 20_000
const MAX_NUMBER_CHARACTERS = 10_000
const MAX_BLANKS = 64 * 1024
/** For longer strings the engine's parser takes a tenth of the time of a regular expression. */
const MAX_MATCHED_CHARACTERS = 1_000
/** Takes a few milliseconds in cold code, and less than one in warm code. */
const PARTS_PER_TURN = 1_000
const CHARACTERS_PER_TURN = 128 * 1024

/**
 * Reads JSON (RFC 8259), about a thousand values in each turn, where `JSON.parse` would block for the whole
 * text. `makeNumber` converts numbers, except whole ones of up to 15 digits. Returns undefined if the
 * text is not JSON or is nested more than 256 deep.
 *
 * @throws JsonLimitError for more than 200,000 values and names, 20,000 names in one object, or 10,000
 * characters in one number, 131,072 in a name or 65,536 blanks in a row; and what `makeNumber` throws.
 */
export function* readingJson(
  text: string,
  makeNumber: MakeNumber = Number,
): Generator<undefined, Parsed | undefined> {
  let at = 0
  let parts = 0
  let pause = PARTS_PER_TURN
  let pauseAt = CHARACTERS_PER_TURN
  const stack: Open[] = []
  const place = () =>
    stack
      .map(({ value, name }) => (Array.isArray(value) ? String(value.length) : name))
      .map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
      .join('')

  /** Returns the code of the next character that is not whitespace; NaN at the end. */
  const next = (): number => {
    const start = at
    let code = text.charCodeAt(at)
    while (code === SPACE || code === NEWLINE || code === RETURN || code === TAB) {
      code = text.charCodeAt(++at)
      if (at - start > MAX_BLANKS) throw new JsonLimitError('it has too many consecutive blanks')
    }
    return code
  }
  let startOfString = 0
  const readString = (): string | typeof LONG | undefined => {
    const start = at + 1
    startOfString = start
    let end = text.indexOf('"', start)
    while (text.charCodeAt(end - 1) === BACKSLASH && isEscaped(text, end, start)) {
      end = text.indexOf('"', end + 1)
    }
    if (end === -1) return undefined
    at = end + 1
    if (at - start > CHARACTERS_PER_TURN) return LONG
    const inner = text.slice(start, end)
    if (inner.length > MAX_MATCHED_CHARACTERS || inner.includes('\\')) {
      return parseString(text.slice(start - 1, at))
    }
    return CONTROL.test(inner) ? undefined : inner
  }
  const skipDigits = (): boolean => {
    const start = at
    while (isDigit(text.charCodeAt(at))) {
      if (++at - start > MAX_NUMBER_CHARACTERS) throw tooLong()
    }
    return at > start
  }
  const readNumber = (): unknown => {
    const start = at
    const isNegative = text.charCodeAt(at) === MINUS
    if (isNegative) at++
    const first = at
    let sum = 0
    let code = text.charCodeAt(at)
    for (; isDigit(code); code = text.charCodeAt(++at)) {
      if (at - first < MAX_PLAIN_DIGITS) sum = sum * 10 + code - ZERO
      else if (at - first > MAX_NUMBER_CHARACTERS) throw tooLong()
    }
    const digits = at - first
    if (digits === 0 || (digits > 1 && text.charCodeAt(first) === ZERO)) return FAILED
    const isFraction = code === DOT
    if (isFraction) {
      at++
      if (!skipDigits()) return FAILED
      code = text.charCodeAt(at)
    }
    // An e or E.
    const isScientific = code === 0x65 || code === 0x45
    if (isScientific) {
      code = text.charCodeAt(++at)
      if (code === MINUS || code === PLUS) at++
      if (!skipDigits()) return FAILED
    }
    const isPlain = !(isFraction || isScientific) && digits <= MAX_PLAIN_DIGITS
    if (isPlain && !isNegative) return sum
    if (isPlain && sum !== 0) return -sum
    return makeNumber(text.slice(start, at), place)
  }
  const readWord = (word: string, value: unknown): unknown => {
    if (!text.startsWith(word, at)) return FAILED
    at += word.length
    return value
  }
  const readSimple = (code: number): unknown => {
    switch (code) {
      case QUOTE:
        return readString() ?? FAILED
      case 0x74:
        return readWord('true', true)
      case 0x66:
        return readWord('false', false)
      case 0x6e:
        return readWord('null', null)
      default:
        return readNumber()
    }
  }
  /** Reads the name of the next member and its colon. */
  const readName = (open: Open): boolean => {
    if (next() !== QUOTE) return false
    const name = readString()
    if (name === LONG) throw new JsonLimitError('it has a name that is too long')
    if (name === undefined || next() !== COLON) return false
    at++
    parts++
    if (++open.names > MAX_NAMES) throw new JsonLimitError(`an object has over ${MAX_NAMES} names`)
    open.name = name
    return true
  }

  for (;;) {
    if (++parts > MAX_PARTS) throw new JsonLimitError(`it has over ${MAX_PARTS} values and names`)
    if (parts >= pause || at >= pauseAt) {
      pause = parts + PARTS_PER_TURN
      pauseAt = at + CHARACTERS_PER_TURN
      yield
    }
    let value: unknown
    const code = next()
    if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (stack.length === MAX_DEPTH) return undefined
      at++
      const isArray = code === OPEN_BRACKET
      const open: Open = { value: isArray ? [] : {}, isArray, name: '', names: 0 }
      if (next() !== closing(open)) {
        stack.push(open)
        if (!isArray && !readName(open)) return undefined
        continue
      }
      at++
      value = open.value
    } else {
      value = readSimple(code)
      if (value === LONG) value = (yield* readingLongString(text, startOfString, at - 1)) ?? FAILED
      if (value === FAILED) return undefined
    }
    for (;;) {
      const open = stack.at(-1)
      if (open === undefined) return Number.isNaN(next()) ? { value } : undefined
      put(open, value)
      const after = next()
      at++
      if (after === COMMA) {
        if (!open.isArray && !readName(open)) return undefined
        break
      }
      if (after !== closing(open)) return undefined
      stack.pop()
      value = open.value
    }
  }
}

function tooLong(): JsonLimitError {
  return new JsonLimitError(`a number has over ${MAX_NUMBER_CHARACTERS} digits`)
}

function closing({ isArray }: Open): number {
  return isArray ? CLOSE_BRACKET : CLOSE_BRACE
}

function put({ value: target, name }: Open, value: unknown): void {
  if (Array.isArray(target)) target.push(value)
  else if (name !== '__proto__') target[name] = value
  else {
    const own = { value, enumerable: true, configurable: true, writable: true }
    Object.defineProperty(target, name, own)
  }
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE
}
