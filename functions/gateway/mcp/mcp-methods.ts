import { asTraceparent } from '../../../shared/http/trace-context.ts'
import { writingJson } from '../../../shared/json/json-writer.ts'
import type { Place } from '../../../shared/json/long-work.ts'
import { inTurns } from '../../../shared/json/turns.ts'
import { asObject } from '../../../shared/json.ts'
import type { Log } from '../../../shared/log.ts'
import type { Catalogue } from '../../../shared/tools.ts'
import { auditDecision, authorize, type CallTool } from '../call-tool.ts'
import type { CallableTool } from '../callable-tool.ts'
import { readClientHints } from '../client-hints.ts'
import { InputError } from '../input/answers.ts'
import type { AskableCall, CallInput, ReadInput } from '../input/read-input.ts'
import type { Outcome } from '../outcome.ts'
import { resourceMethods } from '../resources/methods.ts'
import type { FetchResource } from '../resources/read-resource.ts'
import type { ReadableResource, ServedResources } from '../resources/resources.ts'
import type { AnswerMethod } from './exchange.ts'
import { CODE, invalidParams, isNothing, RpcError, type RpcRequest } from './json-rpc.ts'
import { toCallToolResult, writingOutcome } from './mcp-result.ts'
import { type Era, type Inbound, META_CAPABILITIES } from './revision.ts'
import { type Completion, type Introduction, isPublicServer, type Writer } from './tool-list.ts'

type Method = AnswerMethod

export interface MethodsOptions {
  readonly catalogue: Catalogue<CallableTool>
  readonly callTool: CallTool
  readonly introduction: Introduction
  readonly served: ServedResources
  readonly readInput: ReadInput
  readonly fetchResource: FetchResource
  readonly write: Writer
  readonly complete: Completion
}

/** The methods of a server that has tools, and resources if the catalogue has any, by era. */
export function createMethods(options: MethodsOptions): AnswerMethod {
  const { catalogue, callTool, introduction, served } = options

  /** @throws RpcError for a retry that cannot be taken, which the audit record names. */
  const inputOf = (call: AskableCall, log: Log): CallInput => {
    try {
      return options.readInput(call)
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      auditDecision(log, call.tool, call.identity, { decision: 'denied', reason: error.reason })
      throw invalidParams(error.message)
    }
  }

  const call: Method = (exchange, { params }) => {
    const { era, request, log, identity, isPlain, budget, place } = exchange
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
    const clientCapabilities = meta?.[META_CAPABILITIES]
    const about = { tool, identity, hints, requestId, traceparent, signal, budget, log, place }
    const begin = (body: string) => {
      const askable = { tool, identity, body, isPlain, params, clientCapabilities }
      const input = era === 'stateless' && inputOf(askable, log)
      return callTool({ ...about, ...input, args: given, isPlain, body })
    }
    const called = exchange.isLong
      ? inTurns(writingJson(given, exchange.isUnescaped)).then(begin)
      : begin(JSON.stringify(given))
    return called.then(outcomeWriter(tool, era, place, options))
  }
  const list: Method = ({ era }, { params }) => {
    const { cursor } = params
    if (!isNothing(cursor) && cursor !== '') throw invalidParams('no cursor: the list has one page')
    return era === 'handshake' ? introduction.toolsOfHandshakeEra : introduction.toolsOfStatelessEra
  }

  const resources = resourceMethods({ ...options, isPublic: isPublicServer(catalogue, served) })
  const methods: Readonly<Record<Era, ReadonlyMap<string, Method>>> = {
    stateless: new Map<string, Method>([
      ...resources,
      ['server/discover', () => introduction.discover],
      ['tools/list', list],
      ['tools/call', call],
    ]),
    handshake: new Map<string, Method>([
      ...resources,
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

/** @throws RpcError -32021 when the client lacks what the tool needs (MCP 2026-07-28, s. Errors). */
function checkCapabilities(outcome: Outcome): void {
  const { message, requiredCapabilities } = outcome.kind === 'failed' ? outcome.failure : {}
  if (message === undefined || requiredCapabilities === undefined) return
  throw new RpcError(400, CODE.missingCapability, message, { requiredCapabilities })
}

/** Keeps nothing of the message, as what is in the scope of the call would. */
function outcomeWriter(
  tool: CallableTool,
  era: Era,
  place: Place,
  { write, complete }: Pick<MethodsOptions, 'write' | 'complete'>,
) {
  return async (outcome: Outcome): Promise<string> => {
    try {
      if (era === 'stateless') checkCapabilities(outcome)
      return place.isTaken()
        ? await inTurns(writingOutcome(outcome, tool, era, complete))
        : write(toCallToolResult(outcome, tool, era), era)
    } finally {
      place.leave()
    }
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

/** The resource that a message would read, if it would read one that exists. */
export function namedResource(
  { readable }: ServedResources,
  { method, params }: RpcRequest,
): ReadableResource | undefined {
  const { uri } = params
  return method === 'resources/read' && typeof uri === 'string' ? readable.get(uri) : undefined
}

/**
 * The tools that the messages of one POST would call; undefined for one that does not exist, and for
 * a resource that a backend would be called for.
 */
export function callsIn(
  catalogue: Catalogue<CallableTool>,
  served: ServedResources,
  inbound: Inbound,
): (CallableTool | undefined)[] {
  const messages = 'batch' in inbound ? inbound.batch : [inbound.message]
  return messages.flatMap((message) => {
    if (message.kind !== 'request') return []
    if (message.method === 'tools/call') return [calledTool(catalogue, message)]
    const resource = namedResource(served, message)
    return resource !== undefined && 'path' in resource.source ? [undefined] : []
  })
}
