/** The bytes of a backend are not an HTTP/1.1 response, or one that is not supported. */
export class ResponseError extends Error {
  override readonly name = 'ResponseError'
  readonly code = 'EPROTO'
}
