import type { RequestId } from '@modelcontextprotocol/client'
import { type HttpRequest, type HttpResponse, single } from '../../../shared/http/http.ts'
import { isLong, type Place, workOn } from '../../../shared/json/long-work.ts'
import type { KeptBytes } from '../../../shared/json/written-numbers.ts'
import { asObject, decodeUtf8 } from '../../../shared/json.ts'
import {
  CODES,
  errorResponse,
  idOf,
  RpcError,
  type RpcMessage,
  type RpcNotification,
  type RpcRequest,
  readingMessages,
  toMessage,
} from './json-rpc.ts'

/** The stateless era: every request names its revision in `_meta` and in header fields. */
const STATELESS_REVISION = '2026-07-28'

/** The revisions that begin with `initialize`, newest first. */
export const HANDSHAKE_REVISIONS = ['2025-11-25', '2025-06-18', '2025-03-26'] as const
export const SUPPORTED_REVISIONS = [STATELESS_REVISION, ...HANDSHAKE_REVISIONS]

export type Era = 'stateless' | 'handshake'

/** The content of one POST, and the era whose rules apply to it. */
export type Inbound =
  | { readonly era: Era; readonly message: RpcMessage }
  | { readonly era: 'handshake'; readonly batch: readonly RpcMessage[] }

/** The messages of one POST. */
export interface Received extends Omit<KeptBytes, 'value'> {
  readonly inbound: Inbound
  /** Whether the messages were read in turns. */
  readonly isLong: boolean
}

type ReceivedOrAnswer = Received | HttpResponse

const META_VERSION = 'io.modelcontextprotocol/protocolVersion'
/** The member of `_meta` that declares the capabilities of the client. */
export const META_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'
const MAX_BATCH = 50
/** The methods of which a parameter is repeated in the Mcp-Name field. */
const NAMED_METHODS: ReadonlyMap<string, 'name' | 'uri'> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
])
const BASE64_SENTINEL = /^=\?base64\?(.*)\?=$/s
const CANONICAL_BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/**
 * Returns the messages in a body, or the error response if they are not valid. Returns a promise
 * only for a long body.
 */
export function readMessages(
  body: Buffer,
  request: HttpRequest,
  place: Place,
): ReceivedOrAnswer | Promise<ReceivedOrAnswer> {
  return workOn(readingInbound(body, request), body.length, place)
}

function* readingInbound(
  body: Buffer,
  { headers }: HttpRequest,
): Generator<undefined, ReceivedOrAnswer> {
  let value: unknown
  try {
    const json = yield* readingMessages(body)
    const { isPlain, verbatim } = json
    value = json.value
    const inbound = readInbound(value, headers)
    return { isPlain, verbatim, inbound, isLong: isLong(body.length) }
  } catch (error) {
    if (error instanceof RpcError) return errorResponse(idOf(value), error)
    throw error
  }
}

/**
 * Returns the id of the request in a body; null for a batch and for a body that is not a request.
 */
export async function idIn(body: Buffer, place: Place): Promise<RequestId | null> {
  try {
    return idOf((await workOn(readingMessages(body), body.length, place)).value)
  } catch (error) {
    if (error instanceof RpcError) return null
    throw error
  }
}

/**
 * Determines the era by the body first: a protocol version in `_meta` means the stateless era, and
 * the header fields must then agree with it.
 *
 * @throws RpcError with the status and code that the revision requires.
 */
export function readInbound(value: unknown, headers: HttpRequest['headers']): Inbound {
  const headerRevision = field(headers, 'mcp-protocol-version')
  if (Array.isArray(value)) return readBatch(value, headerRevision)
  const message = toMessage(value)
  if (message.kind === 'response') return { era: 'handshake', message }
  const meta = metaOf(message)
  const bodyRevision = meta[META_VERSION]
  if (bodyRevision !== undefined) {
    checkEnvelope(bodyRevision, meta, message)
    checkFields(bodyRevision, message, headers)
    return { era: 'stateless', message }
  }
  if (headerRevision === STATELESS_REVISION) {
    if (message.kind === 'notification') {
      checkMethod(message, headers)
      return { era: 'stateless', message }
    }
    if (message.method === 'initialize') throw mismatch('initialize belongs to an older revision')
    throw invalidEnvelope(`_meta["${META_VERSION}"] is missing`)
  }
  if (message.method !== 'initialize') checkHandshakeRevision(headerRevision)
  return { era: 'handshake', message }
}

/**
 * Only 2025-03-26 has JSON-RPC batches, and a missing MCP-Protocol-Version field means that
 * revision.
 */
function readBatch(values: readonly unknown[], headerRevision: string | undefined): Inbound {
  if (headerRevision !== STATELESS_REVISION) checkHandshakeRevision(headerRevision)
  if ((headerRevision ?? '2025-03-26') !== '2025-03-26')
    throw invalidBatch(`${headerRevision} has no batches`)
  if (values.length === 0 || values.length > MAX_BATCH) {
    throw invalidBatch(`a batch must have 1 to ${MAX_BATCH} messages`)
  }
  const batch = values.map(toMessage)
  for (const message of batch) {
    if (message.kind === 'response') continue
    if (metaOf(message)[META_VERSION] !== undefined) {
      throw invalidBatch(`${STATELESS_REVISION} has no batches`)
    }
    if (message.kind === 'request' && message.method === 'initialize') {
      throw invalidBatch('initialize must not be in a batch')
    }
  }
  return { era: 'handshake', batch }
}

function metaOf({ params }: RpcRequest | RpcNotification): Readonly<Record<string, unknown>> {
  return asObject(params['_meta']) ?? {}
}

function checkHandshakeRevision(headerRevision: string | undefined): void {
  if (
    headerRevision === undefined ||
    HANDSHAKE_REVISIONS.some((revision) => revision === headerRevision)
  )
    return
  throw unsupported(headerRevision)
}

function checkEnvelope(
  bodyRevision: unknown,
  meta: Readonly<Record<string, unknown>>,
  message: RpcMessage,
): asserts bodyRevision is string {
  if (typeof bodyRevision !== 'string')
    throw invalidEnvelope(`_meta["${META_VERSION}"] is not a string`)
  if (message.kind === 'request' && asObject(meta[META_CAPABILITIES]) === undefined) {
    throw invalidEnvelope(`_meta["${META_CAPABILITIES}"] must be an object`)
  }
}

function checkFields(
  bodyRevision: string,
  message: RpcRequest | RpcNotification,
  headers: HttpRequest['headers'],
): void {
  const headerRevision = field(headers, 'mcp-protocol-version')
  if (headerRevision !== undefined && headerRevision !== bodyRevision) {
    throw mismatch('MCP-Protocol-Version and the body name different revisions')
  }
  if (bodyRevision !== STATELESS_REVISION) throw unsupported(bodyRevision)
  const method = checkMethod(message, headers)
  if (message.kind === 'notification') return
  if (headerRevision === undefined) throw mismatch('MCP-Protocol-Version is missing')
  if (method === undefined) throw mismatch('Mcp-Method is missing')
  const parameter = NAMED_METHODS.get(message.method)
  if (parameter !== undefined) checkName(message, parameter, headers)
}

/** Returns the Mcp-Method field; undefined if it is absent. */
function checkMethod(
  { method }: RpcRequest | RpcNotification,
  headers: HttpRequest['headers'],
): string | undefined {
  const headerMethod = field(headers, 'mcp-method')
  if (headerMethod === undefined || headerMethod === method) return headerMethod
  throw mismatch('Mcp-Method and the body name different methods')
}

function checkName(
  { params }: RpcRequest,
  parameter: 'name' | 'uri',
  headers: HttpRequest['headers'],
): void {
  const name = field(headers, 'mcp-name')
  const inBody = params[parameter]
  if (typeof inBody !== 'string') return
  if (name === undefined) throw mismatch('Mcp-Name is missing')
  if (decodeSentinel(name) !== inBody) {
    const things = parameter === 'uri' ? 'resources' : 'tools'
    throw mismatch(`Mcp-Name and the body name different ${things}`)
  }
}

/**
 * Decodes `=?base64?...?=`, which encodes a value that a header field cannot carry; undefined if it
 * is malformed.
 */
function decodeSentinel(value: string): string | undefined {
  const encoded = BASE64_SENTINEL.exec(value)?.[1]
  if (encoded === undefined) return value
  return CANONICAL_BASE64.test(encoded) ? decodeUtf8(Buffer.from(encoded, 'base64')) : undefined
}

function field(headers: HttpRequest['headers'], name: string): string | undefined {
  const value = headers[name]
  return value === undefined ? undefined : single(value).trim()
}

function mismatch(what: string): RpcError {
  return new RpcError(400, CODES.headerMismatch, `Header mismatch: ${what}.`)
}

function unsupported(requested: string): RpcError {
  return new RpcError(400, CODES.unsupportedVersion, 'Unsupported protocol version.', {
    supported: SUPPORTED_REVISIONS,
    requested: requested.slice(0, 64),
  })
}

function invalidBatch(what: string): RpcError {
  return new RpcError(400, CODES.invalidRequest, `Invalid Request: ${what}.`)
}

function invalidEnvelope(what: string): RpcError {
  return new RpcError(400, CODES.invalidParams, `Invalid params: ${what}.`)
}
