import type { CauseId } from './causes.ts'
import { StepError } from './step.ts'

const TIMEOUT_MS = 15_000
const MAX_SEEN_CHARACTERS = 200

export type Fetch = typeof fetch

/** The same `fetch`, every exchange bounded to 15 s. */
export function boundedFetch(send: Fetch): Fetch {
  return (input, init) => {
    const timeout = AbortSignal.timeout(TIMEOUT_MS)
    const signal = init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout
    return send(input, { ...init, signal })
  }
}

/**
 * Sends one request without following redirects.
 *
 * @throws StepError `unreachable` when no answer comes.
 */
export async function ask(send: Fetch, url: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await send(url, { redirect: 'manual', ...init })
  } catch (error) {
    throw new StepError('unreachable', `${url}: ${causeOf(error)}`)
  }
}

/**
 * A JSON document that must be there.
 *
 * @throws StepError `unreachable`, `html`, or `absent` when there is none.
 */
export async function fetchDocument(
  send: Fetch,
  url: string,
  absent: CauseId,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await ask(send, url, { headers: { accept: 'application/json' } })
  const text = await response.text()
  if (isHtml(response)) throw new StepError('html', `${url} answered ${describe(response)}`)
  if (!response.ok) throw new StepError(absent, `${url} answered ${describe(response)}`)
  try {
    const value: unknown = JSON.parse(text)
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return { ...value }
  } catch {
    // Falls through: what is no JSON is no document.
  }
  throw new StepError(absent, `${url} answered no JSON object`)
}

export function isHtml({ headers }: Response): boolean {
  return /^text\/html\b/i.test(headers.get('content-type') ?? '')
}

/** Status and type of an answer, or where it leads. */
export function describe({ status, headers }: Response): string {
  const location = headers.get('location')
  if (location !== null) return `${status} to ${location.slice(0, MAX_SEEN_CHARACTERS)}`
  const type = headers.get('content-type')
  return type === null ? String(status) : `${status} ${type}`
}

/** What the network said, in a word. */
export function causeOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(inner instanceof Error)) return 'no answer'
  return 'code' in inner && typeof inner.code === 'string' ? inner.code : inner.message
}
