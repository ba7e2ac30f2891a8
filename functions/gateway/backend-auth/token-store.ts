import { setBounded } from '../../../shared/set-bounded.ts'
import { type IssuedToken, TokenError } from './token-endpoint.ts'

/** Gives out tokens that it keeps, by key. */
export interface TokenStore {
  /**
   * The token kept under `key`, or the one that `fetch` gets: one fetch at a time for a key, shared by
   * all who wait. A failure is kept for 2 seconds, or as long as the endpoint asks to be left alone, at
   * most 60. `until`: seconds of the epoch after which the token is of no use.
   *
   * @throws TokenError as `fetch` does.
   */
  readonly take: (key: string, fetch: () => Promise<IssuedToken>, until?: number) => Promise<string>
  /** Says that a backend refused this token: it is not given out again if it is older than 30 s. */
  readonly refused: (key: string, token: string) => void
}

interface Kept {
  readonly token: string
  /** Seconds of the epoch. */
  readonly since: number
  readonly until: number
}

interface Failed {
  readonly error: TokenError
  readonly until: number
}

const MAX_TOKENS = 2_000
const MAX_FAILURES = 500
const FAILURE_SECONDS = 2
const MAX_FAILURE_SECONDS = 60
/** A call takes time, and clocks differ. */
const MARGIN_SECONDS = 30
const REFUSED_AFTER_SECONDS = 30

/** A store of at most 2,000 tokens; the oldest goes. `now`: seconds of the epoch. */
export function createTokenStore(now: () => number = () => Date.now() / 1000): TokenStore {
  const kept = new Map<string, Kept>()
  const failed = new Map<string, Failed>()
  const fetching = new Map<string, Promise<string>>()

  const begin = async (key: string, fetch: () => Promise<IssuedToken>, until: number) => {
    try {
      const startedAt = now()
      const { accessToken, expiresIn } = await fetch()
      if (expiresIn !== undefined) {
        // A token of less than a minute is kept for half of that.
        const margin = Math.min(MARGIN_SECONDS, expiresIn / 2)
        const end = Math.min(startedAt + expiresIn - margin, until)
        setBounded(kept, key, { token: accessToken, since: startedAt, until: end }, MAX_TOKENS)
      }
      return accessToken
    } catch (error) {
      if (error instanceof TokenError) {
        const seconds = Math.min(error.retryAfter ?? FAILURE_SECONDS, MAX_FAILURE_SECONDS)
        setBounded(failed, key, { error, until: now() + seconds }, MAX_FAILURES)
      }
      throw error
    } finally {
      fetching.delete(key)
    }
  }

  return {
    take: async (key, fetch, until = Number.POSITIVE_INFINITY) => {
      const held = kept.get(key)
      if (held !== undefined && now() < held.until) return held.token
      kept.delete(key)
      const failure = failed.get(key)
      if (failure !== undefined && now() < failure.until) throw again(failure, now())
      failed.delete(key)
      const current = fetching.get(key) ?? begin(key, fetch, until)
      fetching.set(key, current)
      return current
    },
    refused: (key, token) => {
      const held = kept.get(key)
      if (held?.token !== token || now() - held.since < REFUSED_AFTER_SECONDS) return
      kept.delete(key)
    },
  }
}

/** The same error, with the seconds that are left. */
function again({ error, until }: Failed, now: number): TokenError {
  const { kind, code, retryAfter } = error
  if (retryAfter === undefined) return error
  return new TokenError(kind, code, Math.max(1, Math.ceil(until - now)))
}
