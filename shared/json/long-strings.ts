import { randomUUID } from 'node:crypto'
import { isUtf8 } from 'node:buffer'
import { endOfPiece, parseString } from './json-string.ts'
import { isLong } from './long-work.ts'

/** A long string value of a JSON text. */
export interface LongString {
  /** A concatenation that the engine has not copied into one piece. */
  readonly value: string
  /** How the text writes the string, in UTF-8 with its quotation marks. A part of the text. */
  readonly json: Buffer
}

/** A JSON text whose long strings were read separately. */
export interface Separated {
  /** The text with a placeholder for each long string. */
  readonly rest: string
  readonly strings: readonly LongString[]
  /**
   * Puts the strings into the value that was parsed from `rest`. Returns undefined if one of them is
   * the name of a member.
   */
  readonly putBack: (value: unknown) => { readonly value: unknown } | undefined
}

interface Span {
  readonly start: number
  readonly end: number
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const MIN_LONG_BYTES = 4 * 1024
/** An escape has up to six bytes. */
export const MIN_LONG_CHARACTERS = Math.floor(MIN_LONG_BYTES / 6)
/** The engine maps and unmaps memory of its own for each string of more than 128 KiB. */
const PIECE_BYTES = 32 * 1024
/** Beyond this number, the text consists of many short strings, or the search takes too long. */
const MAX_QUOTES = 256

/**
 * Reads the strings of over 4 KiB in a JSON text in turns, in pieces. Returns undefined if there are
 * none, if the rest is long itself, or if a string is not JSON. Does not check the rest.
 */
export function* separatingLongStrings(json: Buffer): Generator<undefined, Separated | undefined> {
  const spans = findLongStrings(json)
  const restBytes = spans.reduce((bytes, { start, end }) => bytes - (end - start), json.length)
  if (spans.length === 0 || isLong(restBytes) || !isUtf8(json)) return undefined
  const mark = randomUUID()
  const strings: LongString[] = []
  let rest = ''
  let from = 0
  for (const { start, end } of spans) {
    const value = yield* readingPieces(json.subarray(start + 1, end - 1))
    if (value === undefined) return undefined
    rest += `${json.toString('utf8', from, start)}"${mark}${strings.length}"`
    strings.push({ value, json: json.subarray(start, end) })
    from = end
  }
  rest += json.toString('utf8', from)
  const stringAt = (text: string) =>
    text.startsWith(mark) ? strings[Number(text.slice(mark.length))]?.value : undefined
  return { rest, strings, putBack: (value) => putBack(value, stringAt) }
}

/** Returns the strings of over 4 KiB; none if the text has too many quotation marks. */
function findLongStrings(json: Buffer): readonly Span[] {
  const spans: Span[] = []
  let start: number | undefined
  let quotes = 0
  for (let at = json.indexOf(QUOTE); at !== -1; at = json.indexOf(QUOTE, at + 1)) {
    if (++quotes > MAX_QUOTES) return []
    if (start === undefined) start = at
    else if (!isEscaped(json, at, start + 1)) {
      if (at - start > MIN_LONG_BYTES + 1) spans.push({ start, end: at + 1 })
      start = undefined
    }
  }
  return spans
}

/** Reads the bytes between the quotation marks. Returns undefined if they are not JSON. */
function* readingPieces(inner: Buffer): Generator<undefined, string | undefined> {
  const isEscaped = inner.includes(BACKSLASH)
  if (hasControl(inner)) return undefined
  let value = ''
  let left = ''
  for (let from = 0; from < inner.length; ) {
    const to = startOfCharacter(inner, from + PIECE_BYTES)
    const text = inner.toString('utf8', from, to)
    if (isEscaped) {
      const whole = left + text
      const end = to < inner.length ? endOfPiece(whole, 0, whole.length) : whole.length
      const piece = parseString(`"${whole.slice(0, end)}"`)
      if (piece === undefined) return undefined
      value += piece
      left = whole.slice(end)
    } else value += text
    from = to
    yield
  }
  return value
}

/**
 * Returns whether any byte is a control character, which RFC 8259 s7 forbids in a string. Four bytes at
 * a time, which takes a quarter of the time of a regular expression or of the engine's parser.
 */
function hasControl(bytes: Buffer): boolean {
  const head = -bytes.byteOffset & 3
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + head, (bytes.length - head) >> 2)
  let found = 0
  // The highest bit of a byte is set in the difference, but not in the byte, if it is less than 0x20.
  // Not `for of`, which takes four times as long.
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? 0
    found |= (word - 0x20202020) & ~word
  }
  if ((found & 0x80808080) !== 0) return true
  const isControl = (byte: number) => byte < 0x20
  return bytes.subarray(0, head).some(isControl) || bytes.subarray(-4).some(isControl)
}

/** Returns `at`, or the start of the character that contains this byte. */
function startOfCharacter(utf8: Buffer, at: number): number {
  if (at >= utf8.length) return utf8.length
  let start = at
  // A byte of the form 10xxxxxx continues a character.
  while (((utf8[start] ?? 0) & 0xc0) === 0x80) start--
  return start
}

/** Returns whether an odd number of backslashes precedes `at`. Looks no further back than `start`. */
function isEscaped(json: Buffer, at: number, start: number): boolean {
  let before = at
  while (before > start && json[before - 1] === BACKSLASH) before--
  return (at - before) % 2 === 1
}

function putBack(
  value: unknown,
  stringAt: (text: string) => string | undefined,
): { readonly value: unknown } | undefined {
  const root = { value }
  const open: object[] = [root]
  for (const one of open) {
    for (const name of Object.keys(one)) {
      if (stringAt(name) !== undefined) return undefined
      const member: unknown = Reflect.get(one, name)
      const long = typeof member === 'string' ? stringAt(member) : undefined
      if (long !== undefined) Reflect.set(one, name, long)
      else if (typeof member === 'object' && member !== null) open.push(member)
    }
  }
  return root
}
