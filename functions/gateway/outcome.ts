import type { CallToolResult } from '@modelcontextprotocol/client'
import { type Place, workOn } from '../../shared/json/long-work.ts'
import { inTurns } from '../../shared/json/turns.ts'
import type { BearerError } from '../../shared/oauth/bearer.ts'
import { INPUT_REQUIRED, type InputRequired } from './input/asked.ts'
import type { ClientCapabilities } from './input/capabilities.ts'
import { type Asking, offering } from './input/offer.ts'

/** The result of a call, before it becomes an MCP or REST response. */
export type ToolOutcome =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'result'; readonly result: CallToolResult }
  /** The backend requests input from the client. */
  | { readonly kind: 'input_required'; readonly result: InputRequired }
  | { readonly kind: 'failed'; readonly failure: Failure }

/**
 * A call that was refused because no token for its backend could be obtained. A new sign-in can
 * help.
 */
export interface Refused {
  readonly kind: 'refused'
  readonly refusal: BearerError
}

/** A failed call: `message` is for the caller, `reason` for the log. */
export interface Failure {
  readonly reason: string
  readonly message: string
  /** The REST status. */
  readonly status: number
  /** The backend's Retry-After, in seconds. */
  readonly retryAfter?: number | undefined
  /** The capabilities that the client must declare for this call. */
  readonly requiredCapabilities?: ClientCapabilities | undefined
}

/** The REST status of a result with `isError`: the call was understood but not carried out. */
export const TOOL_ERROR_STATUS = 422

export function failed(
  reason: string,
  status: number,
  message: string,
  retryAfter?: number,
): ToolOutcome {
  const wait = retryAfter !== undefined && { retryAfter }
  return { kind: 'failed', failure: { reason, status, message, ...wait } }
}

/** The REST status if a tool requests input, because the call cannot continue. */
const INPUT_REQUIRED_STATUS = 409

/**
 * Reduces a request for input to what the client supports, or converts it to a failure. Returns any
 * other outcome unchanged. Returns a promise only for a request for input, for which long arguments are
 * read in turns.
 */
export function passOn(
  outcome: ToolOutcome,
  asking: Asking | undefined,
  place: Place,
): ToolOutcome | Promise<ToolOutcome> {
  if (outcome.kind !== 'input_required') return outcome
  const passing = passingOn(outcome.result, asking)
  // Entering the place again would wait for it while the response is in memory.
  return place.isTaken() ? inTurns(passing) : workOn(passing, asking?.argumentsLength ?? 0, place)
}

function* passingOn(
  asked: InputRequired,
  asking: Asking | undefined,
): Generator<undefined, ToolOutcome> {
  const offered = yield* offering(asked, asking)
  if (offered.kind === 'passed') return { kind: 'input_required', result: offered.result }
  if (offered.kind === 'oversized') return unreadable('backend_input_state_too_large')
  const { message, required: requiredCapabilities } = offered
  const failure = { reason: 'input_required_undeclared', status: INPUT_REQUIRED_STATUS, message }
  return { kind: 'failed', failure: { ...failure, requiredCapabilities } }
}

/**
 * Returns the status of an outcome for REST and the audit record, with a reason unless the call
 * succeeded.
 */
export function statusOf(outcome: ToolOutcome | Refused): {
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

/** Returns the failure for a backend response that cannot be passed on. `reason` is for the log. */
export function unreadable(reason: string): ToolOutcome {
  return failed(reason, 502, 'The tool returned an unexpected response.')
}
