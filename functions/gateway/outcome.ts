import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/client'
import { asObject, decodeUtf8 } from '../../shared/json.ts'
import { keepNumbers, NumberError, valuesToCheck } from '../../shared/written-numbers.ts'
import { readAnswer } from './backend/answer.ts'
import type { Answer } from './backend/send.ts'
import { type Body, readBody } from './backend-body.ts'
import type { CallableTool } from './callable-tool.ts'
import { errorSentence, textSentence } from './error-sentence.ts'
import { INPUT_REQUIRED, type InputRequired, readInputRequired } from './input/asked.ts'
import type { ClientCapabilities } from './input/capabilities.ts'
import { type Asking, offer } from './input/offer.ts'
import { retryAfterSeconds } from './retry-after.ts'
import { type ReadResult, readCallToolResult } from './tool-result.ts'

/** What came of a call, before it is put into MCP's or REST's words. */
export type Outcome =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'result'; readonly result: CallToolResult }
  /** The backend asks back. */
  | { readonly kind: 'input_required'; readonly result: InputRequired }
  | { readonly kind: 'failed'; readonly failure: Failure }

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
export function statusOf(outcome: Outcome): { readonly status: number; readonly reason?: string } {
  if (outcome.kind === 'failed') {
    return { status: outcome.failure.status, reason: outcome.failure.reason }
  }
  if (outcome.kind === 'input_required') return { status: 200, reason: INPUT_REQUIRED }
  const isError = outcome.kind === 'result' && outcome.result.isError === true
  return isError ? { status: TOOL_ERROR_STATUS, reason: 'tool_error' } : { status: 200 }
}

/**
 * Judges a backend's whole answer, its promised `outputSchema` included. `now`: milliseconds of the
 * epoch. The text of a 4xx is passed on in one bounded line; that of a 5xx goes nowhere.
 */
export function toOutcome(answer: Answer, tool: CallableTool, now = Date.now()): Outcome {
  const { status } = answer
  if (status >= 500) return failedBackend(answer, now)
  if (status >= 400) return refusedByBackend(answer, now)
  if (status < 200 || status >= 300) {
    return failed(`backend_http_${status}`, 502, 'The tool did not give an answer.')
  }
  const asked = readAsked(answer)
  if (asked !== undefined) return asked
  const body =
    tool.request === undefined
      ? readBody(answer, tool.validateOutput !== undefined)
      : readAnswer(answer, tool.request, tool.validateOutput)
  if (body.kind === 'unreadable') return unreadable(body.reason)
  if (body.kind === 'media') return readMedia(body.block, tool)
  return body.kind === 'json' ? readJson(body, tool) : readText(body.text, tool)
}

function readJson({ value, text }: Body & { readonly kind: 'json' }, tool: CallableTool): Outcome {
  const envelope = asObject(value)
  if (envelope?.['jsonrpc'] === '2.0' && asObject(envelope['error']) !== undefined) {
    return failed('tool_error', TOOL_ERROR_STATUS, errorSentence(envelope) ?? REFUSED)
  }
  const read = resultIn(value, tool)
  if (read === undefined) {
    return checkOutput(tool, text, value, whole, { kind: 'json', value: keepNumbers(text, value) })
  }
  const { result, dropped } = read
  if (result.isError !== true) {
    const isEmpty = result.content.length === 0 && result.structuredContent === undefined
    if (dropped > 0 && isEmpty) return unreadable('backend_result_blocks')
  }
  const kept = keepNumbers(text, value)
  const outcome: Outcome = {
    kind: 'result',
    result: kept === value ? result : (resultIn(kept, tool) ?? read).result,
  }
  if (result.isError === true) return outcome
  const isInner = readCallToolResult(innerOf(value), ownsContent(tool)) !== undefined
  const structured = (read: unknown) => {
    if (read === value) return result.structuredContent
    const members = asObject(isInner ? asObject(read)?.['result'] : read)
    return members?.['structuredContent'] ?? members?.['structured_content'] ?? undefined
  }
  return checkOutput(tool, text, value, structured, outcome)
}

/** Before `resultPointer` and `wrap`, which are for what the API answers. */
function readAsked(answer: Answer): Outcome | undefined {
  if (!answer.body.includes(INPUT_REQUIRED)) return undefined
  const body = readBody(answer, true)
  if (body.kind !== 'json') return undefined
  const kept = keepNumbers(body.text, body.value)
  const asked =
    readInputRequired(innerOf(body.value), innerOf(kept)) ?? readInputRequired(body.value, kept)
  if (asked === undefined) return undefined
  if (asked === 'malformed') return unreadable('backend_input_malformed')
  return { kind: 'input_required', result: asked }
}

/** MCP's own result, bare or in the JSON-RPC answer of an MCP server. */
function resultIn(value: unknown, tool: CallableTool): ReadResult | undefined {
  const owns = ownsContent(tool)
  return readCallToolResult(innerOf(value), owns) ?? readCallToolResult(value, owns)
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

/** `pick`: what the schema is for, of the value that was read from `text`. */
function checkOutput(
  { validateOutput }: CallableTool,
  text: string,
  value: unknown,
  pick: (value: unknown) => unknown,
  outcome: Outcome,
): Outcome {
  if (validateOutput === undefined) return outcome
  try {
    const fits = valuesToCheck(text, value).every((one) => validateOutput(pick(one)) === undefined)
    return fits ? outcome : unreadable('backend_output_schema')
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

function refusedByBackend(answer: Answer, now: number): Outcome {
  const { status } = answer
  const said = whatItSays(answer) ?? `The tool refused the call (HTTP ${status}).`
  const reason = `backend_http_${status}`
  if (NOT_THE_CALLERS_FAULT.has(status)) return failed(reason, 502, said)
  const seconds = retryAfterSeconds(answer.retryAfter, now)
  const message = seconds === undefined ? said : `${said} ${tryAgain(seconds)}`
  return failed(reason, status, message, seconds)
}

function whatItSays(answer: Answer): string | undefined {
  const body = readBody(answer, true)
  if (body.kind === 'json') return errorSentence(body.value)
  if (body.kind === 'text') return textSentence(body.text)
  // Flask and Express send a plain sentence as HTML.
  const isText = body.reason === 'backend_content_type' && HTML_OR_NO_TYPE.test(answer.contentType)
  return isText ? textSentence(decodeUtf8(answer.body) ?? '') : undefined
}

function tryAgain(seconds: number): string {
  return `Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`
}
