import { asObject, parseJson } from '../../../shared/json.ts'
import type { CauseId } from '../causes/causes.ts'
import { StepError } from '../causes/step-error.ts'

const TIMEOUT_MS = 15_000
const MAX_SEEN_CHARACTERS = 200

export type Fetch = typeof fetch

/**
 * The same `fetch`, every exchange bounded to 15 s; what it returns throws StepError `unreachable`
 * when no answer comes.
 */
export function boundedFetch(send: Fetch): Fetch {
  return async (input, init) => {
    const timeout = AbortSignal.timeout(TIMEOUT_MS)
    const signal = init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout
    try {
      return await send(input, { ...init, signal })
    } catch (error) {
      // Whoever gave it up knows why.
      if (init?.signal?.aborted) throw error
      throw new StepError('unreachable', `${addressOf(input)}: ${causeOf(error)}`)
    }
  }
}

/** Sends one request without following redirects. */
export function ask(send: Fetch, url: string, init: RequestInit = {}): Promise<Response> {
  return send(url, { redirect: 'manual', ...init })
}

/**
 * A JSON document that must be there.
 *
 * @throws StepError `html`, or `absent` when there is none.
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
  const document = asObject(parseJson(text)?.value)
  if (document === undefined) throw new StepError(absent, `${url} answered no JSON object`)
  return document
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

/** An answer that took too long or broke off while it was read; undefined for any other error. */
export function interruption(error: unknown): StepError | undefined {
  const isTimeout = error instanceof Error && error.name === 'TimeoutError'
  const isCut = error instanceof TypeError && error.message === 'terminated'
  return isTimeout || isCut ? new StepError('unreachable', causeOf(error)) : undefined
}

/** What the network said, in a word. */
function causeOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(inner instanceof Error)) return 'no answer'
  return 'code' in inner && typeof inner.code === 'string' ? inner.code : inner.message
}

/** Without the query, which may hold a code. */
function addressOf(input: string | URL | Request): string {
  const { origin, pathname } = new URL(input instanceof Request ? input.url : input)
  return origin + pathname
}
