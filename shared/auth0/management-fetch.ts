import { isLoopback } from '../config.ts'

export interface ManagementFetchOptions {
  /** Milliseconds for one request and its response, body included. Default 8,000. */
  readonly attemptTimeoutMs?: number
  /** Milliseconds for a call with all its attempts and the delays between them. Default 10,000. */
  readonly callTimeoutMs?: number
  /** Includes the first attempt. Default 3. */
  readonly maxAttempts?: number
  readonly fetch?: typeof fetch
  readonly sleep?: (ms: number) => Promise<unknown>
}

/** The default time limit of a call with all its attempts. */
export const CALL_TIMEOUT_MS = 10_000

// RFC 9110 s9.2.2: methods that may be repeated if it is unknown whether the request arrived. PATCH is
// idempotent at Auth0, where it sets fields.
const IDEMPOTENT_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'])
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 500, 502, 503, 504])
const FIRST_DELAY_MS = 500
const MIN_DELAY_MS = 50
const JITTER = 0.2
const TOKEN_PATH = '/oauth/token'

/**
 * Returns a `fetch` for Auth0's Management API. Every attempt has a time limit, and redirects are not
 * followed. A call is retried on 429 always, because Auth0 has then done nothing, and on 408, 5xx,
 * timeouts and network errors only if it is idempotent or requests a token. The delay is the one that
 * Auth0's rate limit fields state. If the delay would exceed the time limit of the call, or the
 * caller's signal aborts, the last outcome is the result.
 *
 * It throws an `AbortError` on timeout, by which the `auth0` package recognizes one.
 */
export function createManagementFetch({
  attemptTimeoutMs = 8_000,
  callTimeoutMs = CALL_TIMEOUT_MS,
  maxAttempts = 3,
  fetch: send = fetch,
  sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}: ManagementFetchOptions = {}): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    // The package always uses https, but a tenant on this machine has no certificate.
    if (isLoopback(url.hostname)) url.protocol = 'http:'
    const isRepeatable =
      IDEMPOTENT_METHODS.has(init?.method ?? 'GET') || url.pathname === TOKEN_PATH
    const deadline = Date.now() + callTimeoutMs
    const attempt = () =>
      exchange(send, url, init, Math.min(attemptTimeoutMs, deadline - Date.now()))

    for (let number = 1; ; number++) {
      const outcome = await attempt()
      const delayMs = retryDelay(outcome, number)
      const isLast =
        number === maxAttempts ||
        !shouldRetry(outcome, isRepeatable) ||
        Date.now() + delayMs >= deadline
      if (!isLast && !init?.signal?.aborted) await sleep(delayMs)
      if (isLast || init?.signal?.aborted) {
        if (outcome instanceof Response) return outcome
        throw outcome.error
      }
    }
  }
}

type Outcome = Response | { readonly error: unknown }

async function exchange(
  send: typeof fetch,
  url: URL,
  init: RequestInit | undefined,
  timeoutMs: number,
): Promise<Outcome> {
  const timeout = AbortSignal.timeout(Math.max(1, timeoutMs))
  const signal = init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout
  try {
    const response = await send(url, { ...init, signal, redirect: 'error' })
    const body = await response.arrayBuffer()
    const { status, statusText, headers } = response
    return new Response(body.byteLength === 0 ? null : body, { status, statusText, headers })
  } catch (error) {
    return { error: signal.aborted ? new DOMException('No response in time', 'AbortError') : error }
  }
}

function shouldRetry(outcome: Outcome, isRepeatable: boolean): boolean {
  if (!(outcome instanceof Response)) return isRepeatable
  return outcome.status === 429 || (isRepeatable && TRANSIENT_STATUSES.has(outcome.status))
}

/** Returns the milliseconds until the next attempt: what Auth0 states, else exponential backoff. */
function retryDelay(outcome: Outcome, attempts: number): number {
  const asked = outcome instanceof Response ? askedDelay(outcome) : undefined
  const delay = asked ?? FIRST_DELAY_MS * 2 ** (attempts - 1)
  // Jitter spreads the retries of calls that were refused together.
  return Math.max(MIN_DELAY_MS, delay) * (1 + Math.random() * JITTER)
}

/**
 * Returns the milliseconds to wait that a response states in `Retry-After` (RFC 9110 s10.2.3) or in
 * Auth0's own field; undefined if it states none.
 */
export function askedDelay(
  { status, headers }: Pick<Response, 'status'> & { readonly headers: Pick<Headers, 'get'> },
  now = Date.now(),
): number | undefined {
  const retryAfter = headers.get('retry-after') ?? ''
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1_000
  const at = Date.parse(retryAfter)
  if (!Number.isNaN(at)) return untilFuture(at, now)
  // Auth0 sends this field with every response. It is the time for a retry only on 429.
  const reset = headers.get('x-ratelimit-reset') ?? ''
  return status === 429 && /^\d+$/.test(reset) ? untilFuture(Number(reset) * 1_000, now) : undefined
}

/** Ignores a time in the past, because this machine's clock may be ahead of Auth0's. */
function untilFuture(at: number, now: number): number | undefined {
  const delay = at - now
  return delay > 0 ? delay : undefined
}
