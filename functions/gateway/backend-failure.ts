import { decodeUtf8 } from '../../shared/json.ts'
import { readingBody, readingOrNot } from './backend/backend-body.ts'
import type { BackendResponse } from './backend/send.ts'
import { errorSentence, textSentence } from './error-sentence.ts'
import { failed, type ToolOutcome } from './outcome.ts'

// The backend refused the credentials of the gateway, not of the caller. A client must not discard
// its token.
const GATEWAY_CREDENTIALS_REFUSED: ReadonlySet<number> = new Set([401, 403, 407])
const HTML_OR_NO_TYPE = /^(|text\/html)\s*(;|$)/i
const MAX_SECONDS = 31 * 24 * 60 * 60

/**
 * Returns the outcome of a 5xx response. A 503 stays a 503 only if the backend sends a valid
 * Retry-After.
 */
export function serverError({ status, retryAfter }: BackendResponse, now: number): ToolOutcome {
  const reason = `backend_http_${status}`
  const seconds = status === 503 ? retryAfterSeconds(retryAfter, now) : undefined
  if (seconds === undefined) return failed(reason, 502, 'The tool failed. Try again later.')
  return failed(reason, 503, `The tool is not available. ${tryAgain(seconds)}`, seconds)
}

/** Returns the outcome of a 4xx response, with the backend's message in one bounded line. */
export function* readingClientError(
  answer: BackendResponse,
  now: number,
): Generator<undefined, ToolOutcome> {
  const { status } = answer
  const sentence =
    (yield* readingErrorSentence(answer)) ?? `The tool refused the call (HTTP ${status}).`
  const reason = `backend_http_${status}`
  if (GATEWAY_CREDENTIALS_REFUSED.has(status)) return failed(reason, 502, sentence)
  const seconds = retryAfterSeconds(answer.retryAfter, now)
  const message = seconds === undefined ? sentence : `${sentence} ${tryAgain(seconds)}`
  return failed(reason, status, message, seconds)
}

function* readingErrorSentence(answer: BackendResponse): Generator<undefined, string | undefined> {
  const body = yield* readingOrNot(readingBody(answer, true))
  if (body.kind === 'json') return errorSentence(body.value)
  if (body.kind === 'text') return textSentence(body.text)
  // Flask and Express send plain text with the type text/html.
  const isText = body.reason === 'backend_content_type' && HTML_OR_NO_TYPE.test(answer.contentType)
  return isText ? textSentence(decodeUtf8(answer.body) ?? '') : undefined
}

/** Returns a sentence that tells the user when to try again. */
export function tryAgain(seconds: number): string {
  return `Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`
}

/**
 * Returns the seconds that a `Retry-After` field (RFC 9110 s10.2.3) asks to wait at `now`, in
 * milliseconds since the epoch. Returns undefined if the field is absent, malformed, or longer than
 * 31 days.
 */
export function retryAfterSeconds(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  const isDate = /^[A-Z][a-z]{2,8},? .{10,30}$/.test(value)
  const seconds = isDate
    ? Math.max(0, Math.ceil((Date.parse(value) - now) / 1000))
    : /^\d{1,10}$/.test(value)
      ? Number(value)
      : Number.NaN
  return seconds <= MAX_SECONDS ? seconds : undefined
}
