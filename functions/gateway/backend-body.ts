import { decodeUtf8, parseJson } from '../../shared/json.ts'
import type { Answer } from './backend/send.ts'

/** What a body is, or why it cannot be read; `text` is the JSON text that `value` was read from. */
export type Body =
  | { readonly kind: 'json'; readonly value: unknown; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly reason: string }

const JSON_TYPE = /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i
/** Types under which frameworks send JSON unless they are told otherwise, or no type at all. */
const UNSURE_TYPE = /^(|text\/html|text\/(x-)?json|application\/octet-stream)\s*(;|$)/i
const JSON_LINES_TYPE = /^application\/(x-)?(ndjson|jsonl|jsonlines|json-lines)\s*(;|$)/i
const TEXT_TYPE = /^text\/(?!html\b)/i
const PLAIN_TYPE = /^text\/plain\s*(;|$)/i
// A number that JSON has not, but Python's json.dumps writes.
const NOT_A_NUMBER = /(?<=[[,:\s]|^)(?:NaN|-?Infinity)(?=[\],}\s]|$)/g

/**
 * Reads the body of a backend's answer by its type. JSON objects and lists are also read under
 * `text/html`, `application/octet-stream` and no type, JSON Lines as a list, objects under `text/plain`
 * (lists too when `isStructured`, where text would be refused); other HTML is the page of something in
 * between, never a tool's answer. A byte order mark is passed over.
 */
export function readBody(answer: Answer, isStructured: boolean): Body {
  const { contentType, contentEncoding } = answer
  if (contentEncoding !== undefined && contentEncoding !== 'identity') {
    return unreadable('backend_content_encoding')
  }
  if (answer.body.length === 0) return { kind: 'text', text: '' }
  const text = decodeUtf8(answer.body)?.replace(/^\ufeff/, '')
  if (text === undefined) return unreadable('backend_not_utf8')
  if (JSON_TYPE.test(contentType)) return readJson(text)
  if (JSON_LINES_TYPE.test(contentType)) return readJsonLines(text)
  const isRead = UNSURE_TYPE.test(contentType) || (PLAIN_TYPE.test(contentType) && isStructured)
  const start = isRead ? /^\s*[[{]/ : /^\s*\{/
  if ((isRead || PLAIN_TYPE.test(contentType)) && start.test(text)) {
    const parsed = parseJson(text)
    if (parsed !== undefined) return { kind: 'json', value: parsed.value, text }
  }
  return TEXT_TYPE.test(contentType) ? { kind: 'text', text } : unreadable('backend_content_type')
}

function readJson(text: string): Body {
  const parsed = parseJson(text)
  if (parsed !== undefined) return { kind: 'json', value: parsed.value, text }
  return unreadable(hasNoNumber(text) ? 'backend_json_nan' : 'backend_not_json')
}

/** One value is itself; more of them, one on a line, are a list. */
function readJsonLines(text: string): Body {
  const whole = parseJson(text)
  if (whole !== undefined) return { kind: 'json', value: whole.value, text }
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const values: unknown[] = []
  for (const line of lines) {
    const parsed = parseJson(line)
    if (parsed === undefined) return unreadable('backend_not_json')
    values.push(parsed.value)
  }
  return { kind: 'json', value: values, text: `[${lines.join(',')}]` }
}

/** Whether these would be JSON but for NaN and Infinity. */
function hasNoNumber(text: string): boolean {
  const mended = text.replace(NOT_A_NUMBER, '0')
  return mended !== text && parseJson(mended) !== undefined
}

function unreadable(reason: string): Body {
  return { kind: 'unreadable', reason }
}
