import type { Dispatcher, Pool } from 'undici'
import { createByteCollector } from '../../../shared/http/byte-collector.ts'
import type { OnDisconnect } from '../../../shared/http/disconnect.ts'
import { single } from '../../../shared/http/http.ts'
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
export interface BackendResponse {
  readonly status: number
  readonly contentType: string
  readonly contentEncoding: string | undefined
  readonly retryAfter?: string | undefined
  readonly body: Buffer
}

/** No complete response was received. */
export class SendError extends Error {
  override readonly name = 'SendError'
  readonly failure: 'unreachable' | 'timeout' | 'oversized' | 'aborted'
  /**
   * True only if it is certain that nothing was sent. The backend may not have received a request
   * that was sent.
   */
  readonly isUnsent: boolean

  constructor(failure: SendError['failure'], cause?: unknown, isUnsent = false) {
    super(failure, { cause })
    this.failure = failure
    this.isUnsent = isUnsent
  }
}

// Connections are kept for later calls. The time-outs are those of the call, except the 10 s that
// undici allows for connecting. HTTP/2 is off, because one connection would carry many calls, and
// end all of them when it fails.
const POOL: Pool.Options = {
  connections: 200,
  allowH2: false,
  headersTimeout: 0,
  bodyTimeout: 0,
  keepAliveTimeout: 60_000,
}
const pools = new Map<string, Promise<Pool>>()

// Fits into one TLS record, and into the send buffer of an idle connection.
const MAX_SINGLE_WRITE_BYTES = 8 * 1024

/**
 * Sends one request and returns the complete response. Follows no redirects and never sends a
 * request twice. The time-out, the budget and a disconnect apply to the whole exchange, including the
 * body. If a kept connection turns out to be closed before anything was sent, a new connection
 * replaces it.
 *
 * @throws SendError that names the failure.
 */
export async function send(sent: OutgoingRequest, options: SendOptions): Promise<BackendResponse> {
  const startedAt = performance.now()
  try {
    return await exchange(await poolOf(sent.origin), sent, options)
  } catch (error) {
    if (!(error instanceof SendError && error.isUnsent)) throw error
    // The other kept connections may be closed as well.
    const pool = await openPool(sent.origin)
    const timeoutMs = options.timeoutMs - (performance.now() - startedAt)
    return exchange(pool, sent, { ...options, timeoutMs }).finally(() => pool.destroy())
  }
}

/** Loads the connection pool that the first call to this origin needs. Does not connect. */
export function warmUpPool(origin: string): void {
  // The first call reports a failure to load.
  poolOf(origin).catch(() => pools.delete(origin))
}

function poolOf(origin: string): Promise<Pool> {
  const pool = pools.get(origin) ?? openPool(origin)
  pools.set(origin, pool)
  return pool
}

/**
 * Imports a single file, because the whole package takes twice as long to load while the first call
 * waits.
 */
async function openPool(origin: string): Promise<Pool> {
  const { default: ConnectionPool } = await import('undici/lib/dispatcher/pool.js')
  return new ConnectionPool(origin, POOL)
}

function exchange(
  pool: Pool,
  sent: OutgoingRequest,
  options: SendOptions,
): Promise<BackendResponse> {
  return new Promise((resolve, reject) => {
    let controller: { readonly abort: (reason: Error) => void } | undefined
    let failure: SendError | undefined
    let stopListening: (() => void) | undefined
    const pieces = createByteCollector()
    let answer: Omit<BackendResponse, 'body'> = {
      status: 0,
      contentType: '',
      contentEncoding: undefined,
    }
    const end = (settle: () => void) => {
      clearTimeout(timer)
      stopListening?.()
      settle()
    }
    const fail = (...reason: ConstructorParameters<typeof SendError>) => {
      failure ??= new SendError(...reason)
      end(() => reject(failure))
      controller?.abort(failure)
    }
    const timer = setTimeout(() => fail('timeout'), options.timeoutMs)
    stopListening = options.onDisconnect?.(() => fail('aborted'))
    if (failure !== undefined) return
    const { method, path, headers, body = null } = sent
    pool.dispatch(
      { path, method: method as Dispatcher.HttpMethod, headers, body },
      {
        onRequestStart: (started) => {
          // The call ended while it waited for a connection. Throwing keeps that connection open,
          // aborting would close it.
          if (failure !== undefined) throw failure
          controller = started
        },
        onResponseStart: (_, status, fields) => {
          // Informational responses (RFC 9110 s15.2) come first, and the final response replaces
          // them.
          const contentType = single(fields['content-type'])
          const contentEncoding = fields['content-encoding']?.toString()
          const retryAfter = fields['retry-after']?.toString()
          answer = { status, contentType, contentEncoding, retryAfter }
        },
        onResponseData: (stream, chunk) => {
          if (!options.budget.take(chunk.length)) return fail('oversized')
          pieces.add(chunk)
          const room = options.budget.room()
          if (room === undefined) return
          stream.pause()
          void room.then(() => stream.resume())
        },
        onResponseEnd: () => end(() => resolve({ ...answer, body: pieces.take() })),
        onResponseError: (_, cause) =>
          fail('unreachable', cause, isUnsent(cause, controller !== undefined, sent)),
      },
    )
  })
}

/**
 * A read error before the request starts means that a kept connection was closed, so nothing was
 * sent. A small request is written in one piece, so a failed write means the same.
 */
function isUnsent(
  cause: Error,
  isStarted: boolean,
  { headers, body = '' }: OutgoingRequest,
): boolean {
  const call = 'syscall' in cause && cause.syscall
  if (!isStarted) return call === 'read'
  const head = Buffer.byteLength(Object.entries(headers).flat().join(''))
  return call === 'write' && head + Buffer.byteLength(body) < MAX_SINGLE_WRITE_BYTES
}
