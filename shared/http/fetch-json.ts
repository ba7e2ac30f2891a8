import { asObject } from '../json.ts'

/** A document could not be fetched. `reason` is for the log and never quotes the response. */
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

/** Fetches a JSON object. Tests replace it to simulate failures of an issuer. */
export type FetchJson = (
  url: string,
  options: FetchJsonOptions,
) => Promise<Readonly<Record<string, unknown>>>

/**
 * Fetches the JSON object at `url`. Refuses redirects, and limits the time of the whole request and the
 * size of the decoded body.
 *
 * @throws FetchError for any response but a 200 with a JSON object.
 */
export const fetchJson: FetchJson = async (url, { timeoutMs, maxBytes }) => {
  // Loaded on first use, so that a cold start does not wait for it.
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
