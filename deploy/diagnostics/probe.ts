/** A request without side effects. */
export interface ProbeRequest {
  readonly url: string
  readonly method?: 'GET' | 'OPTIONS' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A complete response. */
export interface ProbeResponse {
  readonly url: string
  readonly method: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Milliseconds since the epoch, by this machine's clock, halfway between request and response. */
  readonly atMs: number
  /** Time from the request to the end of the response. */
  readonly durationMs: number
}

/** A request without a complete response. */
export interface ProbeFailure {
  readonly url: string
  readonly method: string
  /** `timeout`, `oversized`, or the system's code or message, such as ECONNREFUSED. */
  readonly failure: string
}

export type ProbeResult = ProbeResponse | ProbeFailure

/** Sends one request. Never throws. */
export type Probe = (request: ProbeRequest) => Promise<ProbeResult>

export type Fetch = typeof fetch

export interface ProbeOptions {
  readonly fetch?: Fetch
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly timeoutMs?: number
  /** Limit for a decoded body. */
  readonly maxBytes?: number
}

const TIMEOUT_MS = 10_000
const MAX_BYTES = 512 * 1024

/** Creates a probe that follows no redirects and limits the time and the decoded size. */
export function createProbe({
  fetch: send = fetch,
  now = Date.now,
  timeoutMs = TIMEOUT_MS,
  maxBytes = MAX_BYTES,
}: ProbeOptions = {}): Probe {
  const bounded = boundedFetch(send, timeoutMs)
  return async ({ url, method = 'GET', headers = {}, body }) => {
    const startedAt = now()
    try {
      const response = await bounded(url, {
        method,
        headers: { accept: 'application/json, text/event-stream', ...headers },
        redirect: 'manual',
        ...(body !== undefined && { body }),
      })
      const answeredAt = now()
      const text = await readText(response, maxBytes)
      const { status, headers: received } = response
      const atMs = (startedAt + answeredAt) / 2
      return { url, method, status, headers: received, text, atMs, durationMs: now() - startedAt }
    } catch (error) {
      return { url, method, failure: failureOf(error) }
    }
  }
}

/** Wraps `fetch` with a time limit that includes reading the body. */
export function boundedFetch(send: Fetch, timeoutMs: number): Fetch {
  return (input, init) => {
    const timeout = AbortSignal.timeout(timeoutMs)
    const signal = init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout
    return send(input, { ...init, signal })
  }
}

class OversizedError extends Error {}

async function readText(response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return ''
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    length += chunk.length
    if (length > maxBytes) throw new OversizedError()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** Returns why there is no complete response, in one word. */
export function failureOf(error: unknown): string {
  if (error instanceof OversizedError) return 'oversized'
  if (!(error instanceof Error)) return 'unknown'
  if (error.name === 'TimeoutError') return 'timeout'
  const cause: unknown = error.cause
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (typeof code === 'string') return code
  return cause instanceof Error ? cause.message : error.name
}
