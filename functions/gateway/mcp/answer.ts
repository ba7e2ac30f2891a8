import { setImmediate } from 'node:timers/promises'
import type { HttpResponse } from '../../../shared/http/http.ts'
import type { Place, Queue } from '../../../shared/json/long-work.ts'
import type { Log } from '../../../shared/log.ts'
import { monotonicMs } from '../../../shared/monotonic.ts'
import { BearerError } from '../../../shared/oauth/bearer.ts'
import { authorize, type Refusal } from '../authorization.ts'
import type {
  AnswerMethod,
  MessageContext,
  MethodAnswer,
  Named,
  RequestContext,
} from './context.ts'
import {
  CODES,
  errorResponse,
  errorText,
  jsonResponse,
  RpcError,
  type RpcMessage,
  type RpcRequest,
  resultBytes,
  resultText,
} from './json-rpc.ts'
import type { Refusals, RefusedMessage } from './refusal.ts'
import type { Inbound } from './revision.ts'

export interface AnswerOptions {
  readonly answerMethod: AnswerMethod
  /** Returns the tool or the resource that a message names; empty if there is none. */
  readonly namedIn: (message: RpcRequest) => Named
  readonly refusals: Refusals
  readonly queue: Queue
}

/** Authorizes the messages of a request and answers them. */
export type AnswerMessages = (
  context: RequestContext,
  inbound: Inbound,
) => HttpResponse | Promise<HttpResponse>

/** One request of a batch with its authorization decision. */
interface Decided {
  readonly message: RpcRequest
  readonly about: RefusedMessage
  readonly log: Log
  readonly refusal: Refusal | undefined
}

/**
 * Starts to answer one request of a batch. `place` is left once its arguments have been checked.
 */
type Begin = (decided: Decided, place: Place) => string | Promise<string>

// After this time, other requests run before the next request of the batch starts.
const MAX_TURN_MS = 10
/**
 * Limits the results that need no backend, such as `tools/list`, because they can be a thousand times
 * as long as their requests.
 */
const MAX_OWN_CHARACTERS = 1024 * 1024

/**
 * Creates the function that answers messages. No function here is async or keeps a closure over a
 * message, because the message would stay in memory while a backend works.
 */
export function createAnswer(options: AnswerOptions): AnswerMessages {
  const { answerMethod, namedIn, refusals } = options

  const answerOne = (
    context: RequestContext,
    message: RpcMessage,
  ): HttpResponse | Promise<HttpResponse> => {
    if (message.kind !== 'request') return { status: 202 }
    const { request } = context
    const about = aboutOf(context, message, namedIn(message))
    const refusal = decide(about, request.log)
    if (refusal !== undefined) return refusals.answer(refusal, about, request)
    const answer = answerMethod(inContext(context, about.named, request.log), message)
    const render = toResponse(about, context, refusals)
    return answer instanceof Promise ? answer.then(render) : render(answer)
  }

  /**
   * Authorizes all requests before it starts any of them, so that a batch refused with a challenge
   * has no effect. A missing permission refuses only its own call.
   */
  const answerBatch = (
    context: RequestContext,
    batch: readonly RpcMessage[],
  ): HttpResponse | Promise<HttpResponse> => {
    const requests = batch.filter((message) => message.kind === 'request')
    const decided: Decided[] = []
    for (const [call, message] of requests.entries()) {
      const log = context.request.log.with({ call })
      const about = aboutOf(context, message, namedIn(message))
      const refusal = decide(about, log)
      if (refusal instanceof BearerError) return refusals.challenge(refusal, about)
      decided.push({ message, about, log, refusal })
    }
    if (requests.length === 0) return { status: 202 }
    const begin: Begin = ({ message, about, log, refusal }, place) => {
      if (refusal !== undefined) return refusals.result(refusal, about)
      const answer = answerMethod(inContext(context, about.named, log, place), message)
      const render = toText(about, refusals)
      return answer instanceof Promise ? answer.then(render) : render(answer)
    }
    return joined(beginAll(decided, begin, options.queue, context.isLong), context.place)
  }

  return (context, inbound) =>
    'batch' in inbound ? answerBatch(context, inbound.batch) : answerOne(context, inbound.message)
}

function aboutOf(
  { era, caller }: RequestContext,
  { id, method }: RpcRequest,
  named: Named,
): RefusedMessage {
  return { id, isToolCall: method === 'tools/call', era, caller, named }
}

/** Names each member, because copying them by spread is slow. */
function inContext(
  { isPlain, verbatim, isLong, era, request, caller, budget, place: own }: RequestContext,
  named: Named,
  log: Log,
  place = own,
): MessageContext {
  return { isPlain, verbatim, isLong, era, request, caller, budget, place, named, log }
}

function decide({ named, caller }: RefusedMessage, log: Log): Refusal | undefined {
  const target = named.tool ?? named.resource
  return target && authorize(target, caller, log)
}

/** A separate function, so that its closure keeps nothing of the message. */
function toResponse(about: RefusedMessage, { request }: RequestContext, refusals: Refusals) {
  return (answer: MethodAnswer): HttpResponse => {
    if (answer instanceof RpcError) return errorResponse(about.id, answer)
    if (answer instanceof BearerError) return refusals.answer(answer, about, request)
    return jsonResponse(
      typeof answer === 'string' ? resultText(about.id, answer) : resultBytes(about.id, answer),
    )
  }
}

function toText(about: RefusedMessage, refusals: Refusals) {
  return (answer: MethodAnswer): string => {
    if (answer instanceof RpcError) return errorText(about.id, answer)
    // The other calls have started, so only this one is refused.
    if (answer instanceof BearerError) return refusals.result(answer, about)
    return resultText(about.id, String(answer))
  }
}

/**
 * Starts to answer all requests of a batch, in order, and returns the pending answers. They are in
 * an object, because awaiting them here would keep the requests in memory. `isLong` means that the
 * batch was read in turns. Each request is then checked before the next one starts.
 */
async function beginAll(
  requests: readonly Decided[],
  begin: Begin,
  queue: Queue,
  isLong: boolean,
): Promise<{ readonly answers: readonly (string | Promise<string>)[] }> {
  const answers: (string | Promise<string>)[] = []
  let startedAt = monotonicMs()
  let ownCharacters = 0
  for (const request of requests) {
    if (monotonicMs() - startedAt > MAX_TURN_MS) {
      await setImmediate()
      startedAt = monotonicMs()
    }
    const place = queue()
    let onLeave: () => void = () => undefined
    const isChecked = new Promise<void>((resolve) => {
      onLeave = resolve
    })
    const leave = () => {
      onLeave()
      place.leave()
    }
    const answer = begin(request, { ...place, leave })
    if (typeof answer === 'string') {
      ownCharacters += answer.length
      // A single result is never too long.
      const isTooLong = ownCharacters > MAX_OWN_CHARACTERS && answers.length > 0
      answers.push(isTooLong ? errorText(request.about.id, batchTooLong()) : answer)
      continue
    }
    answers.push(answer)
    // Leaves the place after an error, too. Also prevents an unhandled rejection until all requests
    // have started.
    const isOver = answer.then(leave, leave)
    if (isLong) await Promise.race([isChecked, isOver])
  }
  return { answers }
}

function batchTooLong(): RpcError {
  const message = 'The results of this batch are too long. Send fewer messages in a batch.'
  return new RpcError(200, CODES.server, message)
}

/**
 * Returns the response to a batch. Its messages stay in memory until all requests have started, not
 * until all are answered.
 */
function joined(begun: ReturnType<typeof beginAll>, place: Place): Promise<HttpResponse> {
  return begun
    .then(({ answers }) => {
      place.leave()
      return Promise.all(answers)
    })
    .then((answers) => jsonResponse(`[${answers.join(',')}]`))
}
