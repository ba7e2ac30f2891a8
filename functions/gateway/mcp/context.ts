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

/** The HTTP request in which messages came, and its caller. */
export interface RequestContext extends Omit<Received, 'inbound'> {
  readonly era: Era
  readonly request: HttpRequest
  readonly caller: Caller | undefined
  readonly place: Place
  /** What the backends of all its calls together may answer. */
  readonly budget: ByteBudget
}

/** What one message names, where access to it is decided. */
export interface Named {
  readonly tool?: CallableTool | undefined
  readonly resource?: ReadableResource | undefined
}

/** One message of the request. The caller may use what it names. */
export interface MessageContext extends RequestContext {
  /** The request's; in a batch each line names the call. */
  readonly log: Log
  readonly named: Named
}

/**
 * What a message is answered with: the JSON of its result (as bytes where it never changes), what the
 * protocol refuses, or a refusal by the authorization of a tool's backend.
 */
export type MethodAnswer = string | Buffer | RpcError | BearerError

/** Answers one JSON-RPC request. The promise of a call keeps nothing of the message. */
export type AnswerMethod = (
  context: MessageContext,
  message: RpcRequest,
) => MethodAnswer | Promise<MethodAnswer>
