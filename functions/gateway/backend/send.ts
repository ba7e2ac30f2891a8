import { createByteCollector } from '../../../shared/http/byte-collector.ts'
import type { OnDisconnect } from '../../../shared/http/disconnect.ts'
import type { Connection, Exchange } from '../http-client/connection.ts'
import { type ConnectionPool, createConnectionPool } from '../http-client/connection-pool.ts'
import { writeRequestHead } from '../http-client/request-head.ts'
import type { ResponseHead } from '../http-client/response-head.ts'
import type { ByteBudget } from './response-budget.ts'

/** A request to a backend. */
export interface OutgoingRequest {
  readonly method: string
  readonly origin: string
  /** The path with the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer | undefined
}

export interface SendOptions {
  readonly timeoutMs: number
  /** Limits the received bytes. Exceeding it ends the exchange. */
  readonly budget: ByteBudget
  /** The exchange ends if the client disconnects. Undefined if others wait for the response, too. */
  readonly onDisconnect?: OnDisconnect | undefined
}

/** The complete response of a backend. */
export interface BackendResponse extends ResponseHead {
  readonly body: Buffer
}

/** No complete response was received. */
export class SendError extends Error {
  override readonly name = 'SendError'
  readonly failure: 'unreachable' | 'timeout' | 'oversized' | 'aborted'
  /** The code of the cause, such as `ECONNREFUSED`; undefined if it has none. */
  readonly code: string | undefined

  constructor(failure: SendError['failure'], cause?: unknown) {
    super(failure, { cause })
    this.failure = failure
    this.code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
  }
}

const pools = new Map<string, ConnectionPool>()

/**
 * Sends one request and returns the complete response. Follows no redirects and never sends a
 * request twice. The time-out, the budget and a disconnect apply to the whole exchange, including the
 * body. If a kept connection turns out to be closed before anything was sent, another connection
 * replaces it.
 *
 * @throws SendError that names the failure.
 */
export function send(sent: OutgoingRequest, options: SendOptions): Promise<BackendResponse> {
  return new Promise((resolve, reject) => {
    const pool = poolOf(sent.origin)
    const body = typeof sent.body === 'string' ? Buffer.from(sent.body) : sent.body
    const pieces = createByteCollector()
    let connection: Connection | undefined
    let head: ResponseHead | undefined
    let isOver = false
    let stopListening: (() => void) | undefined
    const end = () => {
      isOver = true
      clearTimeout(timer)
      stopListening?.()
    }
    const refuse = (failure: SendError['failure'], cause?: unknown) => {
      end()
      reject(new SendError(failure, cause))
    }
    const abort = (failure: SendError['failure']) => {
      if (connection === undefined) pool.forget(exchange)
      else connection.close()
      refuse(failure)
    }
    const exchange: Exchange = {
      head: writeRequestHead(sent, body?.length),
      body,
      isHead: sent.method === 'HEAD',
      onStart: (started) => {
        connection = started
      },
      onHead: (received) => {
        head = received
      },
      onData: (piece) => {
        // The rest of what was read from the socket at once.
        if (isOver) return
        if (options.budget.take(piece.length)) pieces.add(Buffer.from(piece))
        else abort('oversized')
      },
      room: () => options.budget.room(),
      onEnd: () => {
        end()
        if (head !== undefined) resolve({ ...head, body: pieces.take() })
      },
      onError: (cause, isUnsent) => {
        if (!isUnsent || head !== undefined) return refuse('unreachable', cause)
        connection = undefined
        // The other idle connections may be closed as well.
        pool.closeIdle()
        pool.run(exchange)
      },
    }
    const timer = setTimeout(() => abort('timeout'), options.timeoutMs)
    stopListening = options.onDisconnect?.(() => abort('aborted'))
    if (!isOver) pool.run(exchange)
  })
}

/** Connects to a backend before the first call, which then does not wait for the handshakes. */
export function connectTo(origin: string): void {
  poolOf(origin).connect()
}

function poolOf(origin: string): ConnectionPool {
  const pool = pools.get(origin) ?? createConnectionPool(origin)
  pools.set(origin, pool)
  return pool
}
