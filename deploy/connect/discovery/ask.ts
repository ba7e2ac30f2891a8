import {
  documentOf,
  isAnswer,
  isHtml,
  type JsonObject,
  outcomeOf,
} from '../../diagnostics/exchange.ts'
import {
  type Answer,
  boundedFetch,
  createProbe,
  type Fetch,
  failureOf,
  type ProbeRequest,
} from '../../diagnostics/probe.ts'
import { type ConnectFaultId, StepError } from '../failure.ts'

const TIMEOUT_MS = 15_000
const MAX_BYTES = 8 * 1024 * 1024

/**
 * Sends one request without following redirects.
 *
 * @throws StepError `url_unreachable` when there is no complete response within 15 s.
 */
export async function ask(send: Fetch, request: ProbeRequest): Promise<Answer> {
  const probe = createProbe({ fetch: send, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES })
  const exchange = await probe(request)
  if (isAnswer(exchange)) return exchange
  throw new StepError('url_unreachable', `${addressOf(exchange.url)}: ${outcomeOf(exchange)}`)
}

/**
 * A `fetch` for the MCP SDK and for forms: every exchange is limited to 15 s, and it throws StepError
 * `url_unreachable` when no response comes.
 */
export function reportingFetch(send: Fetch): Fetch {
  const bounded = boundedFetch(send, TIMEOUT_MS)
  return async (input, init) => {
    try {
      return await bounded(input, init)
    } catch (error) {
      // The caller that gave up knows why.
      if (init?.signal?.aborted) throw error
      throw new StepError('url_unreachable', `${addressOf(input)}: no answer (${failureOf(error)})`)
    }
  }
}

/**
 * A JSON document that must exist.
 *
 * @throws StepError `rewrite_returns_html`, or `absent` when there is no such document.
 */
export async function fetchDocument(
  send: Fetch,
  url: string,
  absent: ConnectFaultId,
): Promise<JsonObject> {
  const answer = await ask(send, { url, headers: { accept: 'application/json' } })
  const document = documentOf(answer)
  if ('value' in document) return document.value
  const id = isHtml(answer) ? 'rewrite_returns_html' : absent
  throw new StepError(id, `${url} answered ${document.absent}`)
}

/** A response that took too long or broke off while it was read; undefined for any other error. */
export function interruption(error: unknown): StepError | undefined {
  const isTimeout = error instanceof Error && error.name === 'TimeoutError'
  const isCut = error instanceof TypeError && error.message === 'terminated'
  return isTimeout || isCut
    ? new StepError('url_unreachable', `no answer (${failureOf(error)})`)
    : undefined
}

/** Without the query, which may contain a code. */
function addressOf(input: string | URL | Request): string {
  const { origin, pathname } = new URL(input instanceof Request ? input.url : input)
  return origin + pathname
}
