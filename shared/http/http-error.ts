export interface HttpErrorOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** The exact cause, for the log only. */
  readonly reason?: string
}

/** An answer that is not the one asked for. `code` and `message` are what the client may know. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>
  readonly reason: string | undefined

  constructor(status: number, code: string, message: string, options: HttpErrorOptions = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = options.headers ?? {}
    this.reason = options.reason
  }
}

/** No such path: 404. */
export function notFound(): HttpError {
  return new HttpError(404, 'not_found', 'There is nothing at this path.')
}

/** The path exists, the method does not: 405 with `Allow` (RFC 9110 s15.5.6). */
export function methodNotAllowed(allowed: readonly string[]): HttpError {
  return new HttpError(405, 'method_not_allowed', 'This path does not take this method.', {
    headers: { allow: allowed.join(', ') },
  })
}

/** The body is not said to be JSON: 415 (RFC 9110 s15.5.16). */
export function notJson(): HttpError {
  return new HttpError(415, 'unsupported_media_type', 'Send application/json.')
}
