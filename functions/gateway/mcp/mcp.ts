import type { ServerSection } from '../../../shared/catalogue/server.ts'
import {
  type HttpRequest,
  type HttpResponse,
  errorResponse as httpErrorResponse,
  withHeaders,
} from '../../../shared/http/http.ts'
import { HttpError } from '../../../shared/http/http-error.ts'
import type { Place, Queue } from '../../../shared/json/long-work.ts'
import { BearerError } from '../../../shared/oauth/bearer.ts'
import type { Catalogue } from '../../../shared/tools.ts'
import type { OpenResponseBudget } from '../backend/response-budget.ts'
import { authorize, type CallTool } from '../call-tool.ts'
import type { CallableTool } from '../callable-tool.ts'
import { type Gate, type Identity, PermissionError } from '../identity.ts'
import type { ReadInput } from '../input/read-input.ts'
import { isJson, notJson } from '../json-type.ts'
import type { RateLimit } from '../rate-limit.ts'
import { authorizeRead, type FetchResource } from '../resources/read-resource.ts'
import type { ServedResources } from '../resources/resources.ts'
import { type Begin, beginAll } from './batch.ts'
import type { Exchange } from './exchange.ts'
import {
  CODE,
  errorResponse,
  errorText,
  RpcError,
  type RpcMessage,
  type RpcRequest,
  resultBytes,
  resultText,
} from './json-rpc.ts'
import { calledTool, callsIn, createMethods, namedResource } from './mcp-methods.ts'
import { idIn, type Received, readBody } from './received.ts'
import {
  type ChallengeForm,
  challengeForm,
  permissionResult,
  refusalMessage,
  refusalResult,
} from './refusal.ts'
import { createCompletion, createWriter, introduce } from './tool-list.ts'

export interface McpOptions {
  readonly gate: Gate
  readonly catalogue: Catalogue<CallableTool>
  readonly callTool: CallTool
  /** What the catalogue says of the server itself. */
  readonly server: ServerSection | undefined
  readonly served: ServedResources
  readonly readInput: ReadInput
  readonly fetchResource: FetchResource
  readonly challengeForm: ChallengeForm
  /** Undefined: nothing limits calls. */
  readonly rateLimit: RateLimit | undefined
  readonly queue: Queue
  readonly openBudget: OpenResponseBudget
  readonly maxBodyBytes?: number | undefined
}

/** What clients send again after Retry-After, with the same message. */
const RETRIED_STATUS: ReadonlySet<number> = new Set([429, 503])

/** MCP Streamable HTTP at `POST /mcp`: stateless, every answer one JSON document, never a stream. */
export function createMcp(options: McpOptions): (request: HttpRequest) => Promise<HttpResponse> {
  const { gate, catalogue, served, server, rateLimit, queue, maxBodyBytes: maxBytes } = options
  const complete = createCompletion(server)
  const write = createWriter(complete)
  const introduction = introduce({ catalogue, served, server, write })
  const lists = [introduction.toolsOfHandshakeEra, introduction.toolsOfStatelessEra]
  const listBytes = new Map(lists.map((list) => [list, Buffer.from(list)]))
  const answerMethod = createMethods({ ...options, introduction, write, complete })
  const withheldText = ({ era }: Exchange, id: RpcRequest['id'], refusal: PermissionError) =>
    resultText(id, write(permissionResult(refusal), era))
  const neededFor = (message: RpcRequest) =>
    calledTool(catalogue, message) ?? namedResource(served, message)

  const challenge = (
    refusal: BearerError,
    message?: RpcRequest,
    identity?: Identity,
  ): HttpResponse => {
    const needed = message && refusal.status === 403 ? neededFor(message) : undefined
    return errorResponse(
      message?.id ?? null,
      new RpcError(refusal.status, CODE.server, refusalMessage(refusal)),
      { 'www-authenticate': gate.challenge(refusal, needed, identity) },
    )
  }

  const refuse = (
    { request, era, identity }: Pick<Exchange, 'request' | 'era' | 'identity'>,
    refusal: BearerError,
    message: RpcRequest,
  ) => {
    const form = challengeForm(options.challengeForm, request)
    if (message.method !== 'tools/call' || form === 'http') {
      return challenge(refusal, message, identity)
    }
    const tool = calledTool(catalogue, message)
    const result = refusalResult(refusal, gate.challenge, tool, identity)
    return jsonText(resultText(message.id, write(result, era)))
  }

  const answerOne = (
    exchange: Exchange,
    message: RpcMessage,
  ): HttpResponse | Promise<HttpResponse> => {
    if (message.kind !== 'request') return { status: 202 }
    const { id } = message
    try {
      const result = answerMethod(exchange, message)
      if (typeof result === 'string') {
        const bytes = message.method === 'tools/list' ? listBytes.get(result) : undefined
        return jsonText(bytes ? resultBytes(id, bytes) : resultText(id, result))
      }
      const refusedLater = nameOnly(message)
      return result.then(
        (text) => jsonText(resultText(id, text)),
        (error: unknown) => {
          if (error instanceof BearerError) return refuse(exchange, error, refusedLater)
          return errorResponse(id, asRpcError(error))
        },
      )
    } catch (error) {
      if (error instanceof RpcError) return errorResponse(id, error)
      if (error instanceof PermissionError) return jsonText(withheldText(exchange, id, error))
      if (!(error instanceof BearerError)) throw error
      return refuse(exchange, error, message)
    }
  }

  const answerInBatch = (
    shared: Exchange,
    call: number,
    message: RpcRequest,
    place: Place,
  ): string | Promise<string> => {
    const { id } = message
    const exchange = { ...shared, log: shared.log.with({ call }), place }
    try {
      const result = answerMethod(exchange, message)
      if (typeof result === 'string') return resultText(id, result)
      const tool = calledTool(catalogue, message)
      return result.then(
        (text) => resultText(id, text),
        (error: unknown) => {
          if (!(error instanceof BearerError)) return errorText(id, asRpcError(error))
          // The other calls are under way, so this one is refused alone.
          const refused = refusalResult(error, gate.challenge, tool, exchange.identity)
          return resultText(id, write(refused, exchange.era))
        },
      )
    } catch (error) {
      // The calls before this one are under way, and wait for it.
      return error instanceof RpcError ? errorText(id, error) : Promise.reject(error)
    }
  }

  /**
   * Everything is decided before anything is called: a batch refused with a challenge has done
   * nothing. A missing permission refuses its own call alone.
   */
  const answerBatch = (
    exchange: Exchange,
    batch: readonly RpcMessage[],
  ): HttpResponse | Promise<HttpResponse> => {
    const requests = batch.filter((message) => message.kind === 'request')
    const withheld = new Map<RpcRequest, PermissionError>()
    for (const [call, message] of requests.entries()) {
      const tool = calledTool(catalogue, message)
      try {
        const log = exchange.log.with({ call })
        if (tool !== undefined) authorize(tool, exchange.identity, log)
        const resource = namedResource(served, message)
        if (resource !== undefined) authorizeRead(resource, exchange.identity, log)
      } catch (error) {
        if (error instanceof BearerError) return challenge(error, message, exchange.identity)
        if (!(error instanceof PermissionError)) throw error
        withheld.set(message, error)
      }
    }
    if (requests.length === 0) return { status: 202 }
    const begins = requests.map((message, call): Begin => {
      const refusal = withheld.get(message)
      if (refusal !== undefined) return () => withheldText(exchange, message.id, refusal)
      return (place) => answerInBatch(exchange, call, message, place)
    })
    return joined(beginAll(begins, queue, exchange.isLong), exchange.place)
  }

  /** Not async, as all that reads messages here: what waits for a backend must not keep them. */
  const answer = (
    request: HttpRequest,
    { inbound, ...read }: Received,
    identity: Identity,
    place: Place,
  ): HttpResponse | Promise<HttpResponse> => {
    const { log } = request
    const exchange = {
      ...read,
      era: inbound.era,
      request,
      log,
      identity,
      place,
      budget: options.openBudget(request.onClose),
    }
    return 'batch' in inbound
      ? answerBatch(exchange, inbound.batch)
      : answerOne(exchange, inbound.message)
  }

  const readAndAnswer = (
    request: HttpRequest,
    body: Buffer,
    identity: Identity,
    place: Place,
  ): HttpResponse | Promise<HttpResponse> => {
    const goOn = (received: Received | HttpResponse) =>
      'status' in received ? received : answer(request, received, identity, place)
    const received = readBody(body, request, place)
    return received instanceof Promise ? received.then(goOn) : goOn(received)
  }

  /** Counts the calls. They are read again afterwards, because the count may be far away. */
  const countAndAnswer = async (
    limit: RateLimit,
    request: HttpRequest,
    body: Buffer,
    identity: Identity,
    place: Place,
  ): Promise<HttpResponse> => {
    const received = await readBody(body, request, place)
    const calls = 'status' in received ? undefined : callsIn(catalogue, served, received.inbound)
    place.leave()
    try {
      const fields = calls && (await limit(identity, calls))
      // Only its end waits for a backend: what it has here is not kept.
      return Promise.resolve(readAndAnswer(request, body, identity, place)).then(adding(fields))
    } catch (error) {
      return refuseForNow(error, request, await idIn(body, place))
    }
  }

  const serve = async (request: HttpRequest, place: Place): Promise<HttpResponse> => {
    const identified = await identify(gate, request)
    if ('unavailable' in identified) {
      const id = request.body({ maxBytes }).then((body) => idIn(body, place), noId)
      return refuseForNow(identified.unavailable, request, await id)
    }
    const refusal = 'refusal' in identified ? identified.refusal : undefined
    const form = challengeForm(options.challengeForm, request)
    // Nothing of a refused request is read, unless the form of the refusal depends on it. A token
    // that is not valid is 401 for every client: on that they refresh it.
    if (refusal !== undefined) {
      if (form === 'http' || refusal.code !== undefined || !isJson(request)) {
        return challenge(refusal)
      }
    }
    if (!isJson(request)) throw notJson()
    if (refusal === undefined) {
      const { identity } = identified
      const answerBody = (body: Buffer) =>
        rateLimit === undefined
          ? readAndAnswer(request, body, identity, place)
          : countAndAnswer(rateLimit, request, body, identity, place)
      return await request.body({ maxBytes }).then(answerBody)
    }
    const received = await readBody(await request.body({ maxBytes }), request, place)
    if ('status' in received) return received
    const { inbound } = received
    const message = 'message' in inbound ? inbound.message : undefined
    return message?.kind === 'request'
      ? refuse({ request, era: inbound.era, identity: undefined }, refusal, message)
      : challenge(refusal)
  }

  return async (request) => {
    const place = queue()
    try {
      return await serve(request, place)
    } catch (error) {
      // A 503 of the body itself.
      return refuseForNow(error, request, null)
    } finally {
      place.leave()
    }
  }
}

/** The answer to a batch; its messages are kept until all are begun, not until all are answered. */
function joined(begun: ReturnType<typeof beginAll>, place: Place): Promise<HttpResponse> {
  return begun
    .then(({ answers }) => {
      place.leave()
      return Promise.all(answers)
    })
    .then((answers) => jsonText(`[${answers.join(',')}]`))
}

/** @throws whatever else it is. */
function asRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error
  throw error
}

/** What a refusal needs of a call, without its arguments: those are not kept while a backend works. */
function nameOnly(message: RpcRequest): RpcRequest {
  const { name } = message.params
  return { ...message, params: { name } }
}

async function identify(gate: Gate, request: HttpRequest) {
  try {
    return { identity: await gate.identify(request.authorization, request.log) }
  } catch (refusal) {
    if (refusal instanceof BearerError) return { refusal }
    if (refusal instanceof HttpError) return { unavailable: refusal }
    throw refusal
  }
}

/** The answer to what the client may send again after Retry-After. @throws any other error. */
function refuseForNow(error: unknown, request: HttpRequest, id: RpcRequest['id'] | null) {
  if (!(error instanceof HttpError && RETRIED_STATUS.has(error.status))) throw error
  // Logs the reason.
  const { headers } = httpErrorResponse(error, request.log)
  return errorResponse(id, new RpcError(error.status, CODE.server, error.message), headers)
}

/** Of a body that cannot be had. */
function noId(error: unknown): null {
  if (error instanceof HttpError) return null
  throw error
}

function adding(fields: Readonly<Record<string, string>> | undefined) {
  return (response: HttpResponse) =>
    fields === undefined ? response : withHeaders(response, fields)
}

function jsonText(text: string | Uint8Array): HttpResponse {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: text }
}
