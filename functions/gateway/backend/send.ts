import type { Dispatcher, Pool } from 'undici'
import { single } from '../../../shared/http/http.ts'
import type { ByteBudget } from './response-budget.ts'

/** What is sent, and where to. */
export interface Sent {
  readonly method: string
  readonly origin: string
  /** With the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer | undefined
}

export interface SendOptions {
  readonly timeoutMs: number
  /** What is received; more than that ends the exchange. */
  readonly budget: ByteBudget
  /** Aborts the exchange. */
  readonly signal: AbortSignal
}

/** A backend's answer, whole. */
export interface BackendResponse {
  readonly status: number
  readonly contentType: string
  readonly contentEncoding: string | undefined
  readonly retryAfter?: string | undefined
  readonly body: Buffer
}

/** There is no whole answer. */
export class SendError extends Error {
  override readonly name = 'SendError'
  readonly failure: 'unreachable' | 'timeout' | 'oversized' | 'aborted'
  /** For certain; the backend may not have got a request that was sent. */
  readonly isUnsent: boolean

  constructor(failure: SendError['failure'], cause?: unknown, isUnsent = false) {
    super(failure, { cause })
    this.failure = failure
    this.isUnsent = isUnsent
  }
}

// Connections are kept for the next call. Time-outs are the call's own, but for undici's 10 s to
// connect; HTTP/2 is not offered, because one connection of it would carry, and end, many calls.
const POOL: Pool.Options = {
  connections: 200,
  allowH2: false,
  headersTimeout: 0,
  bodyTimeout: 0,
  keepAliveTimeout: 60_000,
}
const pools = new Map<string, Promise<Pool>>()

// Fits a TLS record, and the send buffer of a connection that waits for its next request.
const MAX_SINGLE_WRITE_BYTES = 8 * 1024

/**
 * One request, whatever its method: no redirect is followed, nothing is sent twice, and time-out, size and hang-up
 * bound the whole exchange, body included. A kept connection that turns out to be dead before
 * anything was sent is replaced by a new one.
 *
 * @throws SendError naming what happened instead of an answer.
 */
export async function send(sent: Sent, options: SendOptions): Promise<BackendResponse> {
  const startedAt = performance.now()
  try {
    return await exchange(await poolOf(sent.origin), sent, options)
  } catch (error) {
    if (!(error instanceof SendError && error.isUnsent)) throw error
    // The other kept connections may be dead as well.
    const pool = await openPool(sent.origin)
    const timeoutMs = options.timeoutMs - (performance.now() - startedAt)
    return exchange(pool, sent, { ...options, timeoutMs }).finally(() => pool.destroy())
  }
}

/** Loads what the first call to this origin would wait for; connects to nothing. */
export function warmUpPool(origin: string): void {
  // A failure to load is for the call to tell.
  poolOf(origin).catch(() => pools.delete(origin))
}

function poolOf(origin: string): Promise<Pool> {
  const pool = pools.get(origin) ?? openPool(origin)
  pools.set(origin, pool)
  return pool
}

/** By file: the whole package takes twice as long to load, which the first call waits for. */
async function openPool(origin: string): Promise<Pool> {
  const { default: ConnectionPool } = await import('undici/lib/dispatcher/pool.js')
  return new ConnectionPool(origin, POOL)
}

function exchange(pool: Pool, sent: Sent, options: SendOptions): Promise<BackendResponse> {
  return new Promise((resolve, reject) => {
    let controller: { readonly abort: (reason: Error) => void } | undefined
    let failure: SendError | undefined
    const chunks: Buffer[] = []
    let answer: Omit<BackendResponse, 'body'> = {
      status: 0,
      contentType: '',
      contentEncoding: undefined,
    }
    const end = (settle: () => void) => {
      clearTimeout(timer)
      options.signal.removeEventListener('abort', onAbort)
      settle()
    }
    const fail = (...reason: ConstructorParameters<typeof SendError>) => {
      failure ??= new SendError(...reason)
      end(() => reject(failure))
      controller?.abort(failure)
    }
    const onAbort = () => fail('aborted')
    const timer = setTimeout(() => fail('timeout'), options.timeoutMs)
    options.signal.addEventListener('abort', onAbort)
    if (options.signal.aborted) return onAbort()
    const { method, path, headers, body = null } = sent
    pool.dispatch(
      { path, method: method as Dispatcher.HttpMethod, headers, body },
      {
        onRequestStart: (started) => {
          // Given up while it waited. To throw leaves the connection as it is; to abort ends it.
          if (failure !== undefined) throw failure
          controller = started
        },
        onResponseStart: (_, status, fields) => {
          // Informational ones (RFC 9110 s15.2) come before the answer.
          const contentType = single(fields['content-type'])
          const contentEncoding = fields['content-encoding']?.toString()
          const retryAfter = fields['retry-after']?.toString()
          answer = { status, contentType, contentEncoding, retryAfter }
        },
        onResponseData: (stream, chunk) => {
          if (!options.budget.take(chunk.length)) return fail('oversized')
          chunks.push(chunk)
          const room = options.budget.room()
          if (room === undefined) return
          stream.pause()
          void room.then(() => stream.resume())
        },
        onResponseEnd: () => end(() => resolve({ ...answer, body: Buffer.concat(chunks) })),
        onResponseError: (_, cause) =>
          fail('unreachable', cause, isUnsent(cause, controller !== undefined, sent)),
      },
    )
  })
}

/**
 * A kept connection whose end is read before the request starts had none of it. One this small is
 * written in one piece: where the write failed, nothing of it was sent.
 */
function isUnsent(cause: Error, isStarted: boolean, { headers, body = '' }: Sent): boolean {
  const call = 'syscall' in cause && cause.syscall
  if (!isStarted) return call === 'read'
  const head = Buffer.byteLength(Object.entries(headers).flat().join(''))
  return call === 'write' && head + Buffer.byteLength(body) < MAX_SINGLE_WRITE_BYTES
}
