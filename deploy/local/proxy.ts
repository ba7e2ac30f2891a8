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
import { answerError } from './backends/answer-error.ts'

/** What a request can be sent on to. */
export interface Service {
  /** The port of an instance at 127.0.0.1, waiting for one to start; rejects when `signal` aborts. */
  readonly port: (signal: AbortSignal) => Promise<number>
}

/** How long an answer may take in all, and how long an instance may take to be there. */
export interface Limits {
  readonly answerMs: number
  readonly instanceMs: number
}

/** Hosting's 60 s for an answer; Cloud Run waits 10 s for an instance that is starting. */
const HOSTING_LIMITS: Limits = { answerMs: 60_000, instanceMs: 10_000 }

const RETRY_MS = 25
const MAX_BODY_BYTES = 32 * 1024 * 1024
const METHODS_WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])
// RFC 9110 s7.6.1, and the fields that this hop sets itself.
const DROPPED_FROM_REQUEST: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'expect', 'host'],
  ...['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'],
])
const DROPPED_FROM_ANSWER: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'trailer', 'transfer-encoding', 'upgrade'],
])

/**
 * Sends a request on to `service` and its answer back, both as they come: raw header fields with
 * their duplicates, bodies as streams. Never throws: 503 when no instance comes up, 504 when the
 * answer takes too long, 502 when the instance breaks off, 413 for more than Google's front lets
 * through. A client that hangs up ends the request to the service.
 */
export async function forward(
  req: IncomingMessage,
  res: ServerResponse,
  service: Service,
  limits: Limits = HOSTING_LIMITS,
): Promise<void> {
  if (Number(req.headers['content-length']) > MAX_BODY_BYTES) {
    return answerError(res, 413, 'content_too_large', 'The body may have 32 MiB at most.')
  }
  const over = new AbortController()
  const timer = setTimeout(() => {
    answerError(res, 504, 'timed_out', 'The function did not answer in time.')
    over.abort()
  }, limits.answerMs)
  res.once('close', () => {
    clearTimeout(timer)
    over.abort()
  })
  try {
    const waited = AbortSignal.any([over.signal, AbortSignal.timeout(limits.instanceMs)])
    const socket = await connectTo(service, waited)
    exchange(req, res, socket, over.signal)
  } catch {
    if (over.signal.aborted) return
    answerError(res, 503, 'no_instance', 'No instance of the function is available.')
  }
}

/** Nothing is sent before this resolves, so a connection that fails can be tried again. */
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

function exchange(
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
    res.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', answerHeaders(answer))
    pipeline(answer, res, () => undefined)
  })
  upstream.on('error', () => {
    // Once there is an answer, the end of its body tells how it went.
    if (signal.aborted || res.headersSent) return
    answerError(res, 502, 'broken_off', 'The function broke off the connection.')
  })
  req.pipe(upstream)
}

function requestHeaders(req: IncomingMessage, socket: Socket): string[] {
  const { headers } = req
  const chunked = headers['transfer-encoding'] !== undefined
  const empty = headers['content-length'] === undefined && !chunked
  const client = [headers['x-forwarded-for'], req.socket.remoteAddress].flat()
  return [
    ...keep(req.rawHeaders, DROPPED_FROM_REQUEST),
    ...['Host', `127.0.0.1:${socket.remotePort}`],
    ...['X-Forwarded-For', client.filter((hop) => hop !== undefined).join(', ')],
    ...['X-Forwarded-Host', headers.host ?? ''],
    ...['X-Forwarded-Proto', 'http'],
    ...(chunked ? ['Transfer-Encoding', 'chunked'] : []),
    // Node would frame a body that is not there as an empty chunked one.
    ...(empty && METHODS_WITH_BODY.has(req.method ?? '') ? ['Content-Length', '0'] : []),
    ...['Connection', 'close'],
  ]
}

function answerHeaders(answer: IncomingMessage): string[] {
  const kept = keep(answer.rawHeaders, DROPPED_FROM_ANSWER)
  return 'cache-control' in answer.headers ? kept : [...kept, 'Cache-Control', 'private']
}

function keep(rawHeaders: readonly string[], dropped: ReadonlySet<string>): string[] {
  return rawHeaders.filter(
    (_, index) => !dropped.has(rawHeaders[index - (index % 2)]?.toLowerCase() ?? ''),
  )
}
