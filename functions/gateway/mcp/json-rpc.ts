import type { RequestId } from '@modelcontextprotocol/client'
import { type HttpResponse, json } from '../../../shared/http/http.ts'
import { JsonLimitError } from '../../../shared/json/json-reader.ts'
import { isLong } from '../../../shared/json/long-work.ts'
import { atOnce } from '../../../shared/json/turns.ts'
import { type KeptBytes, readingKeptBytes } from '../../../shared/json/written-numbers.ts'
import { asObject, isRaw } from '../../../shared/json.ts'

/**
 * The error codes of JSON-RPC 2.0 (s5.1) and MCP 2026-07-28, and `resourceNotFound` of earlier
 * revisions.
 */
export const CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  resourceNotFound: -32002,
  server: -32000,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
} as const

/** A JSON-RPC error. `status` is the HTTP status of the response. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly status: number
  readonly code: number
  readonly data: unknown

  constructor(status: number, code: number, message: string, data?: unknown) {
    super(message)
    this.status = status
    this.code = code
    this.data = data
  }
}

const RESULT_END = Buffer.from('}')
/** The path of a call's arguments. */
const ARGUMENTS = ['params', 'arguments']

export interface RpcRequest {
  readonly kind: 'request'
  readonly id: RequestId
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
}

export interface RpcNotification {
  readonly kind: 'notification'
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
}

/** A response of the client. The server sends no requests, so it expects none. */
export interface RpcResponse {
  readonly kind: 'response'
}

export type RpcMessage = RpcRequest | RpcNotification | RpcResponse

/**
 * Reads the JSON of a body in turns, with numbers as `readingKeptBytes` returns them.
 *
 * @throws RpcError -32700 if the body is not JSON in UTF-8, and -32600 with status 413 if it has
 * too many parts.
 */
export function* readingMessages(body: Buffer): Generator<undefined, KeptBytes> {
  try {
    const read = yield* readingKeptBytes(body, ARGUMENTS)
    if (read !== undefined) return read
  } catch (error) {
    if (!(error instanceof JsonLimitError)) throw error
    throw new RpcError(413, CODES.invalidRequest, `Invalid Request: ${error.message}.`)
  }
  throw new RpcError(400, CODES.parseError, 'Parse error: the body is not JSON.')
}

/** Does the same as `readingMessages` in one step. */
export function readMessageJson(body: Buffer): KeptBytes {
  return atOnce(readingMessages(body))
}

/**
 * Returns the value as a JSON-RPC 2.0 message.
 * @throws RpcError -32600 if it is not a message that MCP allows.
 */
export function toMessage(value: unknown): RpcMessage {
  const message = asObject(value)
  const { method, params } = message ?? {}
  const id = plainId(message?.['id'])
  if (message?.['jsonrpc'] !== '2.0') throw invalidRequest()
  if (method === undefined && ('result' in message || 'error' in message)) {
    return { kind: 'response' }
  }
  const paramsObject = isAbsent(params) ? {} : asObject(params)
  if (typeof method !== 'string' || paramsObject === undefined) throw invalidRequest()
  if (!('id' in message)) return { kind: 'notification', method, params: paramsObject }
  if (!isId(id)) throw invalidRequest()
  return { kind: 'request', id, method, params: paramsObject }
}

/**
 * Returns whether the value means that there are no parameters. Some clients send null, or `[]`,
 * which is JSON-RPC's empty list of positional parameters.
 */
export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0)
}

/** Returns the id for the error response to a message; null if the message has no valid id. */
export function idOf(value: unknown): RequestId | null {
  const id = plainId(asObject(value)?.['id'])
  return isId(id) ? id : null
}

/** Converts an id that `readingKeptBytes` returned as written, such as 1.0, to a number. */
function plainId(id: unknown): unknown {
  return isRaw(id) ? JSON.parse(JSON.stringify(id)) : id
}

/**
 * Returns whether MCP allows the id. A double would round a larger integer, and the response would
 * have another id.
 */
function isId(id: unknown): id is RequestId {
  return typeof id === 'string' || Number.isSafeInteger(id)
}

/**
 * Returns the JSON of a result message. `result` is already JSON, so that a constant result is
 * serialized only once.
 */
export function resultText(id: RequestId, result: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`
}

/**
 * Does the same as `resultText` for a result that is already encoded. A long one is not
 * copied, but sent as a piece of its own.
 */
export function resultBytes(id: RequestId, result: Uint8Array): HttpResponse['body'] {
  const head = Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`)
  const pieces = [head, result, RESULT_END]
  return isLong(result.length) ? pieces : Buffer.concat(pieces)
}

/** Returns the JSON of an error message. `id` is null if the message could not be read. */
export function errorText(id: RequestId | null, { code, message, data }: RpcError): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code, message, ...(data !== undefined && { data }) },
  })
}

/** Returns the response with one message or with a batch. */
export function jsonResponse(body: HttpResponse['body']): HttpResponse {
  return { status: 200, headers: { 'content-type': 'application/json' }, body }
}

/** Returns the response with a JSON-RPC error. */
export function errorResponse(
  id: RequestId | null,
  error: RpcError,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return { ...json(error.status, undefined, headers), body: errorText(id, error) }
}

/** Returns RpcError -32602. `what` states what is wrong. */
export function invalidParams(what: string): RpcError {
  return new RpcError(200, CODES.invalidParams, `Invalid params: ${what}.`)
}

function invalidRequest(): RpcError {
  return new RpcError(400, CODES.invalidRequest, 'Invalid Request: not a JSON-RPC 2.0 message.')
}
