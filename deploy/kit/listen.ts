import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'

/** A server that listens only on the loopback addresses. */
export interface Listener {
  readonly port: number
  /** Stops accepting requests, waits for those in flight (at most 10 s), then resolves. */
  readonly close: () => Promise<void>
}

const DRAIN_TIMEOUT_MS = 10_000
const IDLE_CHECK_MS = 25
const ATTEMPTS = 10

/**
 * Serves `handler` at 127.0.0.1 and, if IPv6 is available, at ::1 on the same port, because `localhost`
 * may resolve to either. Port 0 = any port that is free on both.
 *
 * @throws the system's error; its `code` is EADDRINUSE if a given port is in use.
 */
export async function listenOnLoopback(port: number, handler: RequestListener): Promise<Listener> {
  for (let attempt = 1; ; attempt++) {
    const servers: Server[] = []
    try {
      servers.push(await listen(handler, '127.0.0.1', port))
      const actual = boundPort(servers)
      servers.push(...(await listenOnIpv6(handler, actual)))
      return { port: actual, close: () => closeAll(servers) }
    } catch (error) {
      await closeAll(servers)
      if (port !== 0 || attempt === ATTEMPTS || errorCode(error) !== 'EADDRINUSE') throw error
    }
  }
}

/** Returns the `code` of a system error, such as EADDRINUSE; undefined for other errors. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

async function listen(handler: RequestListener, host: string, port: number): Promise<Server> {
  const server = createServer(handler)
  server.listen({ host, port, exclusive: true })
  await once(server, 'listening')
  return server
}

async function listenOnIpv6(handler: RequestListener, port: number): Promise<Server[]> {
  try {
    return [await listen(handler, '::1', port)]
  } catch (error) {
    // The machine or container has no IPv6.
    if (['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(errorCode(error) ?? '')) return []
    throw error
  }
}

function boundPort([server]: readonly Server[]): number {
  const address = server?.address()
  if (address === null || typeof address !== 'object') throw new Error('The server has no TCP port')
  return address.port
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  // A connection that was busy at close() would stay open after its request until it times out.
  const idle = setInterval(() => {
    for (const server of servers) server.closeIdleConnections()
  }, IDLE_CHECK_MS)
  const cut = setTimeout(() => {
    for (const server of servers) server.closeAllConnections()
  }, DRAIN_TIMEOUT_MS)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  clearInterval(idle)
  clearTimeout(cut)
}
