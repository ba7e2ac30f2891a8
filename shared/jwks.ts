import { type CryptoKey, importJWK, type JWK } from 'jose'
import { FetchError, type FetchJson, fetchJson } from './fetch-json.ts'

/** The issuer's signing keys by `kid`, fetched when needed. */
export interface Jwks {
  /**
   * The key with this `kid`, or undefined when the issuer has none.
   *
   * @throws JwksUnavailableError when the issuer cannot be asked and no kept key has this `kid`.
   */
  readonly key: (kid: string) => Promise<CryptoKey | undefined>
  /** True when the key is known and the kept set is fresh, so that no wait is needed. */
  readonly holds: (kid: string) => boolean
}

export interface JwksOptions {
  readonly uri: string
  readonly fetch?: FetchJson
  /** Milliseconds of a monotonic or wall clock. */
  readonly now?: () => number
  readonly onFetchFailed?: (reason: string) => void
}

/** No usable key and the issuer cannot be reached: the token is neither good nor bad. */
export class JwksUnavailableError extends Error {
  override readonly name = 'JwksUnavailableError'
  readonly retryAfterSeconds = COOLDOWN_MS / 1000
}

const FRESH_MS = 10 * 60_000
const MAX_STALE_MS = 24 * 3_600_000
const COOLDOWN_MS = 10_000
const FETCH_TIMEOUT_MS = 5_000
const MAX_BYTES = 256 * 1024
// 2,048 bits, base64url: what RFC 7518 s3.3 asks of RS256 at least.
export const MIN_MODULUS_CHARACTERS = 342

/**
 * A key set that is fetched on first use and every 10 minutes, one fetch at a time. An unknown `kid`
 * fetches again, at most every 10 seconds whatever is thrown at it. While the issuer is down the
 * kept keys serve for up to 24 hours; a set without any usable key counts as an outage.
 */
export function createJwks({
  uri,
  fetch = fetchJson,
  now = Date.now,
  onFetchFailed = () => undefined,
}: JwksOptions): Jwks {
  let keys: ReadonlyMap<string, CryptoKey> = new Map()
  let fetchedAt = Number.NEGATIVE_INFINITY
  let coolUntil = Number.NEGATIVE_INFINITY
  let reachable = true
  let inFlight: Promise<void> | undefined

  const refresh = () => {
    inFlight ??= fetch(uri, { timeoutMs: FETCH_TIMEOUT_MS, maxBytes: MAX_BYTES })
      .then(importKeys)
      .then((imported) => {
        keys = imported
        fetchedAt = now()
        reachable = true
      })
      .catch((error: unknown) => {
        reachable = false
        coolUntil = now() + COOLDOWN_MS
        onFetchFailed(error instanceof FetchError ? error.reason : 'unknown')
      })
      .finally(() => {
        inFlight = undefined
      })
    return inFlight
  }
  const isFresh = () => now() - fetchedAt < FRESH_MS
  const isCool = () => now() >= coolUntil
  const has = (kid: string) => keys.has(kid) && now() - fetchedAt < MAX_STALE_MS
  /** The last fetch failed, and not long ago: the next one may well do so too. */
  const isDown = () => !reachable && now() < coolUntil + COOLDOWN_MS

  const lookFor = async (kid: string) => {
    if (inFlight !== undefined) await inFlight
    if (!isFresh() && isCool()) await refresh()
    if (!keys.has(kid) && isCool()) {
      coolUntil = now() + COOLDOWN_MS
      await refresh()
    }
  }

  return {
    holds: (kid) => keys.has(kid) && isFresh(),
    key: async (kid) => {
      // A known key waits for no fetch that somebody's unknown one caused, nor again in an outage.
      if (!has(kid) || !(isFresh() || isDown())) await lookFor(kid)
      else if (!isFresh() && isCool()) void refresh()
      const key = has(kid) ? keys.get(kid) : undefined
      if (key === undefined && !reachable) throw new JwksUnavailableError()
      return key
    },
  }
}

async function importKeys(document: Readonly<Record<string, unknown>>) {
  const listed = Array.isArray(document['keys']) ? document['keys'] : []
  const imported = await Promise.all(listed.filter(isSigningKey).map(importKey))
  const usable = imported.filter((entry) => entry !== undefined)
  if (usable.length === 0) throw new FetchError('no_usable_key')
  return new Map(usable)
}

async function importKey(jwk: JWK & { kid: string }): Promise<[string, CryptoKey] | undefined> {
  try {
    const { kty, n, e } = jwk
    const key = await importJWK({ kty, n, e } as JWK, 'RS256')
    return key instanceof Uint8Array ? undefined : [jwk.kid, key]
  } catch {
    return undefined
  }
}

function isSigningKey(jwk: unknown): jwk is JWK & { kid: string } {
  if (jwk === null || typeof jwk !== 'object') return false
  const { kty, use, key_ops: uses, alg, kid, n }: Record<string, unknown> = { ...jwk }
  return (
    kty === 'RSA' &&
    (use === undefined || use === 'sig') &&
    (uses === undefined || (Array.isArray(uses) && uses.includes('verify'))) &&
    (alg === undefined || alg === 'RS256') &&
    typeof kid === 'string' &&
    typeof n === 'string' &&
    n.length >= MIN_MODULUS_CHARACTERS
  )
}
