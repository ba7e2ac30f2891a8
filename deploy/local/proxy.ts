import { once } from 'node:events'
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { connect, type Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { sendError } from './backends/send-error.ts'

/** A service that requests can be forwarded to. */
export interface Service {
  /** Returns the port of an instance at 127.0.0.1, once one has started; rejects if `signal` aborts. */
  readonly port: (signal: AbortSignal) => Promise<number>
}

/** Time limits for the whole response and for the start of an instance. */
export interface Limits {
  readonly answerMs: number
  readonly instanceMs: number
}

/** Hosting limits a response to 60 s. Cloud Run waits 10 s for a starting instance. */
const HOSTING_LIMITS: Limits = { answerMs: 60_000, instanceMs: 10_000 }

const RETRY_MS = 25
const MAX_BODY_BYTES = 32 * 1024 * 1024
const METHODS_WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])
// The hop-by-hop fields of RFC 9110 s7.6.1, and the fields that this proxy sets.
const DROPPED_FROM_REQUEST: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'expect', 'host'],
  ...['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'],
])
const DROPPED_FROM_ANSWER: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'trailer', 'transfer-encoding', 'upgrade'],
])

/**
 * Forwards a request to `service` and returns its response, with raw header fields and streamed bodies.
 * Never throws: sends 503 if no instance starts, 504 if the response takes too long, 502 if the instance
 * closes the connection, and 413 above Google's size limit. If the client disconnects, the request to the
 * service is aborted.
 */
export async function forward(
  req: IncomingMessage,
  res: ServerResponse,
  service: Service,
  limits: Limits = HOSTING_LIMITS,
): Promise<void> {
  if (Number(req.headers['content-length']) > MAX_BODY_BYTES) {
    return sendError(res, 413, 'content_too_large', 'The body must not exceed 32 MiB.')
  }
  // The event `close` has been emitted, so the listener below would not notice the disconnection.
  if (res.destroyed) return
  const aborted = new AbortController()
  const timer = setTimeout(() => {
    sendError(res, 504, 'timed_out', 'The function did not respond in time.')
    aborted.abort()
  }, limits.answerMs)
  res.once('close', () => {
    clearTimeout(timer)
    aborted.abort()
  })
  try {
    const waited = AbortSignal.any([aborted.signal, AbortSignal.timeout(limits.instanceMs)])
    const socket = await connectTo(service, waited)
    relay(req, res, socket, aborted.signal)
  } catch {
    if (aborted.signal.aborted) return
    sendError(res, 503, 'no_instance', 'No instance of the function is available.')
  }
}

/** Retries failed connections, which is safe because nothing has been sent yet. */
async function connectTo(service: Service, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    const socket = connect({ host: '127.0.0.1', port: await service.port(signal) })
    try {
      await once(socket, 'connect', { signal })
      return socket
    } catch (error) {
      socket.destroy()
      if (signal.aborted) throw error
      await sleep(RETRY_MS, undefined, { signal })
    }
  }
}

function relay(
  req: IncomingMessage,
  res: ServerResponse,
  socket: Socket,
  signal: AbortSignal,
): void {
  const upstream: ClientRequest = httpRequest({
    createConnection: () => socket,
    method: req.method,
    path: req.url,
    headers: requestHeaders(req, socket),
    signal,
  })
  upstream.once('response', (answer) => {
    // `pipeline` throws if the client has disconnected.
    if (res.destroyed) return void upstream.destroy()
    res.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', answerHeaders(answer))
    pipeline(answer, res, () => undefined)
  })
  upstream.on('error', () => {
    // After the response has started, an error only ends its body.
    if (signal.aborted || res.headersSent) return
    sendError(res, 502, 'broken_off', 'The function closed the connection.')
  })
  req.pipe(upstream)
}

function requestHeaders(req: IncomingMessage, socket: Socket): string[] {
  const { headers } = req
  const chunked = headers['transfer-encoding'] !== undefined
  const empty = headers['content-length'] === undefined && !chunked
  const client = [headers['x-forwarded-for'], req.socket.remoteAddress].flat()
  return [
    ...withoutFields(req.rawHeaders, DROPPED_FROM_REQUEST),
    ...['Host', `127.0.0.1:${socket.remotePort}`],
    ...['X-Forwarded-For', client.filter((hop) => hop !== undefined).join(', ')],
    ...['X-Forwarded-Host', headers.host ?? ''],
    ...['X-Forwarded-Proto', 'http'],
    ...(chunked ? ['Transfer-Encoding', 'chunked'] : []),
    // Node would send an absent body as an empty chunked body.
    ...(empty && METHODS_WITH_BODY.has(req.method ?? '') ? ['Content-Length', '0'] : []),
    ...['Connection', 'close'],
  ]
}

function answerHeaders(answer: IncomingMessage): string[] {
  const kept = withoutFields(answer.rawHeaders, DROPPED_FROM_ANSWER)
  return 'cache-control' in answer.headers ? kept : [...kept, 'Cache-Control', 'private']
}

function withoutFields(rawHeaders: readonly string[], dropped: ReadonlySet<string>): string[] {
  return rawHeaders.filter(
    (_, index) => !dropped.has(rawHeaders[index - (index % 2)]?.toLowerCase() ?? ''),
  )
}
