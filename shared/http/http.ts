import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { isLong } from '../json/long-work.ts'
import type { Log } from '../log.ts'
import type { ReadBody, RequestHandler } from './host.ts'
import { HttpError } from './http-error.ts'
import { announcedBytes, ClientGoneError, discardBody, MAX_BODY_BYTES } from './request-body.ts'
import { asTraceparent, traceIdOf } from './trace-context.ts'

/** One request as the functions see it: plain data, no framework. */
export interface HttpRequest {
  readonly method: string
  /** Path without query, never normalised or decoded. */
  readonly path: string
  /** What follows the question mark, as it was sent. */
  readonly query: string
  readonly headers: IncomingHttpHeaders
  /** Every Authorization field value. */
  readonly authorization: readonly string[]
  /**
   * Reads the raw bytes, once: code that waits for a backend must not keep them. `maxBytes`: 1 MiB unless it
   * is given. A body that is not read is discarded when the answer is sent.
   *
   * @throws HttpError 413, 415 or 503.
   */
  readonly body: (options?: BodyOptions) => Promise<Buffer>
  /** Calls the listener when the answer has been sent or the client has hung up. */
  readonly onClose: (listener: () => void) => void
  /** Aborted when the client hangs up before the answer has been sent. */
  readonly signal: AbortSignal
  readonly id: string
  /** W3C Trace Context, when the field is well-formed. */
  readonly traceparent: string | undefined
  readonly log: Log
}

export interface BodyOptions {
  readonly maxBytes?: number | undefined
}

/** An answer. `cache-control: no-store` is added unless the headers say otherwise. */
export interface HttpResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

export interface Handler {
  (request: HttpRequest): HttpResponse | Promise<HttpResponse>
  /** Loads what a request would wait for that is not needed to start; called once. */
  readonly warmUp?: () => void
}

const CLOUD_TRACE = /^([0-9a-f]{32})\//

/** A JSON answer. */
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

/** Whether a request says that its body is JSON. */
export function isJson({ headers }: HttpRequest): boolean {
  return JSON_TYPE.test(headers['content-type'] ?? '')
}

/** The same answer with these fields besides its own. */
export function withHeaders(
  response: HttpResponse,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  return { ...response, headers: { ...response.headers, ...headers } }
}

/** An HttpError as `{ error, message }`, its form unless a path has its own; its reason is logged. */
export function errorResponse(error: HttpError, log: Log): HttpResponse {
  if (error.reason !== undefined) log.info('request_refused', { reason: error.reason })
  return json(error.status, { error: error.code, message: error.message }, error.headers)
}

/**
 * Serves `handler` as the function that functions-framework calls. It always answers and never
 * throws: an HttpError is rendered, anything else is a bug and becomes a bare 500 and a log line.
 */
export function toHttpFunction(handler: Handler, log: Log): RequestHandler {
  const serve = async (req: IncomingMessage, res: ServerResponse, request: HttpRequest) => {
    try {
      send(req, res, await handler(request))
    } catch (error) {
      if (error instanceof ClientGoneError) return
      send(req, res, errorResponse(toHttpError(error, request.log), request.log))
    }
  }
  const receive: RequestHandler = (req, res, body) =>
    serve(req, res, readRequest(req, res, body, log))
  return Object.assign(receive, { warmUp: () => handler.warmUp?.() })
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
  const { path, query } = splitTarget(req.url ?? '/')
  return {
    method: req.method ?? '',
    path,
    query,
    headers: req.headers,
    authorization: fieldValues(req, 'authorization'),
    body: ({ maxBytes = MAX_BODY_BYTES } = {}) => readBody(maxBytes),
    onClose: (listener) => void (res.closed ? listener() : res.once('close', listener)),
    signal: hangUpSignal(res),
    id,
    traceparent,
    log: log.with({ request_id: id, trace }),
  }
}

/** The one value of a header field, '' when it is absent or repeated. */
export function single(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** Every value of a field; Node's `headers` would keep the first of some. */
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

/** The path and the query of a request target; a fragment, which no client sends, is left out. */
function splitTarget(target: string): { readonly path: string; readonly query: string } {
  if (!/[?#]/.test(target)) return { path: target, query: '' }
  return {
    path: target.replace(/[?#].*$/s, ''),
    query: /\?([^#]*)/.exec(target)?.[1] ?? '',
  }
}

function hangUpSignal(res: ServerResponse): AbortSignal {
  const controller = new AbortController()
  res.once('close', () => {
    if (!res.writableFinished) controller.abort()
  })
  return controller.signal
}

function toHttpError(error: unknown, log: Log): HttpError {
  if (error instanceof HttpError) return error
  // The name and the place, never the message: it may quote what the client sent.
  const { name, message, stack } = error instanceof Error ? error : new Error('not an Error')
  log.error('request_crashed', { error: name, stack: stack?.replace(message, '') })
  return new HttpError(500, 'internal_error', 'Something went wrong on this side.')
}

/**
 * Sends the answer. What the handler has not read of the body is received all the same, before the
 * answer or, if it is large, beside it: a client may read nothing before it has sent everything.
 */
function send(req: IncomingMessage, res: ServerResponse, response: HttpResponse): void {
  if (req.complete) {
    if (!req.readableEnded) req.resume()
    res.end(writeHead(req, res, response))
    return
  }
  const announced = announcedBytes(req)
  if (announced > 0 && announced <= MAX_BODY_BYTES) {
    discardBody(req, () => res.end(writeHead(req, res, response)))
    return
  }
  const body = writeHead(req, res, withHeaders(response, { connection: 'close' }))
  res.flushHeaders()
  if (body !== undefined) res.write(body)
  discardBody(req, () => res.end())
}

/** Writes the head, and returns the body that follows it. */
function writeHead(
  { method }: IncomingMessage,
  res: ServerResponse,
  { status, headers = {}, body: given = '' }: HttpResponse,
): string | Uint8Array | undefined {
  // Else a long text is gone through once for its length and again for its bytes.
  const body = typeof given === 'string' && isLong(given.length) ? Buffer.from(given) : given
  // A list: Node copies an object.
  const fields = ['x-content-type-options', 'nosniff']
  if (headers['cache-control'] === undefined) fields.push('cache-control', 'no-store')
  for (const [name, value] of Object.entries(headers)) fields.push(name, value)
  if (status !== 204) fields.push('content-length', String(Buffer.byteLength(body)))
  res.writeHead(status, fields)
  return method === 'HEAD' ? undefined : body
}
