import { HttpError } from '../../shared/http/http-error.ts'

// RFC 7591 has no code for these; RFC 6749 s4.1.2.1 does.
const UNAVAILABLE = 'temporarily_unavailable'

/** 503: the caller may try again after that many seconds. */
export function unavailable(reason: string, retryAfterSeconds: number): HttpError {
  return new HttpError(503, UNAVAILABLE, 'The client cannot be registered right now. Try again.', {
    headers: { 'retry-after': String(retryAfterSeconds) },
    reason,
  })
}

/** 429: the same, because too many have registered. */
export function tooMany(reason: string, retryAfterSeconds: number): HttpError {
  return new HttpError(429, UNAVAILABLE, 'Too many registrations. Try again.', {
    headers: { 'retry-after': String(retryAfterSeconds) },
    reason,
  })
}
