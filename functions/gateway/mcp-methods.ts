import type { HttpRequest } from '../../shared/http.ts'
import { asObject } from '../../shared/json.ts'
import type { Catalogue } from '../../shared/tools.ts'
import { asTraceparent } from '../../shared/trace-context.ts'
import { authorize, type CallTool } from './call-tool.ts'
import type { CallableTool } from './callable-tool.ts'
import type { Identity } from './identity.ts'
import { CODE, isNothing, RpcError, type RpcMessage, type RpcRequest } from './json-rpc.ts'
import { toCallToolResult, writeResult } from './mcp-result.ts'
import type { Allowance } from './post.ts'
import type { Era, Inbound } from './revision.ts'
import { introduce } from './tool-list.ts'

/** The HTTP request in which a message came, and who sent it. */
export interface Exchange {
  readonly era: Era
  readonly request: HttpRequest
  readonly identity: Identity
  /** Whether the messages' numbers are numbers, as `readJson` tells. */
  readonly isPlain: boolean
  /** What the backends of all its calls together may answer. */
  readonly take: Allowance
}

/**
 * Answers one JSON-RPC request with the JSON of its result.
 *
 * @throws RpcError for what the protocol refuses, BearerError for a call that is not allowed.
 */
export type AnswerMethod = (exchange: Exchange, message: RpcRequest) => Promise<string>

type Method = (exchange: Exchange, message: RpcRequest) => string | Promise<string>

/** The methods of a server that has tools and nothing else, by era. */
export function createMethods(
  catalogue: Catalogue<CallableTool>,
  callTool: CallTool,
): AnswerMethod {
  const introduction = introduce(catalogue)

  const call: Method = async ({ era, request, identity, isPlain, take }, { params }) => {
    const given = asObject(params['arguments'] ?? {})
    if (typeof params['name'] !== 'string' || given === undefined) {
      throw invalidParams('a name and an object of arguments')
    }
    const tool = catalogue.get(params['name'])
    if (tool === undefined) throw new RpcError(200, CODE.invalidParams, 'Unknown tool.')
    authorize(tool, identity, request.log)
    const { id: requestId, signal, log } = request
    const traceparent =
      request.traceparent ?? asTraceparent(asObject(params['_meta'])?.['traceparent'])
    const body = JSON.stringify(given)
    const args = isPlain ? given : JSON.parse(body)
    const toolCall = { tool, args, body, identity, requestId, traceparent, signal, take, log }
    const outcome = await callTool(toolCall)
    return writeResult(toCallToolResult(outcome, tool, era), era)
  }
  const list: Method = ({ era }, { params }) => {
    const { cursor } = params
    if (!isNothing(cursor) && cursor !== '') throw invalidParams('no cursor: the list has one page')
    return era === 'handshake' ? introduction.toolsOfHandshakeEra : introduction.toolsOfStatelessEra
  }

  const methods: Readonly<Record<Era, ReadonlyMap<string, Method>>> = {
    stateless: new Map([
      ['server/discover', () => introduction.discover],
      ['tools/list', list],
      ['tools/call', call],
    ]),
    handshake: new Map([
      ['initialize', (_, { params }) => introduction.initialize(params['protocolVersion'])],
      ['ping', () => '{}'],
      ['tools/list', list],
      ['tools/call', call],
    ]),
  }

  return async (exchange, message) => {
    const method = methods[exchange.era].get(message.method)
    if (method !== undefined) return method(exchange, message)
    // Streamable HTTP, 2026-07-28: an unknown method is a 404.
    const status = exchange.era === 'stateless' ? 404 : 200
    throw new RpcError(status, CODE.methodNotFound, 'Method not found.')
  }
}

/** The tool that a message would call, if it would call one that exists. */
export function calledTool(
  catalogue: Catalogue<CallableTool>,
  { method, params }: RpcRequest,
): CallableTool | undefined {
  const { name } = params
  return method === 'tools/call' && typeof name === 'string' ? catalogue.get(name) : undefined
}

/** How many tools the messages of one POST would call. */
export function callsIn(inbound: Inbound): number {
  return 'batch' in inbound ? inbound.batch.filter(isCall).length : Number(isCall(inbound.message))
}

function isCall(message: RpcMessage): boolean {
  return message.kind === 'request' && message.method === 'tools/call'
}

function invalidParams(what: string): RpcError {
  return new RpcError(200, CODE.invalidParams, `Invalid params: ${what}.`)
}
