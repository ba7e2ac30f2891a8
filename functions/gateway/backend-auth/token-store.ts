import { setBounded } from '../../../shared/set-bounded.ts'
import { type IssuedToken, TokenError } from './token-endpoint.ts'

/** Caches tokens by key. */
export interface TokenStore {
  /**
   * Returns the token that is cached under `key`, or the one that `fetch` gets. All callers that
   * wait for one key share one fetch. A failure is cached for 2 seconds, or for the Retry-After of
   * the endpoint, at most 60 seconds. No token is returned from the cache after `until`, in seconds
   * since the epoch.
   *
   * @throws TokenError as `fetch` does.
   */
  readonly take: (key: string, fetch: () => Promise<IssuedToken>, until?: number) => Promise<string>
  /**
   * Reports that a backend refused this token. The store drops it if it is older than 30 seconds.
   */
  readonly refused: (key: string, token: string) => void
}

interface CachedToken {
  readonly token: string
  /** Seconds since the epoch, as is `until`. */
  readonly since: number
  readonly until: number
}

interface CachedFailure {
  readonly error: TokenError
  readonly until: number
}

const MAX_TOKENS = 2_000
const MAX_FAILURES = 500
const FAILURE_SECONDS = 2
const MAX_FAILURE_SECONDS = 60
/** A token is dropped this long before it expires, because a call takes time and clocks differ. */
const MARGIN_SECONDS = 30
const MIN_REFUSED_AGE_SECONDS = 30

/**
 * Creates a store of at most 2,000 tokens, which drops the oldest first. `now` returns seconds
 * since the epoch.
 */
export function createTokenStore(now: () => number = () => Date.now() / 1000): TokenStore {
  const tokens = new Map<string, CachedToken>()
  const failures = new Map<string, CachedFailure>()
  const fetching = new Map<string, Promise<string>>()

  const startFetch = async (key: string, fetch: () => Promise<IssuedToken>, until: number) => {
    try {
      const startedAt = now()
      const { accessToken, expiresIn } = await fetch()
      if (expiresIn !== undefined) {
        // A token with a lifetime of less than a minute is cached for half of it.
        const margin = Math.min(MARGIN_SECONDS, expiresIn / 2)
        const end = Math.min(startedAt + expiresIn - margin, until)
        setBounded(tokens, key, { token: accessToken, since: startedAt, until: end }, MAX_TOKENS)
      }
      return accessToken
    } catch (error) {
      if (error instanceof TokenError) {
        const seconds = Math.min(error.retryAfter ?? FAILURE_SECONDS, MAX_FAILURE_SECONDS)
        setBounded(failures, key, { error, until: now() + seconds }, MAX_FAILURES)
      }
      throw error
    } finally {
      fetching.delete(key)
    }
  }

  return {
    take: async (key, fetch, until = Number.POSITIVE_INFINITY) => {
      const cached = tokens.get(key)
      if (cached !== undefined && now() < cached.until) return cached.token
      tokens.delete(key)
      const failure = failures.get(key)
      if (failure !== undefined && now() < failure.until) throw withTimeLeft(failure, now())
      failures.delete(key)
      const current = fetching.get(key) ?? startFetch(key, fetch, until)
      fetching.set(key, current)
      return current
    },
    refused: (key, token) => {
      const cached = tokens.get(key)
      if (cached?.token !== token || now() - cached.since < MIN_REFUSED_AGE_SECONDS) return
      tokens.delete(key)
    },
  }
}

/** Returns the same error with the seconds that are left. */
function withTimeLeft({ error, until }: CachedFailure, now: number): TokenError {
  const { kind, code, retryAfter } = error
  if (retryAfter === undefined) return error
  return new TokenError(kind, code, Math.max(1, Math.ceil(until - now)))
}
