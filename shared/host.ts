/**
 * What functions-framework does before and around a function, and this system cannot have:
 *
 * - it parses every body first, takes up to 1 GB, answers malformed JSON with HTML and writes that
 *   body to the log;
 * - on SIGTERM it ends the process at once, and the requests in flight with it.
 *
 * It has no option for either. It does call `http.createServer(app)`, so this file wraps that one
 * call: the body is read here, within limits, and the framework's parsers skip a stream that has
 * been read; and its signal handlers are replaced by one that lets requests in flight finish.
 */
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { ConfigError } from './config.ts'
import { HttpError } from './http-error.ts'
import { createLog } from './log.ts'

/** The largest body that any function takes. */
export const MAX_BODY_BYTES = 1024 * 1024

// A client still sending cannot read an answer, so an oversized body is read on and thrown away, up
// to the 32 MB that Google's front lets through.
const MAX_DISCARDED_BYTES = 32 * 1024 * 1024
const HEADERS_TIMEOUT_MS = 15_000
const REQUEST_TIMEOUT_MS = 30_000
// Cloud Run kills an instance 10 s after SIGTERM.
const DRAIN_TIMEOUT_MS = 9_000

const bodies = new WeakMap<IncomingMessage, Buffer | HttpError>()

/**
 * The raw body of a request that came in through a hardened server; empty when there was none.
 *
 * @throws HttpError 413 for more than `MAX_BODY_BYTES`, 415 for a content coding.
 */
export function receivedBody(req: IncomingMessage): Buffer {
  const body = bodies.get(req)
  if (body instanceof HttpError) throw body
  return body ?? Buffer.alloc(0)
}

/** Wraps `http.createServer` for the server that functions-framework is about to make. Call once. */
export function hardenHost(): void {
  const { createServer } = http
  const hardened = (app: unknown, ...rest: unknown[]) => {
    if (typeof app !== 'function') return Reflect.apply(createServer, http, [app, ...rest])
    const inFlight = new Set<ServerResponse>()
    const server = createServer((req, res) => {
      inFlight.add(res)
      res.once('close', () => inFlight.delete(res))
      if (!server.listening) res.setHeader('connection', 'close')
      readBody(req, (body) => {
        bodies.set(req, body)
        app(req, res)
      })
    })
    server.headersTimeout = HEADERS_TIMEOUT_MS
    server.requestTimeout = REQUEST_TIMEOUT_MS
    server.once('listening', () => replaceSignalHandlers(() => drain(server, inFlight)))
    return server
  }
  http.createServer = hardened as typeof createServer
}

/**
 * Runs a composition root. A refused configuration ends the process with its one message instead of
 * a stack trace.
 */
export function start(service: string, compose: () => void): void {
  try {
    hardenHost()
    compose()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    createLog({ service, level: 'error' }).error('configuration_refused', { faults: error.faults })
    process.exit(1)
  }
}

function readBody(req: IncomingMessage, done: (body: Buffer | HttpError) => void): void {
  const limit = hasContentCoding(req) ? 0 : MAX_BODY_BYTES
  const chunks: Buffer[] = []
  let length = 0
  req.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= limit) chunks.push(chunk)
    else chunks.length = 0
    if (length > MAX_DISCARDED_BYTES) req.destroy()
  })
  req.once('end', () => {
    if (hasContentCoding(req)) done(unsupportedCoding())
    else done(length > limit ? tooLarge() : Buffer.concat(chunks, length))
  })
  // A client that goes away in the middle has sent no request; there is nobody to answer.
  req.once('error', () => undefined)
}

function hasContentCoding(req: IncomingMessage): boolean {
  const coding = req.headers['content-encoding']
  return coding !== undefined && coding.toLowerCase() !== 'identity'
}

function tooLarge(): HttpError {
  return new HttpError(413, 'content_too_large', 'The body may have 1 MiB at most.', {
    reason: 'body_too_large',
  })
}

function unsupportedCoding(): HttpError {
  return new HttpError(415, 'unsupported_media_type', 'Send the body without content coding.', {
    headers: { 'accept-encoding': 'identity' },
    reason: 'content_coding',
  })
}

/**
 * functions-framework registers its handlers when its server listens, after this listener ran. Where
 * it registers none (its test server) the process is not ours to end.
 */
function replaceSignalHandlers(onSignal: () => void): void {
  const signals = ['SIGTERM', 'SIGINT'] as const
  const before = new Set(signals.flatMap((signal) => process.listeners(signal)))
  setImmediate(() => {
    for (const signal of signals) {
      for (const listener of process.listeners(signal)) {
        if (before.has(listener)) continue
        process.removeListener(signal, listener)
        process.once(signal, onSignal)
      }
    }
  })
}

function drain(server: Server, inFlight: ReadonlySet<ServerResponse>): void {
  for (const res of inFlight) if (!res.headersSent) res.setHeader('connection', 'close')
  server.close(() => process.exit(0))
  setTimeout(() => process.exit(1), DRAIN_TIMEOUT_MS).unref()
}
