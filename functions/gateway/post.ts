import { urlToHttpOptions } from 'node:url'

/** Where to post to, in the form that Node takes without parsing it again. */
export type Target = ReturnType<typeof toTarget>

export function toTarget(url: string) {
  const parsed = new URL(url)
  const { protocol, hostname, port, path } = urlToHttpOptions(parsed)
  return { to: { protocol, hostname, port, path }, host: parsed.host }
}

/** Counts bytes; false once they are more than was allowed. */
export type Allowance = (bytes: number) => boolean

export function createAllowance(maxBytes: number): Allowance {
  let left = maxBytes
  return (bytes) => {
    left -= bytes
    return left >= 0
  }
}

export interface PostOptions {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly timeoutMs: number
  /** Told of each piece of the answer; false ends the exchange. */
  readonly take: Allowance
  /** Aborts the exchange. */
  readonly signal: AbortSignal
}

/** A backend's answer, whole. */
export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly contentEncoding: string | undefined
  readonly body: Buffer
}

/** There is no whole answer. */
export class PostError extends Error {
  override readonly name = 'PostError'
  readonly failure: 'unreachable' | 'timeout' | 'oversized' | 'aborted'

  constructor(failure: PostError['failure'], cause?: unknown) {
    super(failure, { cause })
    this.failure = failure
  }
}

// Not by `import`: see shared/host.ts.
const http = process.getBuiltinModule('node:http')
const https = process.getBuiltinModule('node:https')

// Connections are kept for the next call; Node's default would allow any number of them.
const LIMITS = { keepAlive: true, maxSockets: 200, maxFreeSockets: 50, scheduling: 'lifo' } as const
const agents = { 'http:': new http.Agent(LIMITS), 'https:': new https.Agent(LIMITS) }

// Fits a TLS record, and the send buffer of a connection that waits for its next request.
const MAX_SINGLE_WRITE_BYTES = 8 * 1024

/**
 * One POST of JSON: no redirect is followed, nothing is sent twice, and time-out, size and hang-up
 * bound the whole exchange, body included. A kept connection that turns out to be dead before
 * anything was sent is replaced by a new one.
 *
 * @throws PostError naming what happened instead of an answer.
 */
export function post(target: Target, options: PostOptions, isRetry = false): Promise<Answer> {
  const { to, host } = target
  const isHttps = to.protocol === 'https:'
  const length = String(Buffer.byteLength(options.body))
  // A list is written as it is, which is quicker.
  const headers = [
    ...Object.entries(options.headers).flat(),
    ...['host', host, 'content-length', length],
  ]
  return new Promise((resolve, reject) => {
    const request = (isHttps ? https : http).request({
      ...to,
      method: 'POST',
      agent: !isRetry && (isHttps ? agents['https:'] : agents['http:']),
      headers,
    })
    const end = (settle: () => void) => {
      clearTimeout(timer)
      options.signal.removeEventListener('abort', onAbort)
      settle()
    }
    const fail = (failure: PostError['failure'], cause?: unknown) => {
      end(() => reject(new PostError(failure, cause)))
      request.destroy()
    }
    const onAbort = () => fail('aborted')
    const timer = setTimeout(() => fail('timeout'), options.timeoutMs)
    options.signal.addEventListener('abort', onAbort)
    if (options.signal.aborted) onAbort()
    // The end without answer or error, such as a change of protocols (101).
    const onClose = () => fail('unreachable')
    request.on('close', onClose)
    request.on('error', (cause) => {
      const isUnsent = request.reusedSocket && isFailedWrite(cause, [...headers, options.body])
      if (isUnsent) end(() => resolve(post(target, options, true)))
      else fail('unreachable', cause)
    })
    request.on('response', (response) => {
      request.off('close', onClose)
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => {
        if (options.take(chunk.length)) chunks.push(chunk)
        else fail('oversized')
      })
      response.on('error', (cause) => fail('unreachable', cause))
      response.on('end', () => {
        end(() =>
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'] ?? '',
            contentEncoding: response.headers['content-encoding'],
            body: Buffer.concat(chunks),
          }),
        )
      })
    })
    request.end(options.body)
  })
}

/** A request this small is written in one piece: where the write failed, nothing of it was sent. */
function isFailedWrite(cause: Error, parts: readonly string[]): boolean {
  const isWrite = 'syscall' in cause && cause.syscall === 'write'
  return isWrite && Buffer.byteLength(parts.join('')) < MAX_SINGLE_WRITE_BYTES
}
