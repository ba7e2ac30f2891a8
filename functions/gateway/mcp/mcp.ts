import type { ServerSection } from '../../../shared/catalogue/server.ts'
import {
  type HttpRequest,
  type HttpResponse,
  errorResponse as httpErrorResponse,
  isJson,
  withHeaders,
} from '../../../shared/http/http.ts'
import { HttpError, notJson } from '../../../shared/http/http-error.ts'
import type { Place, Queue } from '../../../shared/json/long-work.ts'
import { BearerError } from '../../../shared/oauth/bearer.ts'
import type { Catalogue } from '../../../shared/tools.ts'
import type { Authenticator, Caller } from '../authenticator.ts'
import type { OpenResponseBudget } from '../backend/response-budget.ts'
import type { CallTool } from '../call-tool.ts'
import type { CallableTool } from '../callable-tool.ts'
import type { ReadInput } from '../input/read-input.ts'
import type { RateLimit } from '../rate-limit.ts'
import type { FetchResource } from '../resources/read-resource.ts'
import type { ServedResources } from '../resources/resources.ts'
import { createAnswer } from './answer.ts'
import { CODES, errorResponse, RpcError, type RpcRequest } from './json-rpc.ts'
import { callsIn, createMethods, namedIn } from './mcp-methods.ts'
import { createCompletion, createWriter } from './mcp-result.ts'
import { type ChallengeForm, createRefusals } from './refusal.ts'
import { idIn, type Received, readMessages } from './revision.ts'
import { createStaticResults } from './tool-list.ts'

export interface McpOptions {
  readonly authenticator: Authenticator
  readonly catalogue: Catalogue<CallableTool>
  readonly callTool: CallTool
  /** The `server` section of the catalogue. */
  readonly server: ServerSection | undefined
  readonly served: ServedResources
  readonly readInput: ReadInput
  readonly fetchResource: FetchResource
  readonly challengeForm: ChallengeForm
  /** If undefined, calls are not limited. */
  readonly rateLimit: RateLimit | undefined
  readonly queue: Queue
  readonly openBudget: OpenResponseBudget
  readonly maxBodyBytes?: number | undefined
}

/** Statuses after which clients send the same message again. */
const RETRIED_STATUS: ReadonlySet<number> = new Set([429, 503])

/**
 * Handles MCP Streamable HTTP at `POST /mcp`. It is stateless, and each response is one JSON
 * document, never a stream.
 */
export function createMcp(options: McpOptions): (request: HttpRequest) => Promise<HttpResponse> {
  const {
    authenticator,
    catalogue,
    served,
    server,
    rateLimit,
    queue,
    maxBodyBytes: maxBytes,
  } = options
  const complete = createCompletion(server)
  const write = createWriter(complete)
  const staticResults = createStaticResults({ catalogue, served, server, write })
  const { challengeForm } = options
  const refusals = createRefusals({ challenge: authenticator.challenge, challengeForm, write })
  const answerMessages = createAnswer({
    answerMethod: createMethods({ ...options, staticResults, write, complete }),
    namedIn: (message) => namedIn(catalogue, served, message),
    refusals,
    queue,
  })

  /**
   * Not async, because a suspended function would keep the messages in memory while a backend
   * works.
   */
  const answer = (
    request: HttpRequest,
    body: Buffer,
    caller: Caller | undefined,
    place: Place,
  ): HttpResponse | Promise<HttpResponse> => {
    const answerReceived = (received: Received | HttpResponse) => {
      if ('status' in received) return received
      const { inbound, isPlain, verbatim, isLong } = received
      const budget = options.openBudget(request.onClose, caller?.subject)
      const { era } = inbound
      const context = { isPlain, verbatim, isLong, era, request, caller, place, budget }
      return answerMessages(context, inbound)
    }
    const received = readMessages(body, request, place)
    return received instanceof Promise ? received.then(answerReceived) : answerReceived(received)
  }

  /**
   * Counts the calls first. Then parses the messages again, because they must not stay in memory
   * while Redis counts.
   */
  const countAndAnswer = async (
    limit: RateLimit,
    request: HttpRequest,
    body: Buffer,
    caller: Caller | undefined,
    place: Place,
  ): Promise<HttpResponse> => {
    const received = await readMessages(body, request, place)
    const calls = 'status' in received ? undefined : callsIn(catalogue, served, received.inbound)
    place.leave()
    try {
      const fields = calls && (await limit(caller, calls))
      // Not awaited, so that nothing in this scope stays in memory while a backend works.
      return Promise.resolve(answer(request, body, caller, place)).then(addFields(fields))
    } catch (error) {
      return refuseForNow(error, request, await idIn(body, place))
    }
  }

  /** Reads a refused request only if the form of the refusal depends on its message. */
  const refuse = async (
    request: HttpRequest,
    refusal: BearerError,
    place: Place,
  ): Promise<HttpResponse> => {
    // An invalid token is answered with 401 for every client, because clients then refresh it.
    const isHttp = refusal.code !== undefined || refusals.formFor(request) === 'http'
    if (isHttp || !isJson(request)) return refusals.challenge(refusal)
    const received = await readMessages(await request.body({ maxBytes }), request, place)
    if ('status' in received) return received
    const { inbound } = received
    const message = 'message' in inbound ? inbound.message : undefined
    if (message?.kind !== 'request') return refusals.challenge(refusal)
    const { id, method } = message
    const about = { id, isToolCall: method === 'tools/call', era: inbound.era, caller: undefined }
    const named = namedIn(catalogue, served, message)
    return refusals.answer(refusal, { ...about, named }, request)
  }

  const serve = async (request: HttpRequest, place: Place): Promise<HttpResponse> => {
    let authenticated: Caller | undefined | BearerError
    try {
      authenticated = await authenticator.authenticate(request.authorization, request.log)
    } catch (error) {
      if (!isRetried(error)) throw error
      const id = await request.body({ maxBytes }).then((body) => idIn(body, place), noId)
      return refuseForNow(error, request, id)
    }
    if (authenticated instanceof BearerError) return refuse(request, authenticated, place)
    if (!isJson(request)) throw notJson()
    const caller = authenticated
    const answerBody = (body: Buffer) =>
      rateLimit === undefined
        ? answer(request, body, caller, place)
        : countAndAnswer(rateLimit, request, body, caller, place)
    return request.body({ maxBytes }).then(answerBody)
  }

  return async (request) => {
    const place = queue()
    try {
      return await serve(request, place)
    } catch (error) {
      // Reading the body can fail with 503, too.
      return refuseForNow(error, request, null)
    } finally {
      place.leave()
    }
  }
}

function isRetried(error: unknown): error is HttpError {
  return error instanceof HttpError && RETRIED_STATUS.has(error.status)
}

/**
 * Returns the response to a message that the client may send again after Retry-After.
 * @throws any other error.
 */
function refuseForNow(error: unknown, request: HttpRequest, id: RpcRequest['id'] | null) {
  if (!isRetried(error)) throw error
  // httpErrorResponse also logs the reason.
  const { headers } = httpErrorResponse(error, request.log)
  return errorResponse(id, new RpcError(error.status, CODES.server, error.message), headers)
}

/** Returns null as the id if the body cannot be read. */
function noId(error: unknown): null {
  if (error instanceof HttpError) return null
  throw error
}

function addFields(fields: Readonly<Record<string, string>> | undefined) {
  return (response: HttpResponse) =>
    fields === undefined ? response : withHeaders(response, fields)
}
