import { asTraceparent } from '../../../shared/http/trace-context.ts'
import { writingJsonBytes } from '../../../shared/json/json-writer.ts'
import type { Place } from '../../../shared/json/long-work.ts'
import { inTurns } from '../../../shared/json/turns.ts'
import { asObject } from '../../../shared/json.ts'
import type { Log } from '../../../shared/log.ts'
import type { Catalogue } from '../../../shared/tools.ts'
import { auditDecision } from '../authorization.ts'
import type { CallTool } from '../call-tool.ts'
import type { CallableTool } from '../callable-tool.ts'
import { readClientHints } from '../client-hints.ts'
import { InputError } from '../input/answers.ts'
import type { AskableCall, CallInput, ReadInput } from '../input/read-input.ts'
import type { Refused, ToolOutcome } from '../outcome.ts'
import { resourceMethods } from '../resources/methods.ts'
import type { FetchResource } from '../resources/read-resource.ts'
import { findResource, type ServedResources } from '../resources/resources.ts'
import type { AnswerMethod, MessageContext, MethodAnswer, Named } from './context.ts'
import { CODES, invalidParams, isAbsent, RpcError, type RpcRequest } from './json-rpc.ts'
import { type Completion, toCallToolResult, type Writer, writingOutcome } from './mcp-result.ts'
import { type Era, type Inbound, META_CAPABILITIES } from './revision.ts'
import { isPublicServer, type StaticResults } from './tool-list.ts'

type Method = AnswerMethod

const NO_INPUT: Partial<CallInput> = {}

export interface MethodsOptions {
  readonly catalogue: Catalogue<CallableTool>
  readonly callTool: CallTool
  readonly staticResults: StaticResults
  readonly served: ServedResources
  readonly readInput: ReadInput
  readonly fetchResource: FetchResource
  readonly write: Writer
  readonly complete: Completion
}

/**
 * Creates the function that answers all methods of the server. Which methods exist depends on the
 * era, and on whether the catalogue has resources.
 */
export function createMethods(options: MethodsOptions): AnswerMethod {
  const { catalogue, callTool, staticResults, served } = options

  /**
   * Reads the input of a call.
   * @throws RpcError, or rejects with it, if the retry is rejected, with the reason in the audit record.
   */
  const inputOf = (call: AskableCall, log: Log): CallInput | Promise<CallInput> => {
    const { tool, caller } = call
    const refuse = (error: unknown): never => {
      if (!(error instanceof InputError)) throw error
      auditDecision(tool, caller, log, { decision: 'denied', reason: error.reason })
      throw invalidParams(error.message)
    }
    try {
      const input = options.readInput(call)
      return input instanceof Promise ? input.catch(refuse) : input
    } catch (error) {
      return refuse(error)
    }
  }

  const call: Method = (context, { params }) => {
    const { era, request, log, caller, isPlain, budget, place } = context
    const args = asObject(params['arguments'] ?? {})
    if (typeof params['name'] !== 'string' || args === undefined) {
      throw invalidParams('name must be a string and arguments an object')
    }
    const { tool } = context.named
    if (tool === undefined) throw new RpcError(200, CODES.invalidParams, 'Unknown tool.')
    const { id: requestId, onDisconnect } = request
    const meta = asObject(params['_meta'])
    const traceparent = request.traceparent ?? asTraceparent(meta?.['traceparent'])
    const hints = readClientHints(meta)
    const clientCapabilities = meta?.[META_CAPABILITIES]
    const begin = (body: string | Buffer) => {
      const askable = { tool, caller, body, isPlain, params, clientCapabilities }
      const callWith = ({ asking, answers }: Partial<CallInput>) =>
        callTool(
          { tool, caller, hints, asking, requestId, traceparent, onDisconnect, budget, log, place },
          { args, isPlain, body, answers },
        )
      const input = era === 'stateless' ? inputOf(askable, log) : NO_INPUT
      return input instanceof Promise ? input.then(callWith) : callWith(input)
    }
    const body = bodyOf(args, params, context)
    const called = body instanceof Promise ? body.then(begin) : begin(body)
    return called.then(outcomeWriter(tool, era, place, options))
  }
  const list: Method = ({ era }, { params }) => {
    const { cursor } = params
    if (!isAbsent(cursor) && cursor !== '')
      throw invalidParams('cursor is not supported, because the list has one page')
    return staticResults.tools[era]
  }

  const resources = resourceMethods({ ...options, isPublic: isPublicServer(catalogue, served) })
  const methods: Readonly<Record<Era, ReadonlyMap<string, Method>>> = {
    stateless: new Map<string, Method>([
      ...resources,
      ['server/discover', () => staticResults.discover],
      ['tools/list', list],
      ['tools/call', call],
    ]),
    handshake: new Map<string, Method>([
      ...resources,
      ['initialize', (_, { params }) => staticResults.initialize(params['protocolVersion'])],
      ['ping', () => '{}'],
      ['tools/list', list],
      ['tools/call', call],
    ]),
  }

  const answer: Method = (context, message) => {
    const method = methods[context.era].get(message.method)
    if (method !== undefined) return method(context, message)
    // Streamable HTTP, 2026-07-28: an unknown method is a 404.
    const status = context.era === 'stateless' ? 404 : 200
    throw new RpcError(status, CODES.methodNotFound, 'Method not found.')
  }
  return (context, message) => {
    try {
      const answered = answer(context, message)
      return answered instanceof Promise ? answered.catch(asRpcError) : answered
    } catch (error) {
      // Returned instead of thrown, because earlier calls of the batch have started and are still
      // awaited.
      return error instanceof RpcError ? error : Promise.reject(error)
    }
  }
}

/** Returns the JSON of the arguments; a promise only if it is written in turns. */
function bodyOf(
  args: Readonly<Record<string, unknown>>,
  params: RpcRequest['params'],
  { isLong, verbatim }: MessageContext,
): string | Buffer | Promise<Buffer> {
  if (!isLong) return JSON.stringify(args)
  // Null arguments are sent as an empty object.
  const isSame = args === params['arguments']
  return verbatim !== undefined && isSame ? verbatim : inTurns(writingJsonBytes(args))
}

/**
 * Returns an RpcError.
 * @throws any other error.
 */
function asRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error
  throw error
}

/**
 * Returns -32021 if the client lacks a capability that the tool needs (MCP 2026-07-28, s. Errors).
 */
function missingCapability(outcome: ToolOutcome): RpcError | undefined {
  const { message, requiredCapabilities } = outcome.kind === 'failed' ? outcome.failure : {}
  if (message === undefined || requiredCapabilities === undefined) return undefined
  return new RpcError(400, CODES.missingCapability, message, { requiredCapabilities })
}

/** A separate function, because a closure in `call` would keep the message in memory. */
function outcomeWriter(
  tool: CallableTool,
  era: Era,
  place: Place,
  { write, complete }: Pick<MethodsOptions, 'write' | 'complete'>,
) {
  const answer = (outcome: ToolOutcome | Refused): MethodAnswer | Promise<MethodAnswer> => {
    if (outcome.kind === 'refused') return outcome.refusal
    const missing = era === 'stateless' ? missingCapability(outcome) : undefined
    if (missing !== undefined) return missing
    return place.isTaken()
      ? inTurns(writingOutcome(outcome, tool, era, complete))
      : write(toCallToolResult(outcome, tool, era), era)
  }
  return (outcome: ToolOutcome | Refused): MethodAnswer | Promise<MethodAnswer> =>
    place.isTaken() ? Promise.resolve(outcome).then(answer).finally(place.leave) : answer(outcome)
}

/** Returns the tool that a message calls, or the resource that it reads, if it exists. */
export function namedIn(
  catalogue: Catalogue<CallableTool>,
  { readable }: ServedResources,
  { method, params: { name, uri } }: RpcRequest,
): Named {
  if (method === 'tools/call' && typeof name === 'string') return { tool: catalogue.get(name) }
  const isRead = method === 'resources/read' && typeof uri === 'string'
  return isRead ? { resource: findResource(readable, uri) } : NOTHING_NAMED
}

const NOTHING_NAMED: Named = {}

/**
 * Returns the tools that the messages of one POST call; undefined for each unknown tool, and for
 * each resource that is read from a backend.
 */
export function callsIn(
  catalogue: Catalogue<CallableTool>,
  served: ServedResources,
  inbound: Inbound,
): (CallableTool | undefined)[] {
  const messages = 'batch' in inbound ? inbound.batch : [inbound.message]
  return messages.flatMap((message) => {
    if (message.kind !== 'request') return []
    const { tool, resource } = namedIn(catalogue, served, message)
    if (message.method === 'tools/call') return [tool]
    return resource !== undefined && 'path' in resource.source ? [undefined] : []
  })
}
