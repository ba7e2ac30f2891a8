import type { HttpRequest } from '../../../shared/http/http.ts'
import type { Place } from '../../../shared/json/long-work.ts'
import type { Log } from '../../../shared/log.ts'
import type { ByteBudget } from '../backend/response-budget.ts'
import type { Identity } from '../identity.ts'
import type { RpcRequest } from './json-rpc.ts'
import type { Received } from './received.ts'
import type { Era } from './revision.ts'

/** The HTTP request in which a message came, and who sent it. */
export interface Exchange extends Omit<Received, 'inbound'> {
  readonly era: Era
  readonly request: HttpRequest
  /** The request's; in a batch each line names the call. */
  readonly log: Log
  readonly identity: Identity
  readonly place: Place
  /** What the backends of all its calls together may answer. */
  readonly budget: ByteBudget
}

/**
 * Answers one JSON-RPC request with the JSON of its result.
 *
 * A call's promise keeps nothing of the message.
 *
 * @throws RpcError for what the protocol refuses, BearerError for a call that is not allowed, which
 * throws at once. A promise rejects with RpcError alone, for a resource that cannot be had.
 */
export type AnswerMethod = (exchange: Exchange, message: RpcRequest) => string | Promise<string>
