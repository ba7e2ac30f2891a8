import type { IncomingMessage } from 'node:http'
import type { BodyShare } from './body-budget.ts'
import { HttpError } from './http-error.ts'

const MIB = 1024 * 1024

/** The largest body that a function takes, unless it says otherwise. */
export const MAX_BODY_BYTES = MIB

const EMPTY = Buffer.alloc(0)
// Google's front lets 32 MB through.
const MAX_DISCARDED_BYTES = 32 * MIB

/** The client closed the connection before its request was complete. No answer can reach it. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError'
}

/**
 * Reads the body to its end and returns the raw bytes. Counts each byte in `share`. What is not read
 * of a refused body is left to `discardBody`.
 *
 * @throws HttpError 415 for a content coding, 413 for more than `maxBytes`, 503 when `share` has no
 * room. @throws ClientGoneError.
 */
export function readBody(
  req: IncomingMessage,
  maxBytes: number,
  share: BodyShare,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (hasContentCoding(req)) return reject(unsupportedCoding())
    if (announcedBytes(req) > maxBytes) return reject(tooLarge(maxBytes))
    // Most bodies have arrived together with their head. Such a request is complete, and counts, also
    // when its client hangs up now.
    if (req.complete) return resolve(readReceived(req, maxBytes, share))
    if (req.destroyed) return reject(new ClientGoneError())
    const chunks: Buffer[] = []
    let length = 0
    const stop = () => {
      req.off('data', onData).off('end', onEnd).off('error', onError)
      // The listeners may live as long as the request, the pieces must not.
      chunks.length = 0
    }
    const refuse = (error: Error) => {
      stop()
      req.pause()
      share.release()
      reject(error)
    }
    const onData = (chunk: Buffer) => {
      length += chunk.length
      if (length > maxBytes) return refuse(tooLarge(maxBytes))
      if (!share.take(chunk.length)) return refuse(overloaded())
      chunks.push(chunk)
    }
    const onEnd = () => {
      const body = Buffer.concat(chunks, length)
      stop()
      resolve(body)
    }
    const onError = () => refuse(new ClientGoneError())
    req.on('data', onData).once('end', onEnd).once('error', onError)
  })
}

/** The body of a complete request. @throws HttpError as `readBody`. */
function readReceived(req: IncomingMessage, maxBytes: number, share: BodyShare): Buffer {
  const received: Buffer = req.read() ?? EMPTY
  if (received.length > maxBytes) throw tooLarge(maxBytes)
  if (!share.take(received.length)) throw overloaded()
  // A copy: what is received is a piece of a much larger buffer.
  return Buffer.from(received)
}

/**
 * Receives the rest of a body and discards it, then calls `done`. A client may not read the answer
 * before it has sent everything, and closing a connection on unread bytes resets it, which can destroy
 * the answer. A body of more than 32 MiB ends the connection.
 */
export function discardBody(req: IncomingMessage, done: () => void): void {
  let length = 0
  req.on('data', ({ length: bytes }: Buffer) => {
    length += bytes
    if (length > MAX_DISCARDED_BYTES) req.destroy()
  })
  req.once('end', done)
  req.once('error', () => undefined)
  req.resume()
}

/** The Content-Length of a body in bytes; 0 for none, also in a chunked request. */
export function announcedBytes({ headers }: IncomingMessage): number {
  return Number(headers['content-length'] ?? 0)
}

function hasContentCoding(req: IncomingMessage): boolean {
  const coding = req.headers['content-encoding']
  return coding !== undefined && coding.toLowerCase() !== 'identity'
}

/** 413 (RFC 9110 s15.5.14). */
export function tooLarge(maxBytes: number): HttpError {
  const limit = maxBytes % MIB === 0 ? `${maxBytes / MIB} MiB` : `${maxBytes} bytes`
  const message = `The body may have ${limit} at most.`
  return new HttpError(413, 'content_too_large', message, { reason: 'body_too_large' })
}

/** 503 (RFC 9110 s15.6.4). */
function overloaded(): HttpError {
  return new HttpError(503, 'overloaded', 'Too much is being received. Try again in a second.', {
    headers: { 'retry-after': '1' },
    reason: 'bodies_in_flight',
  })
}

function unsupportedCoding(): HttpError {
  return new HttpError(415, 'unsupported_media_type', 'Send the body without content coding.', {
    headers: { 'accept-encoding': 'identity' },
    reason: 'content_coding',
  })
}
