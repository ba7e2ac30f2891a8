import type { IncomingMessage } from 'node:http'
import { HttpError } from './http-error.ts'

const MIB = 1024 * 1024

/** The largest body that a function takes, unless it says otherwise. */
export const MAX_BODY_BYTES = MIB

// A client still sending cannot read an answer, so an oversized body is read on and thrown away, up
// to the 32 MB that Google's front lets through.
const MAX_DISCARDED_BYTES = 32 * MIB

/** The raw bytes, or the HttpError that reading them met: 413 or 415. */
export type ReceivedBody = Buffer | HttpError

/** Reads the body to its end within limits, then calls `done`; never calls it for a broken-off one. */
export function readBody(
  req: IncomingMessage,
  maxBytes: number,
  done: (body: ReceivedBody) => void,
): void {
  const limit = hasContentCoding(req) ? 0 : maxBytes
  const chunks: Buffer[] = []
  let length = 0
  req.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= limit) chunks.push(chunk)
    else chunks.length = 0
    if (length > MAX_DISCARDED_BYTES) req.destroy()
  })
  req.once('end', () => {
    if (hasContentCoding(req)) done(unsupportedCoding())
    else done(length > limit ? tooLarge(maxBytes) : Buffer.concat(chunks, length))
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
  const message = `The body may have ${maxBytes / MIB} MiB at most.`
  return new HttpError(413, 'content_too_large', message, { reason: 'body_too_large' })
}

function unsupportedCoding(): HttpError {
  return new HttpError(415, 'unsupported_media_type', 'Send the body without content coding.', {
    headers: { 'accept-encoding': 'identity' },
    reason: 'content_coding',
  })
}
