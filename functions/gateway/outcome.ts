import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/client'
import { JsonLimitError } from '../../shared/json/json-reader.ts'
import { atOnce } from '../../shared/json/turns.ts'
import { NumberError, readingValuesToCheck } from '../../shared/json/written-numbers.ts'
import { asObject, decodeUtf8 } from '../../shared/json.ts'
import type { BearerError } from '../../shared/oauth/bearer.ts'
import { readingAnswer } from './backend/answer.ts'
import { type JsonBody, readingBody } from './backend/backend-body.ts'
import type { Answer } from './backend/send.ts'
import type { CallableTool } from './callable-tool.ts'
import { errorSentence, textSentence } from './error-sentence.ts'
import { INPUT_REQUIRED, type InputRequired, readInputRequired } from './input/asked.ts'
import type { ClientCapabilities } from './input/capabilities.ts'
import { type Asking, offer } from './input/offer.ts'
import { type ReadResult, readingCallToolResult } from './mcp/tool-result.ts'
import { retryAfterSeconds } from './retry-after.ts'

/** What came of a call, before it is put into MCP's or REST's words. */
export type Outcome =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'result'; readonly result: CallToolResult }
  /** The backend asks back. */
  | { readonly kind: 'input_required'; readonly result: InputRequired }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** A call that its backend's authorization refuses: a new sign-in would help. */
export interface Refused {
  readonly kind: 'refused'
  readonly refusal: BearerError
}

/** A call that went wrong: a sentence for whoever called, the exact reason for the log. */
export interface Failure {
  readonly reason: string
  readonly message: string
  /** What REST answers. */
  readonly status: number
  /** How long the backend asks to be left alone, in seconds. */
  readonly retryAfter?: number | undefined
  /** What the client would have to declare. */
  readonly requiredCapabilities?: ClientCapabilities | undefined
}

/** What REST answers to a result with `isError`: the call was understood, and not carried out. */
export const TOOL_ERROR_STATUS = 422

// The gateway's own credentials were refused, not the caller's: no client should drop its token.
const NOT_THE_CALLERS_FAULT: ReadonlySet<number> = new Set([401, 403, 407])
const HTML_OR_NO_TYPE = /^(|text\/html)\s*(;|$)/i

export function failed(
  reason: string,
  status: number,
  message: string,
  retryAfter?: number,
): Outcome {
  const patience = retryAfter !== undefined && { retryAfter }
  return { kind: 'failed', failure: { reason, status, message, ...patience } }
}

/** What REST answers when a tool asks back: the call cannot go on as it is. */
const ASKED_STATUS = 409

/** Passes a backend's questions on as far as the client can be asked; other outcomes as they are. */
export function passOn(outcome: Outcome, asking: Asking | undefined): Outcome {
  if (outcome.kind !== 'input_required') return outcome
  const offered = offer(outcome.result, asking)
  if (offered.kind === 'passed') return { kind: 'input_required', result: offered.result }
  if (offered.kind === 'oversized') return unreadable('backend_input_state_too_large')
  const { message, required: requiredCapabilities } = offered
  const failure = { reason: 'input_required_undeclared', status: ASKED_STATUS, message }
  return { kind: 'failed', failure: { ...failure, requiredCapabilities } }
}

/** The status of an outcome for REST and the audit record, with the reason when it is an error. */
export function statusOf(outcome: Outcome | Refused): {
  readonly status: number
  readonly reason?: string
} {
  if (outcome.kind === 'refused') {
    return { status: outcome.refusal.status, reason: outcome.refusal.reason }
  }
  if (outcome.kind === 'failed') {
    return { status: outcome.failure.status, reason: outcome.failure.reason }
  }
  if (outcome.kind === 'input_required') return { status: 200, reason: INPUT_REQUIRED }
  const isError = outcome.kind === 'result' && outcome.result.isError === true
  return isError ? { status: TOOL_ERROR_STATUS, reason: 'tool_error' } : { status: 200 }
}

/**
 * Judges a backend's whole answer in turns, its promised `outputSchema` included. `now`: milliseconds of
 * the epoch. The text of a 4xx is passed on in one bounded line; that of a 5xx goes nowhere.
 */
export function* readingOutcome(
  answer: Answer,
  tool: CallableTool,
  now = Date.now(),
): Generator<undefined, Outcome> {
  const { status } = answer
  if (status >= 500) return failedBackend(answer, now)
  if (status >= 400) return yield* readingRefusal(answer, now)
  if (status < 200 || status >= 300) {
    return failed(`backend_http_${status}`, 502, 'The tool did not give an answer.')
  }
  const asked = yield* readingAsked(answer)
  if (asked !== undefined) return asked
  const { request, validateOutput } = tool
  const body = yield* readingOrNot(
    request === undefined
      ? readingBody(answer, validateOutput !== undefined)
      : readingAnswer(answer, request, validateOutput),
  )
  if (body.kind === 'unreadable') return unreadable(body.reason)
  if (body.kind === 'media') return readMedia(body.block, tool)
  return body.kind === 'json' ? yield* readingJsonBody(body, tool) : readText(body.text, tool)
}

/** The same at once. */
export function toOutcome(answer: Answer, tool: CallableTool, now = Date.now()): Outcome {
  return atOnce(readingOutcome(answer, tool, now))
}

function* readingOrNot<Read>(
  reading: Generator<undefined, Read>,
): Generator<undefined, Read | { readonly kind: 'unreadable'; readonly reason: string }> {
  try {
    return yield* reading
  } catch (error) {
    if (!(error instanceof JsonLimitError)) throw error
    return { kind: 'unreadable', reason: 'backend_json_limit' }
  }
}

function* readingJsonBody(body: JsonBody, tool: CallableTool): Generator<undefined, Outcome> {
  const { value, kept } = body
  const envelope = asObject(value)
  if (envelope?.['jsonrpc'] === '2.0' && asObject(envelope['error']) !== undefined) {
    return failed('tool_error', TOOL_ERROR_STATUS, errorSentence(envelope) ?? REFUSED)
  }
  const read = yield* readingResult(value, tool)
  if (read === undefined) {
    return yield* checkingOutput(tool, body, whole, { kind: 'json', value: kept })
  }
  const { result, dropped } = read
  if (result.isError !== true) {
    const isEmpty = result.content.length === 0 && result.structuredContent === undefined
    if (dropped > 0 && isEmpty) return unreadable('backend_result_blocks')
  }
  const outcome: Outcome = {
    kind: 'result',
    result: kept === value ? result : ((yield* readingResult(kept, tool)) ?? read).result,
  }
  if (result.isError === true) return outcome
  const { isInner } = read
  const structured = (read: unknown) => {
    if (read === value) return result.structuredContent
    const members = asObject(isInner ? asObject(read)?.['result'] : read)
    return members?.['structuredContent'] ?? members?.['structured_content'] ?? undefined
  }
  return yield* checkingOutput(tool, body, structured, outcome)
}

/** Before `resultPointer` and `wrap`, which are for what the API answers. */
function* readingAsked(answer: Answer): Generator<undefined, Outcome | undefined> {
  const mayAsk = answer.body.includes(INPUT_REQUIRED)
  yield
  if (!mayAsk) return undefined
  const body = yield* readingOrNot(readingBody(answer, true))
  if (body.kind !== 'json') return undefined
  const { value, kept } = body
  const asked = readInputRequired(innerOf(value), innerOf(kept)) ?? readInputRequired(value, kept)
  if (asked === undefined) return undefined
  if (asked === 'malformed') return unreadable('backend_input_malformed')
  return { kind: 'input_required', result: asked }
}

/** MCP's own result, bare or in the JSON-RPC answer of an MCP server. */
function* readingResult(
  value: unknown,
  tool: CallableTool,
): Generator<undefined, (ReadResult & { readonly isInner: boolean }) | undefined> {
  const owns = ownsContent(tool)
  const inner = yield* readingCallToolResult(innerOf(value), owns)
  if (inner !== undefined) return { ...inner, isInner: true }
  const outer = yield* readingCallToolResult(value, owns)
  return outer && { ...outer, isInner: false }
}

function innerOf(value: unknown): unknown {
  const envelope = asObject(value)
  return envelope?.['jsonrpc'] === '2.0' ? envelope['result'] : undefined
}

function ownsContent({ outputSchema }: CallableTool): boolean {
  return Object.hasOwn(asObject(outputSchema?.['properties']) ?? {}, 'content')
}

function readText(text: string, tool: CallableTool): Outcome {
  return tool.validateOutput === undefined
    ? { kind: 'text', text }
    : unreadable('backend_output_unstructured')
}

function readMedia(block: ContentBlock, tool: CallableTool): Outcome {
  if (tool.validateOutput !== undefined) return unreadable('backend_output_unstructured')
  return { kind: 'result', result: { content: [block] } }
}

function whole(value: unknown): unknown {
  return value
}

/** `pick`: what the schema is for, of the value of the body. */
function* checkingOutput(
  { validateOutput }: CallableTool,
  { text, value, kept }: JsonBody,
  pick: (value: unknown) => unknown,
  outcome: Outcome,
): Generator<undefined, Outcome> {
  if (validateOutput === undefined) return outcome
  try {
    const values = kept === value ? [value] : yield* readingValuesToCheck(text, value)
    for (const one of values) {
      yield
      if (validateOutput(pick(one)) !== undefined) return unreadable('backend_output_schema')
    }
    return outcome
  } catch (error) {
    if (!(error instanceof NumberError)) throw error
    return unreadable('backend_output_number')
  }
}

function unreadable(reason: string): Outcome {
  return failed(reason, 502, 'The tool answered in a form that it does not promise.')
}

const REFUSED = 'The tool refused the call.'

/** 503 is passed on when the backend says how long it will last. */
function failedBackend({ status, retryAfter }: Answer, now: number): Outcome {
  const reason = `backend_http_${status}`
  const seconds = status === 503 ? retryAfterSeconds(retryAfter, now) : undefined
  if (seconds === undefined) return failed(reason, 502, 'The tool failed. Try again later.')
  return failed(reason, 503, `The tool is not available. ${tryAgain(seconds)}`, seconds)
}

function* readingRefusal(answer: Answer, now: number): Generator<undefined, Outcome> {
  const { status } = answer
  const said = (yield* readingWhatItSays(answer)) ?? `The tool refused the call (HTTP ${status}).`
  const reason = `backend_http_${status}`
  if (NOT_THE_CALLERS_FAULT.has(status)) return failed(reason, 502, said)
  const seconds = retryAfterSeconds(answer.retryAfter, now)
  const message = seconds === undefined ? said : `${said} ${tryAgain(seconds)}`
  return failed(reason, status, message, seconds)
}

function* readingWhatItSays(answer: Answer): Generator<undefined, string | undefined> {
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
