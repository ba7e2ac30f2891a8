import { setImmediate } from 'node:timers/promises'
import type { HttpResponse } from '../../../shared/http/http.ts'
import type { Place, Queue } from '../../../shared/json/long-work.ts'
import type { Log } from '../../../shared/log.ts'
import { BearerError } from '../../../shared/oauth/bearer.ts'
import { authorize, type Refusal } from '../authorization.ts'
import type { AnswerMethod, MethodAnswer, Named, RequestContext } from './context.ts'
import {
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
  /** The tool or the resource that a message names; empty where there is none. */
  readonly namedIn: (message: RpcRequest) => Named
  readonly refusals: Refusals
  readonly queue: Queue
}

/** Decides on the messages of a request and answers them. */
export type AnswerMessages = (
  context: RequestContext,
  inbound: Inbound,
) => HttpResponse | Promise<HttpResponse>

/** One request of a batch, after the decision. */
interface Decided {
  readonly message: RpcRequest
  readonly about: RefusedMessage
  readonly log: Log
  readonly refusal: Refusal | undefined
}

/** Begins to answer one request of a batch; `place` is left when its arguments have been checked. */
type Begin = (decided: Decided, place: Place) => string | Promise<string>

// Then other requests get their turn before the next one of the batch is begun.
const MAX_TURN_MS = 10

/** Nothing here is async, or has closures over a message that outlive the call's beginning. */
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
    const answer = answerMethod({ ...context, log: request.log, named: about.named }, message)
    const render = toResponse(about, context, refusals)
    return answer instanceof Promise ? answer.then(render) : render(answer)
  }

  /**
   * Everything is decided before anything is called: a batch refused with a challenge has done
   * nothing. A missing permission refuses its own call alone.
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
      const answer = answerMethod({ ...context, log, place, named: about.named }, message)
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

function decide({ named, caller }: RefusedMessage, log: Log): Refusal | undefined {
  const target = named.tool ?? named.resource
  return target && authorize(target, caller, log)
}

/** A function of its own, so that it keeps nothing of the message. */
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
    // The other calls are under way, so this one is refused alone.
    if (answer instanceof BearerError) return refusals.result(answer, about)
    return resultText(about.id, String(answer))
  }
}

/**
 * Begins to answer all requests of a batch, in their order, and returns the answers still to come; in
 * an object, because to wait for them here would keep the requests. `isLong`: the batch was read in
 * turns, and each of its requests is checked before the next is begun.
 */
async function beginAll(
  requests: readonly Decided[],
  begin: Begin,
  queue: Queue,
  isLong: boolean,
): Promise<{ readonly answers: readonly (string | Promise<string>)[] }> {
  const answers: (string | Promise<string>)[] = []
  let startedAt = performance.now()
  for (const request of requests) {
    if (performance.now() - startedAt > MAX_TURN_MS) {
      await setImmediate()
      startedAt = performance.now()
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
    answers.push(answer)
    if (typeof answer === 'string') continue
    // Until all are begun it would count as a rejection that is not handled.
    const isOver = answer.then(
      () => undefined,
      () => undefined,
    )
    if (isLong) await Promise.race([isChecked, isOver])
  }
  return { answers }
}

/** The answer to a batch; its messages are kept until all are begun, not until all are answered. */
function joined(begun: ReturnType<typeof beginAll>, place: Place): Promise<HttpResponse> {
  return begun
    .then(({ answers }) => {
      place.leave()
      return Promise.all(answers)
    })
    .then((answers) => jsonResponse(`[${answers.join(',')}]`))
}
