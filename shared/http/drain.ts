import type { Server, ServerResponse } from 'node:http'

// Clients may still connect for a moment after SIGTERM.
const CLOSE_AFTER_MS = 20
// Node's default backlog: the kernel may hold this many connections that the process has not accepted
// yet.
const MAX_TURNS = 511
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
export function drainOnSignal(server: Server, inFlight: ReadonlySet<ServerResponse>): void {
  server.once('listening', () => replaceSignalHandlers(() => drain(server, inFlight)))
}

/** Waits for `setImmediate`, because the framework registers its handlers after this listener. */
function replaceSignalHandlers(onSignal: () => void): void {
  const before = new Set(SIGNALS.flatMap((signal) => process.listeners(signal)))
  setImmediate(() => {
    for (const signal of SIGNALS) {
      for (const listener of process.listeners(signal)) {
        if (before.has(listener)) continue
        process.removeListener(signal, listener)
        process.once(signal, onSignal)
      }
    }
  })
}

function drain(server: Server, inFlight: ReadonlySet<ServerResponse>): void {
  const closeAfterAnswer = (res: ServerResponse) => {
    if (!res.headersSent) res.setHeader('connection', 'close')
  }
  for (const res of inFlight) closeAfterAnswer(res)
  server.prependListener('request', (_req, res) => closeAfterAnswer(res))
  setTimeout(() => closeWhenQuiet(server), CLOSE_AFTER_MS)
  setTimeout(() => process.exit(1), DRAIN_TIMEOUT_MS).unref()
}

/**
 * Closes the server when an event loop turn accepts no connection. Closing resets connections that are
 * not accepted yet. Each turn accepts one, and a process without CPU time may be behind by many.
 */
function closeWhenQuiet(server: Server, turns = MAX_TURNS): void {
  let isQuiet = true
  const onConnection = () => {
    isQuiet = false
  }
  server.once('connection', onConnection)
  setImmediate(() => {
    server.off('connection', onConnection)
    if (isQuiet || turns === 0) server.close(() => process.exit(0))
    else closeWhenQuiet(server, turns - 1)
  })
}
