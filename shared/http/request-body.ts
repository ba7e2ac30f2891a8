import type { IncomingMessage } from 'node:http'
import type { BodyShare } from './body-budget.ts'
import { HttpError } from './http-error.ts'

const MIB = 1024 * 1024

/** The largest body that a function takes, unless it says otherwise. */
export const MAX_BODY_BYTES = MIB

// A client still sending cannot read an answer, so an oversized body is read on and thrown away, up
// to the 32 MB that Google's front lets through.
const MAX_DISCARDED_BYTES = 32 * MIB

/** The raw bytes, or the HttpError that reading them met: 413, 415 or 503. */
export type ReceivedBody = Buffer | HttpError

/**
 * Reads the body to its end within limits, then calls `done`; never calls it for a broken-off one.
 * Each byte that is kept is taken from `share`; a body for which it has no room is a 503.
 */
export function readBody(
  req: IncomingMessage,
  maxBytes: number,
  share: BodyShare,
  done: (body: ReceivedBody) => void,
): void {
  const limit = hasContentCoding(req) ? 0 : maxBytes
  const chunks: Buffer[] = []
  let length = 0
  let hasRoom = true
  const drop = () => {
    chunks.length = 0
    share.release()
  }
  req.on('data', (chunk: Buffer) => {
    length += chunk.length
    hasRoom &&= length > limit || share.take(chunk.length)
    if (length <= limit && hasRoom) chunks.push(chunk)
    else drop()
    if (length > MAX_DISCARDED_BYTES) req.destroy()
  })
  req.once('end', () => {
    if (hasContentCoding(req)) return done(unsupportedCoding())
    if (length > limit) return done(tooLarge(maxBytes))
    if (!hasRoom) return done(overloaded())
    const body = Buffer.concat(chunks, length)
    // These listeners live as long as the request, the pieces must not.
    chunks.length = 0
    done(body)
  })
  // A client that goes away in the middle has sent no request; there is nobody to answer.
  req.once('error', () => undefined)
}

function hasContentCoding(req: IncomingMessage): boolean {
  const coding = req.headers['content-encoding']
  return coding !== undefined && coding.toLowerCase() !== 'identity'
}

/** 413 (RFC 9110 s15.5.14). */
export function tooLarge(maxBytes: number): HttpError {
  const most = maxBytes % MIB === 0 ? `${maxBytes / MIB} MiB` : `${maxBytes} bytes`
  const message = `The body may have ${most} at most.`
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
