import type { CallToolResult } from '@modelcontextprotocol/client'
import type { BearerError } from '../../shared/oauth/bearer.ts'
import { INPUT_REQUIRED, type InputRequired } from './input/asked.ts'
import type { ClientCapabilities } from './input/capabilities.ts'
import { type Asking, offer } from './input/offer.ts'

/** The result of a call, before it becomes an MCP or REST response. */
export type ToolOutcome =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'result'; readonly result: CallToolResult }
  /** The backend asks for input. */
  | { readonly kind: 'input_required'; readonly result: InputRequired }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** A call that its backend's authorization refuses: a new sign-in would help. */
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
  /** The capabilities that the client would have to declare. */
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
  const patience = retryAfter !== undefined && { retryAfter }
  return { kind: 'failed', failure: { reason, status, message, ...patience } }
}

/** The REST status when a tool asks for input: the call cannot continue. */
const ASKED_STATUS = 409

/** Passes a backend's questions on as far as the client can be asked; other outcomes as they are. */
export function passOn(outcome: ToolOutcome, asking: Asking | undefined): ToolOutcome {
  if (outcome.kind !== 'input_required') return outcome
  const offered = offer(outcome.result, asking)
  if (offered.kind === 'passed') return { kind: 'input_required', result: offered.result }
  if (offered.kind === 'oversized') return unreadable('backend_input_state_too_large')
  const { message, required: requiredCapabilities } = offered
  const failure = { reason: 'input_required_undeclared', status: ASKED_STATUS, message }
  return { kind: 'failed', failure: { ...failure, requiredCapabilities } }
}

/** The status of an outcome for REST and the audit record, with the reason when it is an error. */
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

/** A backend's answer that cannot be passed on; `reason` is for the log. */
export function unreadable(reason: string): ToolOutcome {
  return failed(reason, 502, 'The tool answered in a form that it does not promise.')
}
