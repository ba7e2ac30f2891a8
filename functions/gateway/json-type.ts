import type { HttpRequest } from '../../shared/http/http.ts'
import { HttpError } from '../../shared/http/http-error.ts'

const JSON_TYPE = /^application\/json\s*(;|$)/i

/** Whether a request says that its body is JSON. */
export function isJson({ headers }: HttpRequest): boolean {
  return JSON_TYPE.test(headers['content-type'] ?? '')
}

/** The body is not said to be JSON: 415 (RFC 9110 s15.5.16). */
export function notJson(): HttpError {
  return new HttpError(415, 'unsupported_media_type', 'Send application/json.')
}
