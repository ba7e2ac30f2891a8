/**
 * What functions-framework does before and around a function, and this system cannot have:
 *
 * - it parses every body first, takes up to 1 GB, answers malformed JSON with HTML and writes that
 *   body to the log;
 * - it answers some paths itself, and refuses malformed ones with HTML;
 * - it runs the function in a `domain`, whose hooks slow down every promise of the process;
 * - on SIGTERM it ends the process at once, and the requests in flight with it.
 *
 * It has no option for any of them. It does make its server by `http.createServer(app)`, so this file
 * takes that one call over: the framework still loads, names and starts the function, but a request
 * goes from the server to the function, its body read within limits; and the framework's signal
 * handlers are replaced by one that lets requests in flight finish.
 */

import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { http as register } from '@google-cloud/functions-framework'
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

export type RequestHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void>

/**
 * Registers a function under its names and takes over the server that functions-framework makes next,
 * which is the one for this function.
 */
export function host(handler: RequestHandler, ...names: readonly string[]): void {
  for (const name of names) register(name, handler)
  const { createServer } = http
  http.createServer = ((..._ignored: unknown[]) => {
    http.createServer = createServer
    return createHost(handler)
  }) as typeof createServer
}

/**
 * Runs a composition root and hosts the function that it makes. A refused configuration ends the
 * process with its one message instead of a stack trace.
 */
export function start(
  names: readonly [service: string, ...aliases: string[]],
  compose: () => RequestHandler,
): void {
  try {
    host(compose(), ...names)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const log = createLog({ service: names[0], level: 'error' })
    log.error('configuration_refused', { faults: error.faults })
    process.exit(1)
  }
}

function createHost(handler: RequestHandler): Server {
  const inFlight = new Set<ServerResponse>()
  const server = http.createServer((req, res) => {
    inFlight.add(res)
    res.once('close', () => inFlight.delete(res))
    if (!server.listening) res.setHeader('connection', 'close')
    readBody(req, (body) => {
      bodies.set(req, body)
      void handler(req, res)
    })
  })
  server.headersTimeout = HEADERS_TIMEOUT_MS
  server.requestTimeout = REQUEST_TIMEOUT_MS
  server.once('listening', () => replaceSignalHandlers(() => drain(server, inFlight)))
  return server
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
