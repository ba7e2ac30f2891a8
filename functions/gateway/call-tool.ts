import { setImmediate } from 'node:timers/promises'
import type { OnDisconnect } from '../../shared/http/disconnect.ts'
import { isLong, type Place } from '../../shared/json/long-work.ts'
import { atOnce, inTurns } from '../../shared/json/turns.ts'
import type { FaultLocation } from '../../shared/json-schema/fault-location.ts'
import type { Log } from '../../shared/log.ts'
import { monotonicMs } from '../../shared/monotonic.ts'
import { BearerError } from '../../shared/oauth/bearer.ts'
import type { Caller } from './authenticator.ts'
import { auditDecision } from './authorization.ts'
import { type AssertionKeys, createAssertionSigner } from './backend/assertion.ts'
import { type BackendPlan, type BackendRequest, planBackend } from './backend/backend-request.ts'
import { GoogleIdentityError } from './backend/google-identity.ts'
import type { ByteBudget } from './backend/response-budget.ts'
import { SendError, send } from './backend/send.ts'
import { type BackendAuth, BackendAuthError } from './backend-auth/authority.ts'
import { hasAssertion } from './backend-auth/backend-auth.ts'
import { within } from './backend-auth/within.ts'
import type { CallableTool } from './callable-tool.ts'
import type { ClientHints } from './client-hints.ts'
import { toClientCapabilities } from './input/capabilities.ts'
import { INPUT_FIELD } from './input/hand-over.ts'
import type { Asking } from './input/offer.ts'
import { failed, passOn, type Refused, statusOf, type ToolOutcome } from './outcome.ts'
import { preparing, type ToolInvocation } from './prepare-call.ts'
import { readingOutcome, toOutcome } from './read-outcome.ts'

/** One authorized call: `caller` may call `tool`. It stays in memory while the backend works. */
export interface ToolCall {
  readonly tool: CallableTool
  readonly caller: Caller | undefined
  /** What the client claims about itself and its user. Not verified. */
  readonly hints?: ClientHints | undefined
  /** How to ask the client for input; undefined if that is impossible, as over REST. */
  readonly asking?: Asking | undefined
  readonly requestId: string
  readonly traceparent: string | undefined
  readonly onDisconnect: OnDisconnect
  /** How long the caller waits at most, in milliseconds; undefined if unknown. */
  readonly callerTimeoutMs?: number | undefined
  /** Limits the received bytes of all calls of one request together. */
  readonly budget: ByteBudget
  readonly log: Log
  /**
   * The place in the queue. It is left once the arguments have been checked, and entered again for
   * a long response. The caller leaves it at the end.
   */
  readonly place: Place
}

/**
 * Makes the call. Failures are returned as outcomes, not thrown. The outcome is 'refused' if the
 * user has to sign in again. Writes `tool_called` before anything is sent to the backend, and
 * `tool_answered` when the call is over. Checks the arguments first and does not keep them in
 * memory while the backend works.
 */
export type CallTool = (
  call: ToolCall,
  invocation: ToolInvocation,
) => Promise<ToolOutcome | Refused>

export interface CallToolOptions {
  readonly functionsBase: string
  readonly publicUrl: string
  readonly keys: AssertionKeys
  readonly timeoutMs: number
  /** If undefined, backends get no credentials besides the assertion. */
  readonly backendAuth?: BackendAuth | undefined
}

type FinalStatus = ReturnType<typeof statusOf>

const CRASHED: FinalStatus = { status: 500, reason: 'internal_error' }
const ALLOWED = { decision: 'allowed' } as const
const NO_CAPABILITIES: NonNullable<Asking['declared']> = new Set()
const FAILURES = {
  unreachable: { status: 502, message: 'The tool cannot be reached right now.' },
  timeout: { status: 504, message: 'The tool took too long to answer.' },
  oversized: { status: 502, message: 'The tool returned too much data.' },
  aborted: { status: 499, message: 'The call was canceled.' },
} as const

export function createCallTool(options: CallToolOptions): CallTool {
  const signAssertion = createAssertionSigner(options.keys)
  const plans = new Map<string, BackendPlan>()
  const planOf = (tool: CallableTool) => {
    const plan = plans.get(tool.name) ?? planBackend(tool, options.functionsBase)
    plans.set(tool.name, plan)
    return plan
  }
  const callBackend = async (call: ToolCall, request: BackendRequest): Promise<ToolOutcome> => {
    const { tool, caller, requestId, onDisconnect } = call
    const plan = planOf(tool)
    // One write covers the audit records of all calls in the same turn of the event loop.
    await call.log.written()
    const startedAt = monotonicMs()
    const timeoutMs = Math.min(
      tool.timeoutMs ?? options.timeoutMs,
      options.timeoutMs,
      call.callerTimeoutMs ?? options.timeoutMs,
    )
    const authorized = options.backendAuth?.(tool, plan, caller)
    const authority = authorized && (await within({ timeoutMs, onDisconnect }, authorized))
    const declared = call.asking?.declared ?? NO_CAPABILITIES
    // No other header field of the client is forwarded, in particular not its access token.
    const headers: Record<string, string> = { ...request.headers, 'x-request-id': requestId }
    if (call.traceparent !== undefined) headers['traceparent'] = call.traceparent
    if (hasAssertion(tool, plan)) {
      const assertion = {
        issuer: options.publicUrl,
        audience: request.url,
        method: request.method,
        query: request.query,
        caller,
        isOwn: plan.isOwn,
        hints: call.hints,
        capabilities: declared.size === 0 ? undefined : toClientCapabilities(declared),
        inputField: request.headers[INPUT_FIELD],
        tool: tool.name,
        requestId,
        body: request.body,
        now: Math.floor(Date.now() / 1000),
      }
      Object.assign(headers, signAssertion(assertion))
    }
    if (authority !== undefined) Object.assign(headers, authority.fields)
    const { method, origin, path, body } = request
    const answer = await send(
      { method, origin, path, headers, body },
      { timeoutMs: timeoutMs - (monotonicMs() - startedAt), budget: call.budget, onDisconnect },
    )
    if (answer.status === 401) authority?.refused?.()
    const onFault = (fault: FaultLocation) => logFault(call, fault)
    if (!isLong(answer.body.length)) {
      return passOn(toOutcome(answer, tool, undefined, onFault), call.asking, call.place)
    }
    await call.place.enter(answer.body.length)
    // Joining the chunks of a long response took time, so other events are handled first.
    await setImmediate()
    const outcome = await inTurns(readingOutcome(answer, tool, undefined, onFault))
    return passOn(outcome, call.asking, call.place)
  }

  const finish = async (
    call: ToolCall,
    request: BackendRequest | string,
  ): Promise<ToolOutcome | Refused> => {
    const startedAt = monotonicMs()
    let finalStatus: FinalStatus = CRASHED
    try {
      const outcome =
        typeof request !== 'string'
          ? await callBackend(call, request)
          : failed('arguments_invalid', 400, `Invalid arguments: ${request}`)
      finalStatus = statusOf(outcome)
      return outcome
    } catch (error) {
      if (error instanceof SendError) logUnreachable(call, request, error)
      const outcome = toFailure(error)
      finalStatus = statusOf(outcome)
      return outcome
    } finally {
      auditAnswer(call, finalStatus, Math.round(monotonicMs() - startedAt))
    }
  }

  return (call, invocation) => {
    auditDecision(call.tool, call.caller, call.log, ALLOWED)
    try {
      const prepared = preparing(planOf(call.tool), call.tool, invocation)
      if (isLong(invocation.body.length)) return prepareThenFinish(prepared, call, finish)
      call.place.leave()
      return finish(call, withBufferBody(atOnce(prepared)))
    } catch (error) {
      return crash(call, error)
    }
  }
}

function auditAnswer({ tool, log }: ToolCall, { status, reason }: FinalStatus, ms: number): void {
  const severity = status >= 500 ? 'ERROR' : 'NOTICE'
  log.audit('tool_answered', { tool: tool.name, status, reason, ms }, severity)
}

/** The path is not logged, because it can contain arguments. */
function logUnreachable(
  { tool, log }: ToolCall,
  request: BackendRequest | string,
  { failure, code }: SendError,
): void {
  if (failure !== 'unreachable' || typeof request === 'string') return
  log.warning('backend_unreachable', { tool: tool.name, origin: request.origin, code })
}

function logFault({ tool, log }: ToolCall, { location, keyword }: FaultLocation): void {
  log.warning('backend_output_rejected', { tool: tool.name, location, keyword })
}

/**
 * Writes the audit record of a call whose arguments could not be checked because of a bug.
 * @throws the error.
 */
function crash(call: ToolCall, error: unknown): never {
  auditAnswer(call, CRASHED, 0)
  throw error
}

/**
 * Not async, because a suspended function would keep the arguments in memory while the backend
 * works.
 */
function prepareThenFinish(
  prepared: Generator<undefined, BackendRequest | string>,
  call: ToolCall,
  finish: (call: ToolCall, request: BackendRequest | string) => Promise<ToolOutcome | Refused>,
): Promise<ToolOutcome | Refused> {
  return inTurns(prepared).then(
    (request) => {
      call.place.leave()
      return finish(call, withBufferBody(request))
    },
    (error) => crash(call, error),
  )
}

/**
 * Converts the body to a Buffer, because the digest and the connection would both encode a string,
 * and the connection would keep its copy.
 */
function withBufferBody(request: BackendRequest | string): BackendRequest | string {
  if (typeof request === 'string' || typeof request.body !== 'string') return request
  return { ...request, body: Buffer.from(request.body) }
}

/**
 * Returns the outcome of an expected error.
 * @throws any other error, which is a bug.
 */
function toFailure(error: unknown): ToolOutcome | Refused {
  if (error instanceof BearerError) return { kind: 'refused', refusal: error }
  if (error instanceof SendError) {
    const { status, message } = FAILURES[error.failure]
    return failed(`backend_${error.failure}`, status, message)
  }
  if (error instanceof BackendAuthError) {
    return failed(error.reason, error.status, error.message, error.retryAfter)
  }
  if (!(error instanceof GoogleIdentityError)) throw error
  return failed('backend_identity_unavailable', 502, FAILURES.unreachable.message)
}
