import { type HttpRequest, single } from '../../../shared/http/http.ts'
import { asObject, decodeUtf8 } from '../../../shared/json.ts'
import {
  CODE,
  RpcError,
  type RpcMessage,
  type RpcNotification,
  type RpcRequest,
  toMessage,
} from './json-rpc.ts'

/** The stateless era: every request names its revision in `_meta` and in header fields. */
const STATELESS_REVISION = '2026-07-28'

/** The era that begins with `initialize`, newest first. */
export const HANDSHAKE_REVISIONS = ['2025-11-25', '2025-06-18', '2025-03-26'] as const
export const SUPPORTED_REVISIONS = [STATELESS_REVISION, ...HANDSHAKE_REVISIONS]

export type Era = 'stateless' | 'handshake'

/** What one POST carries, and by which era's rules it is answered. */
export type Inbound =
  | { readonly era: Era; readonly message: RpcMessage }
  | { readonly era: 'handshake'; readonly batch: readonly RpcMessage[] }

const META_VERSION = 'io.modelcontextprotocol/protocolVersion'
/** What of `_meta` says what the client can do. */
export const META_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'
const MAX_BATCH = 50
/** The methods that have a parameter which stands in the Mcp-Name field too. */
const NAMED_METHODS: ReadonlyMap<string, 'name' | 'uri'> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
])
const BASE64_SENTINEL = /^=\?base64\?(.*)\?=$/s
const CANONICAL_BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/**
 * Tells the eras apart by the body first: a `_meta` that names a protocol version is the stateless
 * era, whatever stands in the header fields; they must then agree with it.
 *
 * @throws RpcError with the status and code that the revision asks for.
 */
export function readInbound(value: unknown, headers: HttpRequest['headers']): Inbound {
  const named = field(headers, 'mcp-protocol-version')
  if (Array.isArray(value)) return readBatch(value, named)
  const message = toMessage(value)
  if (message.kind === 'response') return { era: 'handshake', message }
  const meta = metaOf(message)
  const claimed = meta[META_VERSION]
  if (claimed !== undefined) {
    checkEnvelope(claimed, meta, message)
    checkFields(claimed, message, headers)
    return { era: 'stateless', message }
  }
  if (named === STATELESS_REVISION) {
    if (message.kind === 'notification') {
      checkMethod(message, headers)
      return { era: 'stateless', message }
    }
    if (message.method === 'initialize') throw mismatch('initialize belongs to an older revision')
    throw invalidEnvelope(`_meta["${META_VERSION}"] is missing`)
  }
  if (message.method !== 'initialize') checkHandshakeRevision(named)
  return { era: 'handshake', message }
}

/** JSON-RPC batches exist in 2025-03-26 alone, which is also what a missing field stands for. */
function readBatch(values: readonly unknown[], named: string | undefined): Inbound {
  if (named !== STATELESS_REVISION) checkHandshakeRevision(named)
  if ((named ?? '2025-03-26') !== '2025-03-26') throw invalidBatch(`${named} has no batches`)
  if (values.length === 0 || values.length > MAX_BATCH) {
    throw invalidBatch(`1 to ${MAX_BATCH} messages`)
  }
  const batch = values.map(toMessage)
  for (const message of batch) {
    if (message.kind === 'response') continue
    if (metaOf(message)[META_VERSION] !== undefined) {
      throw invalidBatch(`${STATELESS_REVISION} has no batches`)
    }
    if (message.kind === 'request' && message.method === 'initialize') {
      throw invalidBatch('initialize stands alone')
    }
  }
  return { era: 'handshake', batch }
}

function metaOf({ params }: RpcRequest | RpcNotification): Readonly<Record<string, unknown>> {
  return asObject(params['_meta']) ?? {}
}

function checkHandshakeRevision(named: string | undefined): void {
  if (named === undefined || HANDSHAKE_REVISIONS.some((revision) => revision === named)) return
  throw unsupported(named)
}

function checkEnvelope(
  claimed: unknown,
  meta: Readonly<Record<string, unknown>>,
  message: RpcMessage,
): asserts claimed is string {
  if (typeof claimed !== 'string') throw invalidEnvelope(`_meta["${META_VERSION}"] is not a string`)
  if (message.kind === 'request' && asObject(meta[META_CAPABILITIES]) === undefined) {
    throw invalidEnvelope(`_meta["${META_CAPABILITIES}"] must be an object`)
  }
}

function checkFields(
  claimed: string,
  message: RpcRequest | RpcNotification,
  headers: HttpRequest['headers'],
): void {
  const named = field(headers, 'mcp-protocol-version')
  if (named !== undefined && named !== claimed) {
    throw mismatch('MCP-Protocol-Version and the body name different revisions')
  }
  if (claimed !== STATELESS_REVISION) throw unsupported(claimed)
  const method = checkMethod(message, headers)
  if (message.kind === 'notification') return
  if (named === undefined) throw mismatch('MCP-Protocol-Version is missing')
  if (method === undefined) throw mismatch('Mcp-Method is missing')
  const parameter = NAMED_METHODS.get(message.method)
  if (parameter !== undefined) checkName(message, parameter, headers)
}

/** What the Mcp-Method field says, when there is one. */
function checkMethod(
  { method }: RpcRequest | RpcNotification,
  headers: HttpRequest['headers'],
): string | undefined {
  const named = field(headers, 'mcp-method')
  if (named === undefined || named === method) return named
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

/** `=?base64?...?=` carries a value that a header field cannot; undefined when it is malformed. */
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
  return new RpcError(400, CODE.headerMismatch, `Header mismatch: ${what}.`)
}

function unsupported(requested: string): RpcError {
  return new RpcError(400, CODE.unsupportedVersion, 'Unsupported protocol version.', {
    supported: SUPPORTED_REVISIONS,
    requested: requested.slice(0, 64),
  })
}

function invalidBatch(what: string): RpcError {
  return new RpcError(400, CODE.invalidRequest, `Invalid Request: ${what}.`)
}

function invalidEnvelope(what: string): RpcError {
  return new RpcError(400, CODE.invalidParams, `Invalid params: ${what}.`)
}
