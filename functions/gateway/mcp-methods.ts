import type { HttpRequest } from '../../shared/http.ts'
import { asObject } from '../../shared/json.ts'
import type { Log } from '../../shared/log.ts'
import type { Catalogue } from '../../shared/tools.ts'
import { asTraceparent } from '../../shared/trace-context.ts'
import type { Allowance } from './backend/send.ts'
import { authorize, type CallTool } from './call-tool.ts'
import type { CallableTool } from './callable-tool.ts'
import { readClientHints } from './client-hints.ts'
import type { Identity } from './identity.ts'
import { CODE, isNothing, RpcError, type RpcRequest } from './json-rpc.ts'
import { toCallToolResult, writeResult } from './mcp-result.ts'
import type { Era, Inbound } from './revision.ts'
import { introduce } from './tool-list.ts'

/** The HTTP request in which a message came, and who sent it. */
export interface Exchange {
  readonly era: Era
  readonly request: HttpRequest
  /** The request's; in a batch each line names the call. */
  readonly log: Log
  readonly identity: Identity
  /** Whether the messages' numbers are numbers, as `readJson` tells. */
  readonly isPlain: boolean
  /** What the backends of all its calls together may answer. */
  readonly take: Allowance
}

/**
 * Answers one JSON-RPC request with the JSON of its result.
 *
 * A call's promise keeps nothing of the message.
 *
 * @throws RpcError for what the protocol refuses, BearerError for a call that is not allowed; at once.
 * The promise rejects with a BearerError alone, for a call that needs a new sign-in.
 */
export type AnswerMethod = (exchange: Exchange, message: RpcRequest) => string | Promise<string>

type Method = AnswerMethod

/** The methods of a server that has tools and nothing else, by era. */
export function createMethods(
  catalogue: Catalogue<CallableTool>,
  callTool: CallTool,
): AnswerMethod {
  const introduction = introduce(catalogue)

  const call: Method = ({ era, request, log, identity, isPlain, take }, { params }) => {
    const given = asObject(params['arguments'] ?? {})
    if (typeof params['name'] !== 'string' || given === undefined) {
      throw invalidParams('a name and an object of arguments')
    }
    const tool = catalogue.get(params['name'])
    if (tool === undefined) throw new RpcError(200, CODE.invalidParams, 'Unknown tool.')
    authorize(tool, identity, log)
    const { id: requestId, signal } = request
    const meta = asObject(params['_meta'])
    const traceparent = request.traceparent ?? asTraceparent(meta?.['traceparent'])
    const hints = readClientHints(meta)
    const body = JSON.stringify(given)
    const sent = { tool, body, identity, hints, requestId, traceparent, signal, take, log }
    return callTool({ ...sent, args: given, isPlain }).then((outcome) =>
      writeResult(toCallToolResult(outcome, tool, era), era),
    )
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

  return (exchange, message) => {
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

/** The tools that the messages of one POST would call; undefined for one that does not exist. */
export function callsIn(
  catalogue: Catalogue<CallableTool>,
  inbound: Inbound,
): (CallableTool | undefined)[] {
  const messages = 'batch' in inbound ? inbound.batch : [inbound.message]
  return messages.flatMap((message) =>
    message.kind === 'request' && message.method === 'tools/call'
      ? [calledTool(catalogue, message)]
      : [],
  )
}

function invalidParams(what: string): RpcError {
  return new RpcError(200, CODE.invalidParams, `Invalid params: ${what}.`)
}
