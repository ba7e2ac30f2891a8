import type { Server, ServerResponse } from 'node:http'

// Clients may still connect briefly after SIGTERM.
const CLOSE_AFTER_MS = 20
// Node's backlog: as many connections may the kernel have taken that are not taken up yet.
const MAX_TURNS = 511
// Cloud Run kills an instance 10 s after SIGTERM.
const DRAIN_TIMEOUT_MS = 9_000
const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/** Aborted on SIGTERM or SIGINT, for work that may take longer than the process has left. */
export function endSignal(): AbortSignal {
  const controller = new AbortController()
  for (const signal of SIGNALS) process.once(signal, () => controller.abort())
  return controller.signal
}

/**
 * Replaces functions-framework's signal handlers for this server by one that lets requests in flight
 * finish. `inFlight` is read when the signal comes. Where the framework registers none (its test
 * server) the process is not ours to end, and nothing happens.
 */
export function drainOnSignal(server: Server, inFlight: ReadonlySet<ServerResponse>): void {
  server.once('listening', () => replaceSignalHandlers(() => drain(server, inFlight)))
}

/** The framework registers its handlers when its server listens, after this listener ran. */
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
 * Closing resets what has not been taken up: one connection is in each turn of the event loop, and a
 * process that got no CPU time may be behind with many.
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
