import type { RequestId } from '@modelcontextprotocol/client'
import { type HttpResponse, json } from '../../../shared/http/http.ts'
import { JsonLimitError } from '../../../shared/json/json-reader.ts'
import { atOnce } from '../../../shared/json/turns.ts'
import { type Kept, readingKept } from '../../../shared/json/written-numbers.ts'
import { asObject, decodeUtf8 } from '../../../shared/json.ts'

/** JSON-RPC 2.0 s5.1, MCP 2026-07-28's own codes, and one of MCP before it. */
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

/** A message answered with a JSON-RPC error; `status` is the HTTP status that carries it. */
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

/** An answer to a question that this server never asks. */
export interface RpcResponse {
  readonly kind: 'response'
}

export type RpcMessage = RpcRequest | RpcNotification | RpcResponse

/**
 * Reads the JSON of a body in turns, its numbers as `readingKept` keeps them.
 *
 * @throws RpcError -32700 when the bytes are not JSON in UTF-8, 413 when it has too many parts.
 */
export function* readingMessages(body: Buffer): Generator<undefined, Kept> {
  const text = decodeUtf8(body) ?? ''
  try {
    const read = yield* readingKept(text)
    if (read !== undefined) return read
  } catch (error) {
    if (!(error instanceof JsonLimitError)) throw error
    throw new RpcError(413, CODES.invalidRequest, `Invalid Request: ${error.message}.`)
  }
  throw new RpcError(400, CODES.parseError, 'Parse error: the body is not JSON.')
}

/** The same at once. */
export function readMessageJson(body: Buffer): Kept {
  return atOnce(readingMessages(body))
}

/** @throws RpcError -32600 when the value is not one JSON-RPC 2.0 message as MCP writes them. */
export function toMessage(value: unknown): RpcMessage {
  const message = asObject(value)
  const { method, params } = message ?? {}
  const id = plainId(message?.['id'])
  if (message?.['jsonrpc'] !== '2.0') throw invalidRequest()
  if (method === undefined && ('result' in message || 'error' in message)) {
    return { kind: 'response' }
  }
  const given = isNothing(params) ? {} : asObject(params)
  if (typeof method !== 'string' || given === undefined) throw invalidRequest()
  if (!('id' in message)) return { kind: 'notification', method, params: given }
  if (!isId(id)) throw invalidRequest()
  return { kind: 'request', id, method, params: given }
}

/** What some clients write where there are no parameters; `[]` is JSON-RPC's list by position. */
export function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0)
}

/** The id to answer a message by that was refused as a whole; null when it has none that counts. */
export function idOf(value: unknown): RequestId | null {
  const id = plainId(asObject(value)?.['id'])
  return isId(id) ? id : null
}

/** An id that `readingKept` kept as it was written, such as 1.0, as its number. */
function plainId(id: unknown): unknown {
  return typeof id === 'object' && id !== null ? JSON.parse(JSON.stringify(id)) : id
}

/** MCP's ids; what a double would round would come back as another. */
function isId(id: unknown): id is RequestId {
  return typeof id === 'string' || Number.isSafeInteger(id)
}

/** The text of a result message; `result` is JSON already, so that what never changes is written once. */
export function resultText(id: RequestId, result: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`
}

/** The same as bytes, of a result that is the same for every request and so is encoded once. */
export function resultBytes(id: RequestId, result: Uint8Array): Uint8Array {
  const head = Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`)
  return Buffer.concat([head, result, RESULT_END])
}

/** The text of an error message; `id` is null when the message could not be read. */
export function errorText(id: RequestId | null, { code, message, data }: RpcError): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code, message, ...(data !== undefined && { data }) },
  })
}

/** One message, or a batch of them, as the whole answer. */
export function jsonResponse(text: string | Uint8Array): HttpResponse {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: text }
}

/** A JSON-RPC error as the whole answer. */
export function errorResponse(
  id: RequestId | null,
  error: RpcError,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return { ...json(error.status, undefined, headers), body: errorText(id, error) }
}

/** `what` says what the parameters must have. */
export function invalidParams(what: string): RpcError {
  return new RpcError(200, CODES.invalidParams, `Invalid params: ${what}.`)
}

function invalidRequest(): RpcError {
  return new RpcError(400, CODES.invalidRequest, 'Invalid Request: not a JSON-RPC 2.0 message.')
}
