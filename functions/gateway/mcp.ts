import { BearerError } from '../../shared/bearer.ts'
import { type HttpRequest, type HttpResponse, withHeaders } from '../../shared/http.ts'
import type { Catalogue } from '../../shared/tools.ts'
import { allowAnswers, authorize, type CallTool } from './call-tool.ts'
import type { CallableTool } from './callable-tool.ts'
import type { Gate, Identity } from './identity.ts'
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
import { type ChallengeForm, challengeForm, refusalResult } from './refusal.ts'
import { type Era, type Inbound, readInbound } from './revision.ts'

export interface McpOptions {
  readonly gate: Gate
  readonly catalogue: Catalogue<CallableTool>
  readonly callTool: CallTool
  readonly challengeForm: ChallengeForm
  readonly rateLimit: RateLimit
}

interface Received {
  readonly inbound: Inbound
  readonly isPlain: boolean
}

/** MCP Streamable HTTP at `POST /mcp`: stateless, every answer one JSON document, never a stream. */
export function createMcp(options: McpOptions): (request: HttpRequest) => Promise<HttpResponse> {
  const { gate, catalogue, callTool, rateLimit } = options
  const answerMethod = createMethods(catalogue, callTool)

  const challenge = (refusal: BearerError, message?: RpcRequest): HttpResponse => {
    const tool = message && refusal.status === 403 ? calledTool(catalogue, message) : undefined
    return errorResponse(
      message?.id ?? null,
      new RpcError(refusal.status, CODE.server, refusal.message),
      { 'www-authenticate': gate.challenge(refusal, tool) },
    )
  }

  const refuse = (request: HttpRequest, era: Era, refusal: BearerError, message: RpcRequest) => {
    const form = challengeForm(options.challengeForm, request)
    if (message.method !== 'tools/call' || form === 'http') return challenge(refusal, message)
    const result = refusalResult(refusal, gate.challenge, calledTool(catalogue, message))
    return jsonText(resultText(message.id, writeResult(result, era)))
  }

  const answerOne = async (exchange: Exchange, message: RpcMessage): Promise<HttpResponse> => {
    if (message.kind !== 'request') return { status: 202 }
    try {
      return jsonText(resultText(message.id, await answerMethod(exchange, message)))
    } catch (error) {
      if (error instanceof RpcError) return errorResponse(message.id, error)
      if (!(error instanceof BearerError)) throw error
      return refuse(exchange.request, exchange.era, error, message)
    }
  }

  /** Everything is decided before anything is called: a refused batch has done nothing. */
  const answerBatch = async (exchange: Exchange, batch: readonly RpcMessage[]) => {
    const requests = batch.filter((message) => message.kind === 'request')
    for (const message of requests) {
      const tool = calledTool(catalogue, message)
      try {
        if (tool !== undefined) authorize(tool, exchange.identity, exchange.request.log)
      } catch (error) {
        if (error instanceof BearerError) return challenge(error, message)
        throw error
      }
    }
    const answers = await Promise.all(
      requests.map((message) =>
        answerMethod(exchange, message).then(
          (result) => resultText(message.id, result),
          (error: unknown) => {
            if (error instanceof RpcError) return errorText(message.id, error)
            throw error
          },
        ),
      ),
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

  return async (request) => {
    const body = request.body()
    const identified = await identify(gate, request)
    const refusal = 'refusal' in identified ? identified.refusal : undefined
    const form = challengeForm(options.challengeForm, request)
    // Nothing of a refused request is read, unless the form of the refusal depends on it.
    if (refusal !== undefined && (form === 'http' || !isJson(request))) return challenge(refusal)
    if (!isJson(request)) throw notJson()
    const received = read(body, request, refusal === undefined)
    if ('status' in received) return received
    if (refusal === undefined) return answer(request, received, identified.identity)
    const { inbound } = received
    const message = 'message' in inbound ? inbound.message : undefined
    return message?.kind === 'request'
      ? refuse(request, inbound.era, refusal, message)
      : challenge(refusal)
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
