import { JsonLimitError } from '../../../shared/json/json-reader.ts'
import { isLong } from '../../../shared/json/long-work.ts'
import { readingKept, readingPlain } from '../../../shared/json/written-numbers.ts'
import { decodeUtf8, parseJson } from '../../../shared/json.ts'
import type { BackendResponse } from './send.ts'

/** A body that is JSON. */
export interface JsonBody {
  readonly kind: 'json'
  readonly value: unknown
  /** The same with its numbers as they are written; the same one where JavaScript writes them so. */
  readonly kept: unknown
  /** What the value was read from. */
  readonly text: string
}

/** What a body is, or why it cannot be read. */
export type Body =
  | JsonBody
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly reason: string }

const JSON_TYPE = /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i
/** Types under which frameworks send JSON by default, or no type. */
const UNSURE_TYPE = /^(|text\/html|text\/(x-)?json|application\/octet-stream)\s*(;|$)/i
const JSON_LINES_TYPE = /^application\/(x-)?(ndjson|jsonl|jsonlines|json-lines)\s*(;|$)/i
const TEXT_TYPE = /^text\/(?!html\b)/i
const PLAIN_TYPE = /^text\/plain\s*(;|$)/i
// Numbers that JSON does not have but Python's json.dumps writes.
const NOT_A_NUMBER = /(?<=[[,:\s]|^)(?:NaN|-?Infinity)(?=[\],}\s]|$)/
const ALL_NOT_NUMBERS = new RegExp(NOT_A_NUMBER, 'g')
/** Where what is only guessed to be JSON must have begun. */
const MAX_HEAD_CHARACTERS = 1_000
const LINES_PER_TURN = 500
const MAX_LINES = 100_000

/**
 * Reads the body of a backend's answer in turns, by its type. JSON objects and lists are also read under
 * `text/html`, `application/octet-stream` and no type, JSON Lines as a list, objects under `text/plain`
 * (lists too when `isStructured`, where text would be refused); other HTML is the page of something in
 * between, never a tool's answer. A byte order mark is passed over.
 *
 * @throws JsonLimitError when JSON has too many parts.
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
  const text = decodeUtf8(answer.body)?.replace(/^\ufeff/, '')
  if (text === undefined) return unreadable('backend_not_utf8')
  yield
  if (JSON_TYPE.test(contentType)) return yield* readingJsonBody(text)
  if (JSON_LINES_TYPE.test(contentType)) return yield* readingJsonLines(text)
  const isRead = UNSURE_TYPE.test(contentType) || (PLAIN_TYPE.test(contentType) && isStructured)
  const start = isRead ? /^\s*[[{]/ : /^\s*\{/
  const head = text.slice(0, MAX_HEAD_CHARACTERS)
  if ((isRead || PLAIN_TYPE.test(contentType)) && start.test(head)) {
    const body = yield* parsing(text)
    if (body !== undefined) return body
  }
  return TEXT_TYPE.test(contentType) ? { kind: 'text', text } : unreadable('backend_content_type')
}

/** The same work, with JSON of too many parts as an unreadable body. */
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

/** Reads JSON in turns; undefined when the text is not JSON. */
export function* parsing(text: string): Generator<undefined, JsonBody | undefined> {
  const read = yield* readingKept(text)
  if (read === undefined) return undefined
  const value = read.isPlain ? read.value : yield* readingPlain(text)
  return { kind: 'json', text, value, kept: read.value }
}

function* readingJsonBody(text: string): Generator<undefined, Body> {
  const body = yield* parsing(text)
  return body ?? unreadable(hasNoNumber(text) ? 'backend_json_nan' : 'backend_not_json')
}

/** One value is itself; more of them, one on a line, are a list. */
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

/** Whether these would be JSON but for NaN and Infinity; for long texts whether they have them. */
function hasNoNumber(text: string): boolean {
  if (isLong(text.length)) return NOT_A_NUMBER.test(text)
  const mended = text.replace(ALL_NOT_NUMBERS, '0')
  return mended !== text && parseJson(mended) !== undefined
}

function unreadable(reason: string): Body {
  return { kind: 'unreadable', reason }
}
