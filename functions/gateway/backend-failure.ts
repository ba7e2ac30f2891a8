import { decodeUtf8 } from '../../shared/json.ts'
import { readingBody, readingOrNot } from './backend/backend-body.ts'
import type { BackendResponse } from './backend/send.ts'
import { errorSentence, textSentence } from './error-sentence.ts'
import { failed, type ToolOutcome } from './outcome.ts'

// The gateway's own credentials were refused, not the caller's: no client should drop its token.
const NOT_THE_CALLERS_FAULT: ReadonlySet<number> = new Set([401, 403, 407])
const HTML_OR_NO_TYPE = /^(|text\/html)\s*(;|$)/i
const MAX_SECONDS = 31 * 24 * 60 * 60

/** The outcome of a 5xx. 503 is passed on when the backend says how long it will last. */
export function serverError({ status, retryAfter }: BackendResponse, now: number): ToolOutcome {
  const reason = `backend_http_${status}`
  const seconds = status === 503 ? retryAfterSeconds(retryAfter, now) : undefined
  if (seconds === undefined) return failed(reason, 502, 'The tool failed. Try again later.')
  return failed(reason, 503, `The tool is not available. ${tryAgain(seconds)}`, seconds)
}

/** The outcome of a 4xx, which says what the backend says, in one bounded line. */
export function* readingClientError(
  answer: BackendResponse,
  now: number,
): Generator<undefined, ToolOutcome> {
  const { status } = answer
  const said = (yield* readingWhatItSays(answer)) ?? `The tool refused the call (HTTP ${status}).`
  const reason = `backend_http_${status}`
  if (NOT_THE_CALLERS_FAULT.has(status)) return failed(reason, 502, said)
  const seconds = retryAfterSeconds(answer.retryAfter, now)
  const message = seconds === undefined ? said : `${said} ${tryAgain(seconds)}`
  return failed(reason, status, message, seconds)
}

function* readingWhatItSays(answer: BackendResponse): Generator<undefined, string | undefined> {
  const body = yield* readingOrNot(readingBody(answer, true))
  if (body.kind === 'json') return errorSentence(body.value)
  if (body.kind === 'text') return textSentence(body.text)
  // Flask and Express send a plain sentence as HTML.
  const isText = body.reason === 'backend_content_type' && HTML_OR_NO_TYPE.test(answer.contentType)
  return isText ? textSentence(decodeUtf8(answer.body) ?? '') : undefined
}

/** A sentence for people. */
export function tryAgain(seconds: number): string {
  return `Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`
}

/**
 * The seconds that a `Retry-After` field (RFC 9110 s10.2.3) asks to wait, at `now` (milliseconds of the
 * epoch); undefined when it is absent, malformed, or longer than 31 days.
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
