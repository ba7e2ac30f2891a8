import { isUtf8 } from 'node:buffer'
import { isTooDeep, parseByEngine, parseJson } from '../json.ts'
import { countUpTo } from './count.ts'
import { type Decimal, decimalOf, isLess, isSameDecimal, isWhole, neighbour } from './decimal.ts'
import { MAX_DEPTH, readingJson } from './json-reader.ts'
import { type JsonScan, type Path, scanningJson } from './json-scan.ts'
import { hasEscapedName } from './json-string.ts'
import { separatingStrings } from './long-strings.ts'
import { areCostly, isCostly, isLong } from './long-work.ts'

/** A number that cannot be checked. `message` names its place (JSON Pointer), not its value. */
export class NumberError extends Error {
  override readonly name = 'NumberError'

  constructor(place: string, why = 'is too long or too large to be checked') {
    super(`the number at ${place || 'the root'} ${why}`)
  }
}

declare global {
  // TypeScript does not know this yet: https://github.com/tc39/proposal-json-parse-with-source
  interface JSON {
    readonly rawJSON: (text: string) => unknown
  }
}

const MAX_WHOLE_DIGITS = 1_000
/** More of them would block other calls too long. */
const MAX_ROUNDED = 20_000

// Matches numbers that JavaScript may write differently: -0, a fraction with a trailing zero, an
// exponent, a small number, or many digits. A match inside a string costs time but does no harm.
const MAY_DIFFER =
  /(?:^|[[,:\s])-?(?:0(?:\.0{6}|(?<=-0)(?![\d.]))|\d+\.\d*0(?!\d)|\d[\d.]*[eE]|\d[\d.]{15})/

const COUNTS_PER_TURN = 5_000
const MIN_SPLIT_CHARACTERS = 4 * 1024
const MAX_SPLIT_QUOTES = 512

/** Matches a fraction that JavaScript writes in the same way if it has few digits. */
const IS_SHORTEST = /^-?(?:[1-9]\d*|0)\.(?!0{6})\d*[1-9]$/

/**
 * The value of a JSON text whose numbers are written as in the text. A number that JavaScript would write
 * differently is an object of `JSON.rawJSON`.
 */
export interface Kept {
  readonly value: unknown
  /** Whether every number is a JavaScript number, so that the value can also be validated. */
  readonly isPlain: boolean
}

/** The value of a body and the bytes of a part of it. */
export interface KeptBytes extends Kept {
  /**
   * The bytes of the value at the path. Only if the body is long, its numbers are plain and no object has
   * two members of the same name, so that each reader reads the same value.
   */
  readonly verbatim: Buffer | undefined
}

/**
 * Does the same as `readingKept` for bytes. Reads long strings separately, and finds the bytes of the value
 * at the path, if one is given. Returns undefined if the bytes are not JSON in UTF-8.
 *
 * @throws JsonLimitError as `readingJson` does.
 */
export function* readingKeptBytes(
  json: Buffer,
  path?: Path,
): Generator<undefined, KeptBytes | undefined> {
  if (!isUtf8(json)) return undefined
  if (!isLong(json.length)) {
    const read = yield* readingKept(json.toString())
    return read && { value: read.value, isPlain: read.isPlain, verbatim: undefined }
  }
  const scan = yield* scanningJson(json, path ?? [])
  if (scan.depth > MAX_DEPTH) return undefined
  const read = (yield* readingSeparated(json, scan)) ?? (yield* readingScanned(json, scan))
  if (read === undefined) return undefined
  const { value, isPlain } = read
  const member = path && scan.member
  const isVerbatim =
    isPlain && member !== undefined && (yield* countingStrings(value)) === scan.strings
  const verbatim = isVerbatim ? json.subarray(member.start, member.end) : undefined
  // A part of the bytes would keep all of them in memory.
  const isSmall = verbatim !== undefined && verbatim.length < json.length / 2
  return { value, isPlain, verbatim: isSmall ? Buffer.from(verbatim) : verbatim }
}

/** Returns undefined if there are no long strings, if the rest is long itself, or if it is not JSON. */
function* readingSeparated(
  json: Buffer,
  { longStrings }: JsonScan,
): Generator<undefined, Kept | undefined> {
  const restBytes = longStrings.reduce(
    (bytes, { start, end }) => bytes - (end - start),
    json.length,
  )
  if (isLong(restBytes)) return undefined
  const separated = yield* separatingStrings(json, longStrings)
  if (separated === undefined) return undefined
  const read = yield* readingKept(separated.rest)
  const whole = read && separated.putBack(read.value)
  return whole && { value: whole.value, isPlain: read.isPlain }
}

function* readingScanned(
  json: Buffer,
  { containers, mayDiffer, hasEscapedName }: JsonScan,
): Generator<undefined, Kept | undefined> {
  const text = json.toString()
  const isSimple = !(mayDiffer || hasEscapedName || areCostly(text.length, containers))
  if (!isSimple) return yield* readingWritten(text)
  const parsed = parseByEngine(text)
  return parsed && { value: parsed.value, isPlain: true }
}

/** Returns, in turns, the number of names and strings in a parsed value. */
function* countingStrings(value: unknown): Generator<undefined, number> {
  const containers: object[] = []
  let count = 0
  let steps = 0
  const add = (member: unknown) => {
    steps++
    if (typeof member === 'string') count++
    else if (typeof member === 'object' && member !== null) containers.push(member)
  }
  add(value)
  for (const container of containers) {
    if (Array.isArray(container)) for (const item of container) add(item)
    else {
      const names = Object.keys(container)
      count += names.length
      const members = container as Readonly<Record<string, unknown>>
      for (const name of names) add(members[name])
    }
    if (steps < COUNTS_PER_TURN) continue
    steps = 0
    yield
  }
  return count
}

/**
 * Reads JSON in turns, as `readingJson` does, and keeps its numbers as written. Returns undefined if the
 * text is not JSON.
 *
 * @throws JsonLimitError as `readingJson` does.
 */
export function* readingKept(text: string): Generator<undefined, Kept | undefined> {
  if (!isCostly(text) && !hasEscapedName(text)) {
    const parsed = isTooDeep(text) ? undefined : parseByEngine(text)
    if (parsed === undefined) return undefined
    if (!mayDiffer(text)) return { value: parsed.value, isPlain: true }
    yield
  }
  return yield* readingWritten(text)
}

function* readingWritten(text: string): Generator<undefined, Kept | undefined> {
  let isPlain = true
  const parsed = yield* readingJson(text, (written) => {
    const number = Number(written)
    if (isShort(written) && IS_SHORTEST.test(written)) return number
    if (String(number) === written) return number
    isPlain = false
    return JSON.rawJSON(written)
  })
  return parsed && { value: parsed.value, isPlain }
}

/**
 * Reads the value of a JSON text in turns, with JavaScript numbers.
 *
 * @throws JsonLimitError as `readingJson` does.
 */
export function* readingPlain(text: string): Generator<undefined, unknown> {
  return (isCostly(text) ? yield* readingJson(text) : parseJson(text))?.value
}

/**
 * Returns the values to validate for `value`, which was parsed from `text`; usually `value` itself. Reads
 * in turns. A whole number that a double would round is a bigint. Any other number that a double would
 * round is the next lower double in the first value and the next higher one in the second.
 *
 * @throws NumberError for a whole number of more than 1,000 digits and for a fraction beyond the range of
 * a double; JsonLimitError as `readingJson` does.
 */
export function* readingValuesToCheck(
  text: string,
  value: unknown,
): Generator<undefined, readonly unknown[]> {
  let rounded = 0
  let isBetween = false
  const reading = (isUpper: boolean) => {
    rounded = 0
    return readingJson(text, (written, place) => {
      const number = Number(written)
      if (isShort(written) || String(number) === written) return number
      const decimal = decimalOf(written)
      const held = Number.isFinite(number) ? decimalOf(String(number)) : undefined
      if (held !== undefined && isSameDecimal(decimal, held)) return number
      if (++rounded > MAX_ROUNDED) throw new NumberError(place(), 'is one of too many long numbers')
      if (isWhole(decimal)) return wholeNumber(decimal, place)
      if (held === undefined) throw new NumberError(place())
      isBetween = true
      return isLess(held, decimal) === isUpper ? finite(neighbour(number, isUpper), place) : number
    })
  }
  const lower = yield* reading(false)
  if (rounded === 0) return [value]
  if (!isBetween) return [lower?.value]
  return [lower?.value, (yield* reading(true))?.value]
}

/** Tests `MAY_DIFFER`. Skips strings if they are few and long. */
function mayDiffer(text: string): boolean {
  const isSplit = text.length > MIN_SPLIT_CHARACTERS && !text.includes('\\')
  if (!isSplit || countUpTo(MAX_SPLIT_QUOTES, text, '"') > MAX_SPLIT_QUOTES) {
    return MAY_DIFFER.test(text)
  }
  // Without escapes, every second quote ends a string.
  return text.split('"').some((piece, at) => at % 2 === 0 && MAY_DIFFER.test(piece))
}

/** Returns whether the number has at most 15 digits, which a double holds exactly. */
function isShort(written: string): boolean {
  return written.length <= 15 && !/[eE]/.test(written)
}

function finite(number: number, place: () => string): number {
  if (!Number.isFinite(number)) throw new NumberError(place())
  return number
}

function wholeNumber({ isNegative, digits, point }: Decimal, place: () => string): bigint {
  if (point > MAX_WHOLE_DIGITS) throw new NumberError(place())
  const size = BigInt(digits.padEnd(point, '0'))
  return isNegative ? -size : size
}
