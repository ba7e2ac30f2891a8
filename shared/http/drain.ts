import type { Server, ServerResponse } from 'node:http'
import type { InFlight } from './in-flight.ts'

// Clients may still connect for a moment after SIGTERM.
const CLOSE_AFTER_MS = 20
// Node's default backlog: the kernel may hold this many connections that the process has not accepted
// yet.
const MAX_TURNS = 511
// A client that is still sending a request then has this long without any other request.
const IDLE_TURN_MS = 250
const MAX_IDLE_TURNS = 4
// Cloud Run kills an instance 10 s after SIGTERM.
const DRAIN_TIMEOUT_MS = 9_000
const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/** Returns a signal that aborts on SIGTERM or SIGINT, for work that may outlast the shutdown. */
export function endSignal(): AbortSignal {
  const controller = new AbortController()
  for (const signal of SIGNALS) process.once(signal, () => controller.abort())
  return controller.signal
}

/**
 * Replaces functions-framework's signal handlers for this server by one that lets requests in flight
 * finish. Reads `inFlight` when the signal arrives. Does nothing if the framework registers no handlers,
 * as its test server does, because the process then belongs to the test runner.
 */
export function drainOnSignal(server: Server, inFlight: InFlight): void {
  let isDraining = false
  const onSignal = () => {
    // A second signal must not interrupt the requests in flight.
    if (isDraining) return
    isDraining = true
    drain(server, inFlight)
  }
  server.once('listening', () => replaceSignalHandlers(onSignal))
}

/** Waits for `setImmediate`, because the framework registers its handlers after this listener. */
function replaceSignalHandlers(onSignal: () => void): void {
  const before = new Set(SIGNALS.flatMap((signal) => process.listeners(signal)))
  setImmediate(() => {
    for (const signal of SIGNALS) {
      for (const listener of process.listeners(signal)) {
        if (before.has(listener)) continue
        // In this order, because Node loses a signal that is on its way when the last listener goes.
        process.on(signal, onSignal)
        process.removeListener(signal, listener)
      }
    }
  })
}

function drain(server: Server, inFlight: InFlight): void {
  const lastOf = new Map<unknown, ServerResponse>()
  // The last of several pipelined requests closes the connection (RFC 9112 s9.6).
  const closeAfterAnswer = (res: ServerResponse) => {
    const { socket } = res.req
    const previous = lastOf.get(socket)
    if (previous?.headersSent === false) previous.removeHeader('connection')
    lastOf.set(socket, res)
    if (!res.headersSent) res.setHeader('connection', 'close')
  }
  for (const res of inFlight.all()) closeAfterAnswer(res)
  server.prependListener('request', (_req, res) => closeAfterAnswer(res))
  setTimeout(() => closeWhenQuiet(server, inFlight), CLOSE_AFTER_MS)
  setTimeout(() => process.exit(1), DRAIN_TIMEOUT_MS).unref()
}

/**
 * Closes the server when an event loop turn accepts no connection. Closing resets connections that are
 * not accepted yet. Each turn accepts one, and a process without CPU time may be behind by many.
 */
function closeWhenQuiet(server: Server, inFlight: InFlight, turns = MAX_TURNS): void {
  let isQuiet = true
  const onConnection = () => {
    isQuiet = false
  }
  server.once('connection', onConnection)
  setImmediate(() => {
    server.off('connection', onConnection)
    if (!isQuiet && turns > 0) {
      closeWhenQuiet(server, inFlight, turns - 1)
      return
    }
    server.close(() => process.exit(0))
    endWhenIdle(server, inFlight)
  })
}

/** Closes the connections on which no complete request head arrives, which `server.close` waits for. */
function endWhenIdle(server: Server, inFlight: InFlight, turns = 0): void {
  if (turns === MAX_IDLE_TURNS) {
    server.closeAllConnections()
    return
  }
  const next = () => endWhenIdle(server, inFlight, inFlight.all().length > 0 ? 0 : turns + 1)
  setTimeout(next, IDLE_TURN_MS)
}
