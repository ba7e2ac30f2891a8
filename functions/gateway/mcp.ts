import { BearerError } from '../../shared/bearer.ts'
import type { ServerSection } from '../../shared/catalogue/server.ts'
import {
  type HttpRequest,
  type HttpResponse,
  errorResponse as httpErrorResponse,
  withHeaders,
} from '../../shared/http.ts'
import { HttpError } from '../../shared/http-error.ts'
import type { Catalogue } from '../../shared/tools.ts'
import { allowAnswers, authorize, type CallTool } from './call-tool.ts'
import type { CallableTool } from './callable-tool.ts'
import type { Exchange } from './exchange.ts'
import { type Gate, type Identity, PermissionError } from './identity.ts'
import type { ReadInput } from './input/read-input.ts'
import {
  CODE,
  errorResponse,
  errorText,
  idOf,
  RpcError,
  type RpcMessage,
  type RpcRequest,
  readJson,
  resultText,
} from './json-rpc.ts'
import { isJson, notJson } from './json-type.ts'
import { calledTool, callsIn, createMethods, namedResource } from './mcp-methods.ts'
import type { RateLimit } from './rate-limit.ts'
import {
  type ChallengeForm,
  challengeForm,
  permissionResult,
  refusalMessage,
  refusalResult,
} from './refusal.ts'
import { authorizeRead, type FetchResource } from './resources/read-resource.ts'
import type { ServedResources } from './resources/resources.ts'
import { type Inbound, readInbound } from './revision.ts'
import { createWriter, introduce } from './tool-list.ts'

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
}

/** What clients send again after Retry-After, with the same message. */
const RETRIED_STATUS: ReadonlySet<number> = new Set([429, 503])

interface Received {
  readonly inbound: Inbound
  readonly isPlain: boolean
}

/** MCP Streamable HTTP at `POST /mcp`: stateless, every answer one JSON document, never a stream. */
export function createMcp(options: McpOptions): (request: HttpRequest) => Promise<HttpResponse> {
  const { gate, catalogue, served, server, rateLimit } = options
  const write = createWriter(server)
  const introduction = introduce({ catalogue, served, server, write })
  const answerMethod = createMethods({ ...options, introduction, write })
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
      if (typeof result === 'string') return jsonText(resultText(id, result))
      return result.then(
        (text) => jsonText(resultText(id, text)),
        (error: unknown) => errorResponse(id, asRpcError(error)),
      )
    } catch (error) {
      if (error instanceof RpcError) return errorResponse(id, error)
      if (error instanceof PermissionError) return jsonText(withheldText(exchange, id, error))
      if (!(error instanceof BearerError)) throw error
      return refuse(exchange, error, message)
    }
  }

  const answerInBatch = (exchange: Exchange, message: RpcRequest): string | Promise<string> => {
    const { id } = message
    try {
      const result = answerMethod(exchange, message)
      if (typeof result === 'string') return resultText(id, result)
      return result.then(
        (text) => resultText(id, text),
        (error: unknown) => errorText(id, asRpcError(error)),
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
    const exchanges = requests.map((_, call) => ({ ...exchange, log: exchange.log.with({ call }) }))
    const withheld = new Map<RpcRequest, PermissionError>()
    for (const [index, message] of requests.entries()) {
      const tool = calledTool(catalogue, message)
      try {
        const { log } = exchanges[index] ?? exchange
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
    return Promise.all(
      requests.map((message, index) => {
        const refusal = withheld.get(message)
        if (refusal !== undefined) return withheldText(exchange, message.id, refusal)
        return answerInBatch(exchanges[index] ?? exchange, message)
      }),
    ).then((answers) => jsonText(`[${answers.join(',')}]`))
  }

  /** Not async, as all that reads messages here: what waits for a backend must not keep them. */
  const answer = (
    request: HttpRequest,
    { inbound, isPlain }: Received,
    identity: Identity,
  ): HttpResponse | Promise<HttpResponse> => {
    const { log } = request
    const exchange = { era: inbound.era, request, log, identity, isPlain, take: allowAnswers() }
    return 'batch' in inbound
      ? answerBatch(exchange, inbound.batch)
      : answerOne(exchange, inbound.message)
  }

  const readAndAnswer = (request: HttpRequest, identity: Identity) => {
    const received = read(request.takeBody(), request, true)
    return 'status' in received ? received : answer(request, received, identity)
  }

  /** Counts the calls. They are read again afterwards, because the count may be far away. */
  const countCalls = (request: HttpRequest, identity: Identity) => {
    if (rateLimit === undefined) return undefined
    const received = read(request.body(), request, false)
    if ('status' in received) return undefined
    return rateLimit(identity, callsIn(catalogue, served, received.inbound))
  }

  const serve = async (request: HttpRequest): Promise<HttpResponse> => {
    request.body()
    const identified = await identify(gate, request)
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
      const limits = await countCalls(request, identified.identity)
      const response = await readAndAnswer(request, identified.identity)
      return limits === undefined ? response : withHeaders(response, limits)
    }
    const received = read(request.body(), request, false)
    if ('status' in received) return received
    const { inbound } = received
    const message = 'message' in inbound ? inbound.message : undefined
    return message?.kind === 'request'
      ? refuse({ request, era: inbound.era, identity: undefined }, refusal, message)
      : challenge(refusal)
  }

  return (request) =>
    serve(request).catch((error: unknown) => {
      if (!(error instanceof HttpError && RETRIED_STATUS.has(error.status))) throw error
      // Logs the reason.
      const { headers } = httpErrorResponse(error, request.log)
      return errorResponse(
        idIn(request),
        new RpcError(error.status, CODE.server, error.message),
        headers,
      )
    })
}

/** @throws whatever else it is. */
function asRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error
  throw error
}

/** The id of the request that a body holds; null for a batch and for what is no request. */
function idIn(request: HttpRequest) {
  try {
    return idOf(readJson(request.body(), false).value)
  } catch (error) {
    if (error instanceof RpcError || error instanceof HttpError) return null
    throw error
  }
}

async function identify(gate: Gate, request: HttpRequest) {
  try {
    return { identity: await gate.identify(request.authorization, request.log) }
  } catch (refusal) {
    if (refusal instanceof BearerError) return { refusal }
    throw refusal
  }
}

/** What the body says, or the answer when it says nothing that can be understood. */
function read(body: Buffer, request: HttpRequest, toPassOn: boolean): Received | HttpResponse {
  let value: unknown
  try {
    const json = readJson(body, toPassOn)
    value = json.value
    return { inbound: readInbound(value, request.headers), isPlain: json.isPlain }
  } catch (error) {
    if (error instanceof RpcError) return errorResponse(idOf(value), error)
    throw error
  }
}

function jsonText(text: string): HttpResponse {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: text }
}
