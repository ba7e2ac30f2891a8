export interface HttpErrorOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** The exact cause; only for the log. */
  readonly reason?: string
}

/** An error response. `code` and `message` are sent to the client; `reason` is not. */
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

/** Returns a 404 for an unknown path. */
export function notFound(): HttpError {
  return new HttpError(404, 'not_found', 'There is nothing at this path.')
}

/** Returns a 405 with `Allow` for a method that the path does not support (RFC 9110 s15.5.6). */
export function methodNotAllowed(allowed: readonly string[]): HttpError {
  return new HttpError(405, 'method_not_allowed', 'This path does not support this method.', {
    headers: { allow: allowed.join(', ') },
  })
}

/** Returns a 415 for a request whose content type is not JSON (RFC 9110 s15.5.16). */
export function notJson(): HttpError {
  return new HttpError(415, 'unsupported_media_type', 'Send application/json.')
}
