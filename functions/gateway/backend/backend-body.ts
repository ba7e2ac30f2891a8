import { JsonLimitError } from '../../../shared/json/json-reader.ts'
import { isLong } from '../../../shared/json/long-work.ts'
import {
  readingKept,
  readingKeptBytes,
  readingPlain,
} from '../../../shared/json/written-numbers.ts'
import { decodeUtf8, parseJson, withoutByteOrderMark } from '../../../shared/json.ts'
import type { BackendResponse } from './send.ts'

/** A body that is JSON. */
export interface JsonBody {
  readonly kind: 'json'
  readonly value: unknown
  /**
   * The value with its numbers as they were written; `value` itself if JavaScript writes them in
   * the same way.
   */
  readonly kept: unknown
  /** The JSON text of the value, or its bytes in UTF-8. */
  readonly text: string | Buffer
}

/** The content of a response body, or the reason why it cannot be read. */
export type Body =
  | JsonBody
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly reason: string }

const JSON_TYPE = /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i
/** Types with which frameworks send JSON by default, or no type. */
const AMBIGUOUS_TYPE = /^(|text\/html|text\/(x-)?json|application\/octet-stream)\s*(;|$)/i
const JSON_LINES_TYPE = /^application\/(x-)?(ndjson|jsonl|jsonlines|json-lines)\s*(;|$)/i
const TEXT_TYPE = /^text\/(?!html\b)/i
const PLAIN_TYPE = /^text\/plain\s*(;|$)/i
// Not valid in JSON, but written by json.dumps of Python.
const NON_FINITE = /(?<=[[,:\s]|^)(?:NaN|-?Infinity)(?=[\],}\s]|$)/
const ALL_NON_FINITE = new RegExp(NON_FINITE, 'g')
/** If the type is ambiguous, JSON must start within this many characters. */
const MAX_HEAD_CHARACTERS = 1_000
const LINES_PER_TURN = 500
const MAX_LINES = 100_000

/**
 * Reads the body of a backend response in turns, depending on its type. JSON objects and arrays are
 * also read under `text/html`, `application/octet-stream` and no type, and objects under
 * `text/plain` (arrays too if `isStructured`, where text would be refused). JSON Lines become an
 * array. Other HTML is refused, because it comes from an intermediary and not from the tool. A byte
 * order mark is skipped.
 *
 * @throws JsonLimitError if the JSON has too many parts.
 */
export function* readingBody(
  answer: BackendResponse,
  isStructured: boolean,
): Generator<undefined, Body> {
  const { contentType, contentEncoding } = answer
  if (contentEncoding !== undefined && contentEncoding !== 'identity') {
    return unreadable('backend_content_encoding')
  }
  if (answer.body.length === 0) return { kind: 'text', text: '' }
  const bytes = withoutByteOrderMark(answer.body)
  if (JSON_TYPE.test(contentType)) return yield* readingJsonBody(bytes)
  const text = decodeUtf8(bytes)
  if (text === undefined) return unreadable('backend_not_utf8')
  yield
  if (JSON_LINES_TYPE.test(contentType)) return yield* readingJsonLines(text)
  const mayBeJson =
    AMBIGUOUS_TYPE.test(contentType) || (PLAIN_TYPE.test(contentType) && isStructured)
  const start = mayBeJson ? /^\s*[[{]/ : /^\s*\{/
  const head = text.slice(0, MAX_HEAD_CHARACTERS)
  if ((mayBeJson || PLAIN_TYPE.test(contentType)) && start.test(head)) {
    const body = yield* parsing(text)
    if (body !== undefined) return body
  }
  return TEXT_TYPE.test(contentType) ? { kind: 'text', text } : unreadable('backend_content_type')
}

/** Runs `reading`, and returns an unreadable body if the JSON has too many parts. */
export function* readingOrNot<Read>(
  reading: Generator<undefined, Read>,
): Generator<undefined, Read | { readonly kind: 'unreadable'; readonly reason: string }> {
  try {
    return yield* reading
  } catch (error) {
    if (!(error instanceof JsonLimitError)) throw error
    return { kind: 'unreadable', reason: 'backend_json_limit' }
  }
}

/** Reads JSON in turns; undefined if it is not JSON. */
export function* parsing(text: string | Buffer): Generator<undefined, JsonBody | undefined> {
  const read = yield* typeof text === 'string' ? readingKept(text) : readingKeptBytes(text)
  if (read === undefined) return undefined
  const value = read.isPlain ? read.value : yield* readingPlain(text.toString())
  return { kind: 'json', text, value, kept: read.value }
}

function* readingJsonBody(bytes: Buffer): Generator<undefined, Body> {
  const body = yield* parsing(bytes)
  if (body !== undefined) return body
  const text = decodeUtf8(bytes)
  if (text === undefined) return unreadable('backend_not_utf8')
  return unreadable(hasNonFiniteNumbers(text) ? 'backend_json_nan' : 'backend_not_json')
}

/** Reads a single value as itself, and one value per line as an array. */
function* readingJsonLines(text: string): Generator<undefined, Body> {
  const whole = yield* parsing(text)
  if (whole !== undefined) return whole
  const lines: string[] = []
  let count = 0
  for (const line of text.matchAll(/[^\n]+/g)) {
    if (++count % LINES_PER_TURN === 0) yield
    if (count > MAX_LINES) throw new JsonLimitError(`there are over ${MAX_LINES} lines`)
    if (line[0].trim() === '') continue
    if ((yield* parsing(line[0])) === undefined) return unreadable('backend_not_json')
    lines.push(line[0])
  }
  return (yield* parsing(`[${lines.join(',')}]`)) ?? unreadable('backend_not_json')
}

/**
 * Returns whether the text would be JSON without NaN and Infinity; for a long text, only whether it
 * contains them.
 */
function hasNonFiniteNumbers(text: string): boolean {
  if (isLong(text.length)) return NON_FINITE.test(text)
  const repaired = text.replace(ALL_NON_FINITE, '0')
  return repaired !== text && parseJson(repaired) !== undefined
}

function unreadable(reason: string): Body {
  return { kind: 'unreadable', reason }
}
