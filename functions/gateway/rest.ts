import type { CallToolResult } from '@modelcontextprotocol/client'
import {
  errorResponse,
  type HttpRequest,
  type HttpResponse,
  isJson,
  json,
  withHeaders,
} from '../../shared/http/http.ts'
import { HttpError, notJson } from '../../shared/http/http-error.ts'
import { JsonLimitError } from '../../shared/json/json-reader.ts'
import { writingJson, writingJsonBytes } from '../../shared/json/json-writer.ts'
import { isLong, type Place, type Queue, workOn } from '../../shared/json/long-work.ts'
import { atOnce, inTurns } from '../../shared/json/turns.ts'
import { readingKeptBytes } from '../../shared/json/written-numbers.ts'
import { asObject } from '../../shared/json.ts'
import type { Log } from '../../shared/log.ts'
import { BearerError } from '../../shared/oauth/bearer.ts'
import type { Catalogue } from '../../shared/tools.ts'
import type { Authenticator, Caller } from './authenticator.ts'
import { authorize, PermissionError, type Refusal } from './authorization.ts'
import type { OpenResponseBudget } from './backend/response-budget.ts'
import type { CallTool } from './call-tool.ts'
import type { CallableTool } from './callable-tool.ts'
import { refusalMessage } from './mcp/refusal.ts'
import { resultSentence } from './mcp/tool-result.ts'
import { TOOL_ERROR_STATUS, type ToolOutcome } from './outcome.ts'
import type { ToolInvocation } from './prepare-call.ts'
import type { RateLimit } from './rate-limit.ts'

export interface RestOptions {
  readonly authenticator: Authenticator
  readonly catalogue: Catalogue<CallableTool>
  readonly callTool: CallTool
  /** If undefined, calls are not limited. */
  readonly rateLimit: RateLimit | undefined
  readonly queue: Queue
  readonly openBudget: OpenResponseBudget
  readonly maxBodyBytes?: number | undefined
}

/** GPT Actions wait 45 seconds, which includes network time. */
const CALLER_TIMEOUT_MS = 44_000

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

/**
 * Handles `POST /tools/{toolName}`, which makes the same call as MCP in plain REST. Accepts JSON,
 * and returns the backend's JSON or text, or problem details (RFC 9457) for an error.
 *
 * @throws HttpError, which `problemResponse` renders.
 */
export function createRest({
  authenticator,
  catalogue,
  callTool,
  rateLimit,
  queue,
  openBudget,
  maxBodyBytes,
}: RestOptions): (request: HttpRequest, toolName: string) => Promise<HttpResponse> {
  /**
   * Not async, because a suspended function would keep the arguments in memory while the backend
   * works.
   */
  const call = (
    request: HttpRequest,
    tool: CallableTool,
    caller: Caller | undefined,
    place: Place,
  ) => {
    const { id: requestId, traceparent, onDisconnect, log } = request
    const sent = {
      requestId,
      traceparent,
      onDisconnect,
      callerTimeoutMs: CALLER_TIMEOUT_MS,
      log,
      place,
    }
    const known = { ...sent, tool, caller, budget: openBudget(request.onClose, caller?.subject) }
    const begin = (read: ToolInvocation) => callTool(known, read)
    const read = (body: Buffer) => workOn(readingArguments(request, body), body.length, place)
    return request.body({ maxBytes: maxBodyBytes }).then(read).then(begin)
  }
  const refuse = (refusal: Refusal, caller?: Caller, tool?: CallableTool): HttpResponse => {
    if (refusal instanceof PermissionError) return problem(refusal.status, refusal.message)
    const needed = refusal.status === 403 ? tool : undefined
    return problem(refusal.status, refusalMessage(refusal), {
      'www-authenticate': authenticator.challenge(refusal, needed, caller),
    })
  }
  const serve = async (
    request: HttpRequest,
    toolName: string,
    place: Place,
  ): Promise<HttpResponse> => {
    const caller = await authenticator.authenticate(request.authorization, request.log)
    if (caller instanceof BearerError) return refuse(caller)
    const tool = catalogue.get(toolName)
    const limits = await rateLimit?.(caller, [tool])
    if (tool === undefined) throw new HttpError(404, 'unknown_tool', 'There is no such tool.')
    const refusal = authorize(tool, caller, request.log)
    if (refusal !== undefined) return refuse(refusal, caller, tool)
    const outcome = await call(request, tool, caller, place)
    if (outcome.kind === 'refused') return refuse(outcome.refusal, caller, tool)
    const response = place.isTaken()
      ? await inTurns(writingResponse(outcome))
      : atOnce(writingResponse(outcome))
    return limits === undefined ? response : withHeaders(response, limits)
  }

  return async (request, toolName) => {
    const place = queue()
    try {
      return await serve(request, toolName, place)
    } finally {
      place.leave()
    }
  }
}

/** Returns an HttpError as problem details, and logs its reason. */
export function problemResponse(error: HttpError, log: Log): HttpResponse {
  const { headers } = errorResponse(error, log)
  return problem(error.status, error.message, headers)
}

/** Reads the arguments of a call. An empty body means no arguments. */
function* readingArguments(
  request: HttpRequest,
  body: Buffer,
): Generator<undefined, ToolInvocation> {
  if (body.length === 0) return { args: {}, body: '{}', isPlain: true }
  if (!isJson(request)) throw notJson()
  try {
    const read = yield* readingKeptBytes(body, [])
    if (read === undefined) throw invalidBody('The body is not JSON. Send a JSON object.')
    const args = asObject(read.value)
    if (args === undefined) throw invalidBody('Send a JSON object.')
    const { isPlain, verbatim } = read
    const writing = isLong(body.length) ? writingJsonBytes : writingJson
    return { args, body: verbatim ?? (yield* writing(args)), isPlain }
  } catch (error) {
    if (!(error instanceof JsonLimitError)) throw error
    throw new HttpError(413, 'content_too_large', `The body has too many parts: ${error.message}.`)
  }
}

function invalidBody(message: string): HttpError {
  return new HttpError(400, 'invalid_request', message)
}

function* writingResponse(outcome: ToolOutcome): Generator<undefined, HttpResponse> {
  switch (outcome.kind) {
    case 'json':
      return jsonText(yield* writingJson(outcome.value))
    case 'result':
      return yield* writingResult(outcome.result)
    case 'text':
      return text(outcome.text)
    case 'input_required':
      throw new Error('a request for input over REST')
    case 'failed': {
      const { status, message, retryAfter } = outcome.failure
      return problem(
        status,
        message,
        retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
      )
    }
  }
}

/** Writes the structured content of an MCP result, otherwise its text, otherwise its blocks. */
function* writingResult(result: CallToolResult): Generator<undefined, HttpResponse> {
  const { content, structuredContent, isError } = result
  if (isError === true) return problem(TOOL_ERROR_STATUS, resultSentence(result))
  if (structuredContent !== undefined) return jsonText(yield* writingJson(structuredContent))
  const texts = content.flatMap((block) => (block.type === 'text' ? [block.text] : []))
  return texts.length === content.length
    ? text(texts.join('\n'))
    : jsonText(yield* writingJson({ content }))
}

function jsonText(body: string): HttpResponse {
  return { ...json(200, undefined), body }
}

function text(body: string): HttpResponse {
  if (body === '') return { status: 204 }
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body }
}

function problem(
  status: number,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return json(
    status,
    { type: 'about:blank', title: TITLES[status] ?? 'Error', status, detail },
    { ...headers, 'content-type': 'application/problem+json' },
  )
}
