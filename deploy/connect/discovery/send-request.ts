import {
  boundedFetch,
  createProbe,
  type Fetch,
  failureOf,
  type ProbeRequest,
  type ProbeResponse,
} from '../../diagnostics/probe.ts'
import {
  documentOf,
  isHtml,
  isResponse,
  type JsonObject,
  outcomeOf,
} from '../../diagnostics/probe-result.ts'
import { type ConnectFaultId, StepError } from '../failure.ts'

const TIMEOUT_MS = 15_000
const MAX_BYTES = 8 * 1024 * 1024

/**
 * Sends one request without following redirects.
 *
 * @throws StepError `url_unreachable` if there is no complete response within 15 s.
 */
export async function sendRequest(send: Fetch, request: ProbeRequest): Promise<ProbeResponse> {
  const probe = createProbe({ fetch: send, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES })
  const result = await probe(request)
  if (isResponse(result)) return result
  throw new StepError('url_unreachable', `${addressOf(result.url)}: ${outcomeOf(result)}`)
}

/**
 * Wraps `fetch` for the MCP SDK and for forms: limits each request to 15 s, and throws StepError
 * `url_unreachable` if there is no response.
 */
export function reportingFetch(send: Fetch): Fetch {
  const bounded = boundedFetch(send, TIMEOUT_MS)
  return async (input, init) => {
    try {
      return await bounded(input, init)
    } catch (error) {
      // The caller aborted the request itself.
      if (init?.signal?.aborted) throw error
      throw new StepError(
        'url_unreachable',
        `${addressOf(input)}: no response (${failureOf(error)})`,
      )
    }
  }
}

/**
 * Fetches a JSON document that must exist.
 *
 * @throws StepError `rewrite_returns_html`, or `absent` if there is no such document.
 */
export async function fetchDocument(
  send: Fetch,
  url: string,
  absent: ConnectFaultId,
): Promise<JsonObject> {
  const answer = await sendRequest(send, { url, headers: { accept: 'application/json' } })
  const document = documentOf(answer)
  if ('value' in document) return document.value
  const id = isHtml(answer) ? 'rewrite_returns_html' : absent
  throw new StepError(id, `${url} returned ${document.absent}`)
}

/** Returns a StepError for a response that timed out or was aborted; undefined for any other error. */
export function interruption(error: unknown): StepError | undefined {
  const isTimeout = error instanceof Error && error.name === 'TimeoutError'
  const isAborted = error instanceof TypeError && error.message === 'terminated'
  return isTimeout || isAborted
    ? new StepError('url_unreachable', `no response (${failureOf(error)})`)
    : undefined
}

/** The URL without its query, which may contain a code. */
function addressOf(input: string | URL | Request): string {
  const { origin, pathname } = new URL(input instanceof Request ? input.url : input)
  return origin + pathname
}
