/** One request that may be sent: nothing of it changes anything. */
export interface ProbeRequest {
  readonly url: string
  readonly method?: 'GET' | 'OPTIONS' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A whole answer. */
export interface Answer {
  readonly url: string
  readonly method: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Milliseconds since the epoch, by this machine's clock, in the middle of the exchange. */
  readonly at: number
  /** Milliseconds that the exchange took. */
  readonly took: number
}

/** There was no whole answer. */
export interface NoAnswer {
  readonly url: string
  readonly method: string
  /** `timeout`, `oversized` or the system's code, such as ECONNREFUSED. */
  readonly failure: string
}

export type Exchange = Answer | NoAnswer

/** Sends one request. Never throws. */
export type Probe = (request: ProbeRequest) => Promise<Exchange>

export interface ProbeOptions {
  readonly fetch?: typeof fetch
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 10_000
const MAX_BYTES = 512 * 1024

/** A probe that follows no redirect and is bounded in time and in (decoded) size. */
export function createProbe({
  fetch: send = fetch,
  now = Date.now,
  timeoutMs = TIMEOUT_MS,
}: ProbeOptions = {}): Probe {
  return async ({ url, method = 'GET', headers = {}, body }) => {
    const startedAt = now()
    try {
      const response = await send(url, {
        method,
        headers: { accept: 'application/json, text/event-stream', ...headers },
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
        ...(body !== undefined && { body }),
      })
      const answeredAt = now()
      const text = await readText(response)
      const { status, headers: received } = response
      const at = (startedAt + answeredAt) / 2
      return { url, method, status, headers: received, text, at, took: now() - startedAt }
    } catch (error) {
      return { url, method, failure: failureOf(error) }
    }
  }
}

export function isAnswer(exchange: Exchange): exchange is Answer {
  return 'status' in exchange
}

/** The path of what was asked, or the whole URL when it was not asked of `origin`. */
export function pathOf({ url }: Exchange, origin: string): string {
  return url.startsWith(`${origin}/`) ? url.slice(origin.length) : url
}

/** What came back, in a few words. */
export function outcomeOf(exchange: Exchange): string {
  if (!isAnswer(exchange)) {
    return exchange.failure === 'timeout' ? 'no answer in time' : `no answer (${exchange.failure})`
  }
  const location = exchange.headers.get('location')
  if (location !== null) return `${exchange.status}, to ${location.slice(0, 200)}`
  return isHtml(exchange) ? `${exchange.status} with an HTML page` : `${exchange.status}`
}

export function isHtml({ headers, text }: Answer): boolean {
  return /^\s*text\/html\b/i.test(headers.get('content-type') ?? '') || /^\s*<(!|html)/i.test(text)
}

export function isRedirect(exchange: Exchange): boolean {
  return isAnswer(exchange) && [301, 302, 303, 307, 308].includes(exchange.status)
}

/** By CORS; without an origin: any. */
export function allowsOrigin(exchange: Exchange, origin?: string): boolean {
  if (!isAnswer(exchange)) return false
  const allowed = exchange.headers.get('access-control-allow-origin')
  return allowed === '*' || (origin !== undefined && allowed === origin)
}

class OversizedError extends Error {}

async function readText(response: Response): Promise<string> {
  if (response.body === null) return ''
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    length += chunk.length
    if (length > MAX_BYTES) throw new OversizedError()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function failureOf(error: unknown): string {
  if (error instanceof OversizedError) return 'oversized'
  if (!(error instanceof Error)) return 'unknown'
  if (error.name === 'TimeoutError') return 'timeout'
  const cause: unknown = error.cause
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : error.name
}
