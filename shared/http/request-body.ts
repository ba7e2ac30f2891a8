import type { IncomingMessage } from 'node:http'
import type { BodyShare } from './body-budget.ts'
import { createByteCollector } from './byte-collector.ts'
import { HttpError } from './http-error.ts'

const MIB = 1024 * 1024

/** The default maximum size of a request body. */
export const MAX_BODY_BYTES = MIB

const EMPTY = Buffer.alloc(0)
// Google's front end accepts requests of up to 32 MB.
const MAX_DISCARDED_BYTES = 32 * MIB

/** The client closed the connection before its request was complete, so no response can reach it. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError'
}

/**
 * Reads the whole body and returns its raw bytes. Reserves each byte in `share`. Does not read the rest
 * of a refused body; `discardBody` does.
 *
 * @throws HttpError 415 for a content coding, 413 for more than `maxBytes`, 503 if `share` refuses the
 * bytes.
 * @throws ClientGoneError
 */
export function readBody(
  req: IncomingMessage,
  maxBytes: number,
  share: BodyShare,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (hasContentCoding(req)) return reject(unsupportedCoding())
    if (announcedBytes(req) > maxBytes) return reject(tooLarge(maxBytes))
    // Most bodies arrive together with the head. Such a request is complete and is handled even if the
    // client disconnects now.
    if (req.complete) return resolve(readReceived(req, maxBytes, share))
    if (req.destroyed) return reject(new ClientGoneError())
    const pieces = createByteCollector()
    let length = 0
    const stop = () => {
      req.off('data', onData).off('end', onEnd).off('error', onError)
      // The listeners may live as long as the request, but the bytes must not.
      pieces.clear()
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
      pieces.add(chunk)
    }
    const onEnd = () => {
      const body = pieces.take()
      stop()
      resolve(body)
    }
    const onError = () => refuse(new ClientGoneError())
    req.on('data', onData).once('end', onEnd).once('error', onError)
  })
}

/** Returns the body of a request that was received completely. Throws as `readBody` does. */
function readReceived(req: IncomingMessage, maxBytes: number, share: BodyShare): Buffer {
  const received: Buffer = req.read() ?? EMPTY
  if (received.length > maxBytes) throw tooLarge(maxBytes)
  if (!share.take(received.length)) throw overloaded()
  return received
}

/**
 * Receives and discards the rest of a body, then calls `done`. A client may not read the response before
 * it has sent everything, and closing a connection with unread bytes resets it, which can destroy the
 * response. Closes the connection after 32 MiB.
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

/**
 * Returns what of the body is still to be received: nothing, a short body of announced length, or any other.
 * A request without a body may be answered before Node has noticed its end (RFC 9112 s6.3).
 */
export function bodyAhead(req: IncomingMessage): 'nothing' | 'short' | 'other' {
  const announced = announcedBytes(req)
  const hasNone = announced === 0 && req.headers['transfer-encoding'] === undefined
  if (req.complete || hasNone) return 'nothing'
  return announced > 0 && announced <= MAX_BODY_BYTES ? 'short' : 'other'
}

/** Returns the Content-Length in bytes; 0 if there is none, as in a chunked request. */
function announcedBytes({ headers }: IncomingMessage): number {
  return Number(headers['content-length'] ?? 0)
}

/** Node removes only the transfer coding `chunked`. */
function hasContentCoding({ headers }: IncomingMessage): boolean {
  const coding = headers['content-encoding'] ?? 'identity'
  const transferCoding = headers['transfer-encoding'] ?? 'chunked'
  return coding.toLowerCase() !== 'identity' || transferCoding.toLowerCase() !== 'chunked'
}

/** Returns a 413 (RFC 9110 s15.5.14). */
export function tooLarge(maxBytes: number): HttpError {
  const limit = maxBytes % MIB === 0 ? `${maxBytes / MIB} MiB` : `${maxBytes} bytes`
  const message = `The body must not exceed ${limit}.`
  return new HttpError(413, 'content_too_large', message, { reason: 'body_too_large' })
}

/** Returns a 503 (RFC 9110 s15.6.4). */
function overloaded(): HttpError {
  return new HttpError(
    503,
    'overloaded',
    'The server is receiving too much data. Try again in a second.',
    {
      headers: { 'retry-after': '1' },
      reason: 'bodies_in_flight',
    },
  )
}

function unsupportedCoding(): HttpError {
  return new HttpError(415, 'unsupported_media_type', 'Send the body without content coding.', {
    headers: { 'accept-encoding': 'identity' },
    reason: 'content_coding',
  })
}
