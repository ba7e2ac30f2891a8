import type { HttpRequest } from '../../../shared/http/http.ts'
import type { Place } from '../../../shared/json/long-work.ts'
import type { Log } from '../../../shared/log.ts'
import type { BearerError } from '../../../shared/oauth/bearer.ts'
import type { Caller } from '../authenticator.ts'
import type { ByteBudget } from '../backend/response-budget.ts'
import type { CallableTool } from '../callable-tool.ts'
import type { ReadableResource } from '../resources/resources.ts'
import type { RpcError, RpcRequest } from './json-rpc.ts'
import type { Era, Received } from './revision.ts'

/** The HTTP request that carried the messages, and its caller. */
export interface RequestContext extends Omit<Received, 'inbound'> {
  readonly era: Era
  readonly request: HttpRequest
  readonly caller: Caller | undefined
  readonly place: Place
  /** Limits the received bytes of all backend responses together. */
  readonly budget: ByteBudget
}

/** The tool or resource that a message names. Access to it is checked. */
export interface Named {
  readonly tool?: CallableTool | undefined
  readonly resource?: ReadableResource | undefined
}

/** The context of one authorized message. */
export interface MessageContext extends RequestContext {
  /** The log of the request. In a batch, each record has the index of the call. */
  readonly log: Log
  readonly named: Named
}

/**
 * The answer to a request: the JSON of its result (in UTF-8 if it is long or constant), a protocol error,
 * or a refusal because no token for the backend could be obtained.
 */
export type MethodAnswer = string | Buffer | RpcError | BearerError

/** Answers one JSON-RPC request. A pending answer keeps nothing of the message in memory. */
export type AnswerMethod = (
  context: MessageContext,
  message: RpcRequest,
) => MethodAnswer | Promise<MethodAnswer>
