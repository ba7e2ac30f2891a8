import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { FetchError, type FetchJson } from '../../../shared/http/fetch-json.ts'
import { asObject, parseJson } from '../../../shared/json.ts'
import { createByteBudget } from './response-budget.ts'
import { type BackendResponse, SendError, send } from './send.ts'

const DECODERS = new Map([
  ['gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
])

/**
 * Fetches a JSON object as `fetchJson` does, over the connection pool that backends are called with, so
 * that the first call after a cold start does not also load an HTTP client for it.
 *
 * @throws FetchError as `fetchJson` does.
 */
export const fetchDocument: FetchJson = async (url, { timeoutMs, maxBytes }) => {
  const { origin, pathname, search } = new URL(url)
  const headers = { accept: 'application/json', 'accept-encoding': 'identity' }
  const sent = { method: 'GET', origin, path: `${pathname}${search}`, headers, body: undefined }
  const options = { timeoutMs, budget: createByteBudget(maxBytes) }
  const { status, contentEncoding, body } = await send(sent, options).catch(refuse)
  if (status >= 300 && status < 400) throw new FetchError('no-redirect')
  if (status !== 200) throw new FetchError(`status_${status}`)
  const json = parseJson(decoded(body, contentEncoding ?? 'identity', maxBytes))
  if (json === undefined) throw new FetchError('not_json')
  const object = asObject(json.value)
  if (object === undefined) throw new FetchError('not_an_object')
  return object
}

/** Decodes a body, because some servers use a coding that was not accepted. */
function decoded(body: Buffer, coding: string, maxBytes: number): Buffer {
  if (coding === 'identity') return body
  const decode = DECODERS.get(coding.toLowerCase())
  if (decode === undefined) throw new FetchError('content_coding')
  try {
    return decode(body, { maxOutputLength: maxBytes })
  } catch (error) {
    const isTooLarge = error instanceof RangeError
    throw new FetchError(isTooLarge ? 'max-size' : 'content_coding', error)
  }
}

function refuse(error: unknown): BackendResponse {
  if (!(error instanceof SendError)) throw error
  const { failure, code = failure } = error
  if (failure === 'oversized') throw new FetchError('max-size', error)
  throw new FetchError(code === 'ETIMEDOUT' ? 'timeout' : code, error)
}
