import { BearerError } from '../../shared/bearer.ts'
import {
  errorResponse as httpErrorResponse,
  type HttpRequest,
  type HttpResponse,
  withHeaders,
} from '../../shared/http.ts'
import { HttpError } from '../../shared/http-error.ts'
import type { Catalogue } from '../../shared/tools.ts'
import { allowAnswers, authorize, type CallTool } from './call-tool.ts'
import type { CallableTool } from './callable-tool.ts'
import { type Gate, type Identity, PermissionError } from './identity.ts'
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
import { calledTool, callsIn, createMethods, type Exchange } from './mcp-methods.ts'
import { writeResult } from './mcp-result.ts'
import type { RateLimit } from './rate-limit.ts'
import {
  type ChallengeForm,
  challengeForm,
  permissionResult,
  refusalMessage,
  refusalResult,
} from './refusal.ts'
import { type Inbound, readInbound } from './revision.ts'

export interface McpOptions {
  readonly gate: Gate
  readonly catalogue: Catalogue<CallableTool>
  readonly callTool: CallTool
  readonly challengeForm: ChallengeForm
  readonly rateLimit: RateLimit
}

/** What clients send again after Retry-After, with the same message. */
const RETRIED_STATUS: ReadonlySet<number> = new Set([429, 503])

interface Received {
  readonly inbound: Inbound
  readonly isPlain: boolean
}

/** MCP Streamable HTTP at `POST /mcp`: stateless, every answer one JSON document, never a stream. */
export function createMcp(options: McpOptions): (request: HttpRequest) => Promise<HttpResponse> {
  const { gate, catalogue, callTool, rateLimit } = options
  const answerMethod = createMethods(catalogue, callTool)

  const challenge = (
    refusal: BearerError,
    message?: RpcRequest,
    identity?: Identity,
  ): HttpResponse => {
    const tool = message && refusal.status === 403 ? calledTool(catalogue, message) : undefined
    return errorResponse(
      message?.id ?? null,
      new RpcError(refusal.status, CODE.server, refusalMessage(refusal)),
      { 'www-authenticate': gate.challenge(refusal, tool, identity) },
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
    return jsonText(resultText(message.id, writeResult(result, era)))
  }

  const answerOne = async (exchange: Exchange, message: RpcMessage): Promise<HttpResponse> => {
    if (message.kind !== 'request') return { status: 202 }
    try {
      return jsonText(resultText(message.id, await answerMethod(exchange, message)))
    } catch (error) {
      if (error instanceof RpcError) return errorResponse(message.id, error)
      if (error instanceof PermissionError) {
        return jsonText(resultText(message.id, writeResult(permissionResult(error), exchange.era)))
      }
      if (!(error instanceof BearerError)) throw error
      return refuse(exchange, error, message)
    }
  }

  /**
   * Everything is decided before anything is called: a batch refused with a challenge has done
   * nothing. A missing permission refuses its own call alone.
   */
  const answerBatch = async (exchange: Exchange, batch: readonly RpcMessage[]) => {
    const requests = batch.filter((message) => message.kind === 'request')
    const withheld = new Map<RpcRequest, PermissionError>()
    for (const message of requests) {
      const tool = calledTool(catalogue, message)
      try {
        if (tool !== undefined) authorize(tool, exchange.identity, exchange.request.log)
      } catch (error) {
        if (error instanceof BearerError) return challenge(error, message, exchange.identity)
        if (!(error instanceof PermissionError)) throw error
        withheld.set(message, error)
      }
    }
    const answers = await Promise.all(
      requests.map((message) => {
        const refusal = withheld.get(message)
        if (refusal !== undefined) {
          return resultText(message.id, writeResult(permissionResult(refusal), exchange.era))
        }
        return answerMethod(exchange, message).then(
          (result) => resultText(message.id, result),
          (error: unknown) => {
            if (error instanceof RpcError) return errorText(message.id, error)
            throw error
          },
        )
      }),
    )
    return answers.length === 0 ? { status: 202 } : jsonText(`[${answers.join(',')}]`)
  }

  const answer = async (
    request: HttpRequest,
    { inbound, isPlain }: Received,
    identity: Identity,
  ): Promise<HttpResponse> => {
    const limits = await rateLimit(identity, callsIn(inbound))
    const exchange = { era: inbound.era, request, identity, isPlain, take: allowAnswers() }
    const response =
      'batch' in inbound
        ? await answerBatch(exchange, inbound.batch)
        : await answerOne(exchange, inbound.message)
    return withHeaders(response, limits)
  }

  const serve = async (request: HttpRequest, body: Buffer): Promise<HttpResponse> => {
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
    const received = read(body, request, refusal === undefined)
    if ('status' in received) return received
    if (refusal === undefined) return answer(request, received, identified.identity)
    const { inbound } = received
    const message = 'message' in inbound ? inbound.message : undefined
    return message?.kind === 'request'
      ? refuse({ request, era: inbound.era, identity: undefined }, refusal, message)
      : challenge(refusal)
  }

  return async (request) => {
    const body = request.body()
    try {
      return await serve(request, body)
    } catch (error) {
      if (!(error instanceof HttpError && RETRIED_STATUS.has(error.status))) throw error
      // Logs the reason.
      const { headers } = httpErrorResponse(error, request.log)
      const rpcError = new RpcError(error.status, CODE.server, error.message)
      return errorResponse(readId(body), rpcError, headers)
    }
  }
}

/** The id of the request that a body holds; null for a batch and for what is no request. */
function readId(body: Buffer) {
  try {
    return idOf(readJson(body, false).value)
  } catch (error) {
    if (error instanceof RpcError) return null
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
