import { type Connection, type Exchange, openConnection } from './connection.ts'
import { loopTurn } from './loop-turn.ts'

/** The connections to one server. */
export interface ConnectionPool {
  /** Starts an exchange as soon as it has a connection. */
  readonly run: (exchange: Exchange) => void
  /**
   * Opens a connection for the next exchange if there is none, and closes it after 2 s if it is not used.
   * No exchange depends on this attempt.
   */
  readonly connect: () => void
  /** Forgets an exchange that has not started. */
  readonly forget: (exchange: Exchange) => void
  /** Closes the connections without an exchange. */
  readonly closeIdle: () => void
}

const MAX_CONNECTIONS = 200
const SWEEP_INTERVAL_MS = 30_000
// A server that handles one connection at a time cannot answer its other clients until then.
const MAX_UNUSED_MS = 2_000

/**
 * Creates a pool that opens up to 200 connections to an origin when they are needed. Exchanges beyond
 * them wait in the order of their arrival.
 */
export function createConnectionPool(origin: string): ConnectionPool {
  const url = new URL(origin)
  const session = {}
  // The one that was used last is used next, so those that are not needed become stale.
  const idle: Connection[] = []
  /** Those that became idle in this turn of the event loop. They are used if there is no other. */
  const resting: Connection[] = []
  let turn = 0
  const waiting = new Set<Exchange>()
  /** The attempts to connect that exchanges wait for. */
  const connecting = new Set<Connection>()
  let open = 0
  let isSweeping = false

  const openOne = () => {
    open += 1
    return openConnection({ url, session, onIdle, onClose })
  }
  const openNeeded = () => {
    while (connecting.size < waiting.size && open < MAX_CONNECTIONS) connecting.add(openOne())
  }
  const endRest = () => {
    const now = loopTurn()
    if (now !== turn) idle.push(...resting.splice(0))
    turn = now
  }
  const nextWaiting = (): Exchange | undefined => {
    const [next] = waiting
    if (next !== undefined) waiting.delete(next)
    return next
  }
  const onIdle = (connection: Connection) => {
    connecting.delete(connection)
    if (!connection.isFresh()) return connection.close()
    const next = waiting.size === 0 ? undefined : nextWaiting()
    if (next !== undefined) return connection.run(next, !connection.isUsed())
    if (connection.isUsed()) {
      endRest()
      resting.push(connection)
    } else idle.push(connection)
    if (!isSweeping) sweepLater()
  }
  const onClose = (connection: Connection, cause: Error | undefined) => {
    open -= 1
    const isAwaited = connecting.delete(connection)
    for (const list of [idle, resting]) {
      const at = list.indexOf(connection)
      if (at !== -1) list.splice(at, 1)
    }
    if (cause !== undefined && isAwaited) nextWaiting()?.onError(cause, false)
    openNeeded()
  }
  const sweepLater = () => {
    isSweeping = true
    setTimeout(sweep, SWEEP_INTERVAL_MS).unref()
  }
  const sweep = () => {
    isSweeping = false
    const unused = [...idle, ...resting]
    for (const connection of unused) if (!connection.isFresh()) connection.close()
    if (unused.length > 0) sweepLater()
  }
  return {
    run: (exchange) => {
      if (resting.length > 0) endRest()
      for (;;) {
        const isRead = idle.length > 0
        const connection = isRead ? idle.pop() : resting.pop()
        if (connection === undefined) break
        if (connection.isFresh()) return connection.run(exchange, isRead)
        connection.close()
      }
      waiting.add(exchange)
      openNeeded()
    },
    connect: () => {
      if (open > 0) return
      const connection = openOne()
      const closeUnused = () => {
        if (!connection.isUsed()) connection.close()
      }
      setTimeout(closeUnused, MAX_UNUSED_MS).unref()
    },
    forget: (exchange) => {
      waiting.delete(exchange)
      // It continues for later exchanges, but those do not depend on it: it may never succeed.
      const [oldest] = connecting
      if (oldest !== undefined && connecting.size > waiting.size) connecting.delete(oldest)
    },
    closeIdle: () => {
      for (const connection of [...idle.splice(0), ...resting.splice(0)]) connection.close()
    },
  }
}
