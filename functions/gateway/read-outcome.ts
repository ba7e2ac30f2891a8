import type { ContentBlock } from '@modelcontextprotocol/client'
import { atOnce } from '../../shared/json/turns.ts'
import { NumberError, readingValuesToCheck } from '../../shared/json/written-numbers.ts'
import { asObject } from '../../shared/json.ts'
import type { FaultLocation } from '../../shared/json-schema/fault-location.ts'
import { type JsonBody, readingBody, readingOrNot } from './backend/backend-body.ts'
import { mediaOf, pickingResult } from './backend/pick-result.ts'
import type { BackendResponse } from './backend/send.ts'
import { readingClientError, serverError } from './backend-failure.ts'
import type { CallableTool } from './callable-tool.ts'
import { errorSentence } from './error-sentence.ts'
import { INPUT_REQUIRED, readInputRequired } from './input/asked.ts'
import { type ReadResult, readingCallToolResult } from './mcp/tool-result.ts'
import { failed, TOOL_ERROR_STATUS, type ToolOutcome, unreadable } from './outcome.ts'

type OnFault = (fault: FaultLocation) => void

const DEFAULT_MESSAGE = 'The tool refused the call.'

/**
 * Converts a complete backend response to an outcome, in turns, and checks it against the
 * `outputSchema`. Passes on the text of a 4xx response in one bounded line and discards the text of
 * a 5xx response. `now` is in milliseconds since the epoch. Calls `onFault` if the result violates
 * the `outputSchema`.
 */
export function* readingOutcome(
  answer: BackendResponse,
  tool: CallableTool,
  now = Date.now(),
  onFault: OnFault = () => undefined,
): Generator<undefined, ToolOutcome> {
  const { status } = answer
  if (status >= 500) return serverError(answer, now)
  if (status >= 400) return yield* readingClientError(answer, now)
  if (status < 200 || status >= 300) {
    return failed(`backend_http_${status}`, 502, 'The tool returned no result.')
  }
  const { request, validateOutput } = tool
  const media = request && mediaOf(answer)
  if (media !== undefined) return readMedia(media, tool)
  const isStructured = validateOutput !== undefined && request?.wrap === undefined
  const body = yield* readingOrNot(readingBody(answer, isStructured))
  // Read before `resultPointer` and `wrap`, which apply only to results of the API.
  const inputRequired = body.kind === 'json' ? yield* readingInputRequired(body) : undefined
  if (inputRequired !== undefined) return inputRequired
  const result =
    request === undefined ? body : yield* readingOrNot(pickingResult(body, request, validateOutput))
  if (result.kind === 'unreadable') return unreadable(result.reason)
  return result.kind === 'json'
    ? yield* readingJsonBody(result, tool, onFault)
    : readText(result.text, tool)
}

/** Does the same as `readingOutcome` in one step. */
export function toOutcome(
  answer: BackendResponse,
  tool: CallableTool,
  now = Date.now(),
  onFault?: OnFault,
): ToolOutcome {
  return atOnce(readingOutcome(answer, tool, now, onFault))
}

function* readingJsonBody(
  body: JsonBody,
  tool: CallableTool,
  onFault: OnFault,
): Generator<undefined, ToolOutcome> {
  const { value, kept } = body
  const envelope = asObject(value)
  if (envelope?.['jsonrpc'] === '2.0' && asObject(envelope['error']) !== undefined) {
    return failed('tool_error', TOOL_ERROR_STATUS, errorSentence(envelope) ?? DEFAULT_MESSAGE)
  }
  const read = yield* readingResult(value, tool)
  if (read === undefined) {
    return yield* checkingOutput(tool, body, identity, { kind: 'json', value: kept }, onFault)
  }
  const { result, dropped } = read
  if (result.isError !== true) {
    const isEmpty = result.content.length === 0 && result.structuredContent === undefined
    if (dropped > 0 && isEmpty) return unreadable('backend_result_blocks')
  }
  const outcome: ToolOutcome = {
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
  return yield* checkingOutput(tool, body, structured, outcome, onFault)
}

function* readingInputRequired({
  value,
  kept,
  text,
}: JsonBody): Generator<undefined, ToolOutcome | undefined> {
  const mayRequestInput = text.includes(INPUT_REQUIRED)
  yield
  if (!mayRequestInput) return undefined
  const inputRequired =
    readInputRequired(innerOf(value), innerOf(kept)) ?? readInputRequired(value, kept)
  if (inputRequired === undefined) return undefined
  if (inputRequired === 'malformed') return unreadable('backend_input_malformed')
  return { kind: 'input_required', result: inputRequired }
}

/** Reads an MCP result, bare or in the JSON-RPC response of an MCP server. */
function* readingResult(
  value: unknown,
  tool: CallableTool,
): Generator<undefined, (ReadResult & { readonly isInner: boolean }) | undefined> {
  const hasOwnContent = declaresContent(tool)
  const result = innerOf(value)
  const inner =
    result === undefined ? undefined : yield* readingCallToolResult(result, hasOwnContent)
  if (inner !== undefined) return { ...inner, isInner: true }
  const outer = yield* readingCallToolResult(value, hasOwnContent)
  return outer && { ...outer, isInner: false }
}

function innerOf(value: unknown): unknown {
  const envelope = asObject(value)
  return envelope?.['jsonrpc'] === '2.0' ? envelope['result'] : undefined
}

function declaresContent({ outputSchema }: CallableTool): boolean {
  return Object.hasOwn(asObject(outputSchema?.['properties']) ?? {}, 'content')
}

function readText(text: string, tool: CallableTool): ToolOutcome {
  return tool.validateOutput === undefined
    ? { kind: 'text', text }
    : unreadable('backend_output_unstructured')
}

function readMedia(block: ContentBlock, tool: CallableTool): ToolOutcome {
  if (tool.validateOutput !== undefined) return unreadable('backend_output_unstructured')
  return { kind: 'result', result: { content: [block] } }
}

function identity(value: unknown): unknown {
  return value
}

/** Checks the part of the body that `pick` returns against the `outputSchema`. */
function* checkingOutput(
  { validateOutput }: CallableTool,
  { text, value, kept }: JsonBody,
  pick: (value: unknown) => unknown,
  outcome: ToolOutcome,
  onFault: OnFault,
): Generator<undefined, ToolOutcome> {
  if (validateOutput === undefined) return outcome
  try {
    const values = kept === value ? [value] : yield* readingValuesToCheck(text.toString(), value)
    for (const candidate of values) {
      yield
      const fault = validateOutput(pick(candidate))
      if (fault === undefined) continue
      onFault(fault)
      return unreadable('backend_output_schema')
    }
    return outcome
  } catch (error) {
    if (!(error instanceof NumberError)) throw error
    return unreadable('backend_output_number')
  }
}
