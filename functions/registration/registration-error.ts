import { HttpError } from '../../shared/http/http-error.ts'

// RFC 7591 defines no code for these errors. RFC 6749 s4.1.2.1 does.
const UNAVAILABLE = 'temporarily_unavailable'

/** Returns HttpError 503 with Retry-After. `reason` is for the log. */
export function unavailable(reason: string, retryAfterSeconds: number): HttpError {
  return new HttpError(503, UNAVAILABLE, 'The client cannot be registered right now. Try again.', {
    headers: { 'retry-after': String(retryAfterSeconds) },
    reason,
  })
}

/** Returns HttpError 429 with Retry-After. `reason` is for the log. */
export function tooMany(reason: string, retryAfterSeconds: number): HttpError {
  return new HttpError(429, UNAVAILABLE, 'Too many registrations. Try again.', {
    headers: { 'retry-after': String(retryAfterSeconds) },
    reason,
  })
}
