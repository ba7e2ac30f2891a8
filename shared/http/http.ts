import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { isLong } from '../json/long-work.ts'
import type { Log } from '../log.ts'
import { createOnDisconnect, isDisconnected, type OnDisconnect } from './disconnect.ts'
import type { ReadBody, RequestHandler } from './host.ts'
import { HttpError } from './http-error.ts'
import { bodyAhead, ClientGoneError, discardBody, MAX_BODY_BYTES } from './request-body.ts'
import { asTraceparent, traceIdOf } from './trace-context.ts'

/** One HTTP request as plain data, without a framework. */
export interface HttpRequest {
  readonly method: string
  /** The path without the query, neither normalized nor decoded. */
  readonly path: string
  /** The query without its question mark, as it was sent. */
  readonly query: string
  readonly headers: IncomingHttpHeaders
  /** All values of the Authorization header field. */
  readonly authorization: readonly string[]
  /**
   * Reads the raw bytes of the body, once. Code that waits for a backend must not keep them. The default
   * of `maxBytes` is 1 MiB. A body that is not read is discarded when the response is sent.
   *
   * @throws HttpError 413, 415 or 503.
   */
  readonly body: (options?: BodyOptions) => Promise<Buffer>
  /** Calls the listener when the response has been sent or the client has disconnected. */
  readonly onClose: (listener: () => void) => void
  readonly onDisconnect: OnDisconnect
  /** Returns whether the client has disconnected before the response was sent. */
  readonly isDisconnected: () => boolean
  readonly id: string
  /** The W3C Trace Context; undefined if the header field is absent or malformed. */
  readonly traceparent: string | undefined
  readonly log: Log
}

export interface BodyOptions {
  readonly maxBytes?: number | undefined
}

/** An HTTP response. `cache-control: no-store` is added if the headers have no `cache-control`. */
export interface HttpResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Pieces are sent one after another. */
  readonly body?: string | Uint8Array | readonly Uint8Array[] | undefined
}

export type Handler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>

/** A response of 4 MiB then needs about 1 Mbit/s. Google's front end reads as fast as it arrives. */
const MAX_SEND_MS = 30_000
const CLOUD_TRACE = /^([0-9a-f]{32})\//

/** Returns a JSON response. */
export function json(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  }
}

const JSON_TYPE = /^application\/json\s*(;|$)/i

/** Returns whether the content type of the request is `application/json`. */
export function isJson({ headers }: HttpRequest): boolean {
  return JSON_TYPE.test(headers['content-type'] ?? '')
}

/** Returns the response with additional header fields, which override its own. */
export function withHeaders(
  response: HttpResponse,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  const { status, body } = response
  return { status, headers: { ...response.headers, ...headers }, body }
}

/** Renders an HttpError in the default form `{ error, message }` and logs its reason. */
export function errorResponse(error: HttpError, log: Log): HttpResponse {
  if (error.reason !== undefined) log.info('request_refused', { reason: error.reason })
  return json(error.status, { error: error.code, message: error.message }, error.headers)
}

/**
 * Returns `handler` as a request handler of the host. It never throws: an HttpError becomes its response,
 * and any other error is a bug and becomes a 500 without details and a log line.
 */
export function toHttpFunction(handler: Handler, log: Log): RequestHandler {
  const serve = async (req: IncomingMessage, res: ServerResponse, request: HttpRequest) => {
    try {
      send(req, res, await handler(request))
    } catch (error) {
      if (error instanceof ClientGoneError) return
      send(req, res, errorResponse(toHttpError(error, request.log), request.log))
    }
    limitSendTime(res, request.log)
  }
  return (req, res, body) => serve(req, res, readRequest(req, res, body, log))
}

function readRequest(
  req: IncomingMessage,
  res: ServerResponse,
  readBody: ReadBody,
  log: Log,
): HttpRequest {
  const id = randomUUID()
  const traceparent = asTraceparent(req.headers['traceparent'])
  const trace =
    traceparent === undefined
      ? CLOUD_TRACE.exec(single(req.headers['x-cloud-trace-context']))?.[1]
      : traceIdOf(traceparent)
  const { path, query } = splitTarget(originForm(req))
  return {
    method: req.method ?? '',
    path,
    query,
    headers: req.headers,
    authorization: fieldValues(req, 'authorization'),
    body: ({ maxBytes = MAX_BODY_BYTES } = {}) => readBody(maxBytes),
    onClose: (listener) => void (res.closed ? listener() : res.once('close', listener)),
    onDisconnect: createOnDisconnect(res),
    isDisconnected: () => isDisconnected(res),
    id,
    traceparent,
    log: log.with({ request_id: id, trace }),
  }
}

/** Returns the only value of a header field; '' if it is absent or repeated. */
export function single(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** Returns all values of a header field. Node's `headers` keeps only the first value of some fields. */
function fieldValues({ rawHeaders }: IncomingMessage, name: string): string[] {
  const values: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const field = rawHeaders[at] ?? ''
    if (field.length === name.length && field.toLowerCase() === name) {
      values.push(rawHeaders[at + 1] ?? '')
    }
  }
  return values
}

/** Removes the origin from a target in absolute form (RFC 9112 s3.2.2) if it is the requested host. */
function originForm({ url = '/', headers: { host = '' } }: IncomingMessage): string {
  if (url.startsWith('/')) return url
  const origin = /^https?:\/\/([^/?#]*)/i.exec(url)
  if (origin?.[1]?.toLowerCase() !== host.toLowerCase()) return url
  return url.slice(origin[0].length).replace(/^(?!\/)/, '/')
}

/** Returns the path and the query of a request target. Drops a fragment, which clients do not send. */
function splitTarget(target: string): { readonly path: string; readonly query: string } {
  if (!/[?#]/.test(target)) return { path: target, query: '' }
  return {
    path: target.replace(/[?#].*$/s, ''),
    query: /\?([^#]*)/.exec(target)?.[1] ?? '',
  }
}

function toHttpError(error: unknown, log: Log): HttpError {
  if (error instanceof HttpError) return error
  // Logs the error's name and stack without its message, which may quote the request.
  const { name, message, stack } = error instanceof Error ? error : new Error('not an Error')
  log.error('request_crashed', { error: name, stack: stack?.replace(message, '') })
  return new HttpError(500, 'internal_error', 'The server encountered an internal error.')
}

/**
 * Sends the response. Also receives the part of the body that the handler has not read, because a client
 * may not read the response before it has sent everything: before the response or, if the body is large,
 * at the same time.
 */
function send(req: IncomingMessage, res: ServerResponse, response: HttpResponse): void {
  const ahead = bodyAhead(req)
  if (ahead === 'nothing') {
    if (!req.readableEnded) req.resume()
    res.end(writeHead(req, res, response))
    return
  }
  if (ahead === 'short') {
    discardBody(req, () => res.end(writeHead(req, res, response)))
    return
  }
  const body = writeHead(req, res, withHeaders(response, { connection: 'close' }))
  res.flushHeaders()
  if (body !== undefined) res.write(body)
  discardBody(req, () => res.end())
}

/** Disconnects a client that reads the response too slowly, because the instance holds it until then. */
function limitSendTime(res: ServerResponse, log: Log): void {
  if (!res.socket?.writableLength) return
  const timer = setTimeout(() => {
    log.info('response_send_timed_out', { unsent_bytes: res.socket?.writableLength })
    res.destroy()
  }, MAX_SEND_MS)
  res.once('close', () => clearTimeout(timer))
}

/**
 * Writes the response head and the body without its last piece, which it returns so that it is sent
 * together with the end.
 */
function writeHead(
  { method }: IncomingMessage,
  res: ServerResponse,
  { status, headers = {}, body: given = '' }: HttpResponse,
): string | Uint8Array | undefined {
  const body = encoded(given)
  // An array, because Node copies an object.
  const fields = ['x-content-type-options', 'nosniff']
  if (headers['cache-control'] === undefined) fields.push('cache-control', 'no-store')
  for (const name in headers) fields.push(name, headers[name] ?? '')
  if (status !== 204) fields.push('content-length', String(byteLength(body)))
  res.writeHead(status, fields)
  if (method === 'HEAD') return undefined
  if (isWhole(body)) return body
  for (const piece of body.slice(0, -1)) res.write(piece)
  return body.at(-1)
}

type Body = NonNullable<HttpResponse['body']>

function isWhole(body: Body): body is string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array
}

/** Encodes a long text only once, for both its length and its bytes. */
function encoded(body: Body): Body {
  return typeof body === 'string' && isLong(body.length) ? Buffer.from(body) : body
}

function byteLength(body: Body): number {
  if (isWhole(body)) return Buffer.byteLength(body)
  return body.reduce((sum, { length }) => sum + length, 0)
}
