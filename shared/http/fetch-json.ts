import { asObject } from '../json.ts'

/** A document could not be had. `reason` is for the log; it never quotes the answer. */
export class FetchError extends Error {
  override readonly name = 'FetchError'
  readonly reason: string

  constructor(reason: string, cause?: unknown) {
    super(`could not fetch the document: ${reason}`, { cause })
    this.reason = reason
  }
}

export interface FetchJsonOptions {
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** Fetches a JSON object; the seam at which tests stage an issuer's trouble. */
export type FetchJson = (
  url: string,
  options: FetchJsonOptions,
) => Promise<Readonly<Record<string, unknown>>>

/**
 * The JSON object at `url`. Redirects are refused, the whole exchange is bounded in time, the
 * (decoded) body in size.
 *
 * @throws FetchError for anything but a 200 with a JSON object.
 */
export const fetchJson: FetchJson = async (url, { timeoutMs, maxBytes }) => {
  // Loaded here, so that no cold start waits for it.
  const { default: nodeFetch } = await import('node-fetch')
  const body = await nodeFetch(url, {
    redirect: 'error',
    size: maxBytes,
    signal: AbortSignal.timeout(timeoutMs),
    headers: { accept: 'application/json' },
  })
    .then((response) => {
      if (response.status !== 200) throw new FetchError(`status_${response.status}`)
      return response.json()
    })
    .catch((error: unknown) => {
      throw error instanceof FetchError ? error : new FetchError(fetchFailure(error), error)
    })
  const object = asObject(body)
  if (object === undefined) throw new FetchError('not_an_object')
  return object
}

function fetchFailure(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'timeout'
  if (error instanceof SyntaxError) return 'not_json'
  if ('code' in error && typeof error.code === 'string') return error.code
  return 'type' in error ? String(error.type) : error.name
}
