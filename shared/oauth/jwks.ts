import { type CryptoKey, importJWK, type JWK } from 'jose'
import { FetchError, type FetchJson } from '../http/fetch-json.ts'
import { createRefreshed } from '../http/refreshed.ts'

/** The issuer's signing keys by `kid`, fetched on demand. */
export interface Jwks {
  /**
   * Returns the key with this `kid`; undefined if the issuer has none. `mayBeNew` returns whether the token
   * would be accepted if its key existed. Only then does an unknown `kid` cause another fetch during the
   * cooldown, because the key may be newer than the cached set. Default: false.
   *
   * @throws JwksUnavailableError if no cached key has this `kid` and the key set cannot be fetched, or the
   * limit of extra fetches in 10 seconds is reached for a token that `mayBeNew`.
   */
  readonly key: (kid: string, mayBeNew?: () => boolean) => Promise<CryptoKey | undefined>
  /** Returns the key without waiting, if it is known and the cached set is fresh; otherwise undefined. */
  readonly held: (kid: string) => CryptoKey | undefined
}

/** A key set that is fetched over the network. */
export interface RemoteJwks extends Jwks {
  /**
   * Fetches the keys before the first token arrives. A failure has no effect: the first token fetches
   * again.
   */
  readonly warmUp: () => void
}

export interface JwksOptions {
  readonly uri: string
  readonly fetch: FetchJson
  /** Returns milliseconds of a monotonic or wall clock. */
  readonly now?: () => number
  readonly onFetchFailed?: (reason: string) => void
}

/**
 * The cached key set does not contain the key and cannot be fetched now, so the token cannot be
 * verified.
 */
export class JwksUnavailableError extends Error {
  override readonly name = 'JwksUnavailableError'
  readonly retryAfterSeconds = COOLDOWN_MS / 1000
}

const FRESH_MS = 10 * 60_000
const MAX_STALE_MS = 24 * 3_600_000
const COOLDOWN_MS = 10_000
// Limits the requests that tokens with invented kids cause. Auth0 serves its key set from a cache.
const MAX_EXTRA_FETCHES = 8
const SHARED_FETCH_DELAY_MS = 250
const FETCH_TIMEOUT_MS = 5_000
const MAX_BYTES = 256 * 1024
// 2,048 bits in base64url, the minimum of RFC 7518 s3.3 for RS256.
export const MIN_MODULUS_CHARACTERS = 342

/** An imported key with the JWK members from which it was created. */
interface KeptKey {
  readonly key: CryptoKey
  readonly n: string
  readonly e: string | undefined
}

type KeptKeys = ReadonlyMap<string, KeptKey>

const NO_KEYS: KeptKeys = new Map()

/**
 * Returns a key set that is fetched on `warmUp` or first use and every 10 minutes, one fetch at a time. An
 * unknown `kid` causes a fetch at most every 10 seconds. Within that time, tokens that `mayBeNew` cause up
 * to 8 more fetches, one for each `kid`. A key that did not change stays the same object. During an outage
 * of the issuer, the cached keys are used for up to 24 hours. A set without a usable key counts as an
 * outage.
 */
export function createJwks({
  uri,
  fetch,
  now = Date.now,
  onFetchFailed = () => undefined,
}: JwksOptions): RemoteJwks {
  let fetchesEnded = 0
  const keySet = createRefreshed<KeptKeys>({
    load: async (previous = NO_KEYS) => {
      try {
        const limits = { timeoutMs: FETCH_TIMEOUT_MS, maxBytes: MAX_BYTES }
        return await importKeys(await fetch(uri, limits), previous)
      } finally {
        fetchesEnded++
      }
    },
    freshMs: FRESH_MS,
    staleMs: MAX_STALE_MS,
    cooldownMs: COOLDOWN_MS,
    onFailure: (error) => onFetchFailed(error instanceof FetchError ? error.reason : 'unknown'),
    now,
  })
  let extraUntil = Number.NEGATIVE_INFINITY
  /** The kids that caused an extra fetch since the last cooldown began. */
  const extraKids = new Set<string>()
  let pendingRefresh: Promise<void> | undefined

  const { refresh, loading } = keySet
  /** Fetches for unknown kids. Kids that arrive at the same time share one fetch. */
  const refreshSoon = () => {
    if (loading() !== undefined) return refresh()
    pendingRefresh ??= new Promise((resolve) => setTimeout(resolve, SHARED_FETCH_DELAY_MS)).then(
      () => {
        pendingRefresh = undefined
        return refresh()
      },
    )
    return pendingRefresh
  }
  const isCooldownOver = () => now() >= keySet.coolUntil()
  const has = (kid: string) => keySet.kept()?.has(kid) ?? false
  /** Returns whether the last fetch failed recently, so that the next one will probably fail too. */
  const isDown = () => keySet.isFailing() && now() < keySet.coolUntil() + COOLDOWN_MS

  const fetchFor = async (kid: string) => {
    await loading()
    if (!keySet.isFresh() && isCooldownOver()) await refresh()
    if (!has(kid) && isCooldownOver()) {
      keySet.coolDown()
      await refreshSoon()
    }
  }

  /** Fetches during the cooldown, which an invented `kid` may start just before a key rotation. */
  const fetchOnceMore = async (kid: string) => {
    if (now() >= extraUntil) {
      extraKids.clear()
      extraUntil = now() + COOLDOWN_MS
    }
    if (pendingRefresh === undefined) {
      if (extraKids.has(kid)) return
      if (extraKids.size >= MAX_EXTRA_FETCHES) throw new JwksUnavailableError()
      extraKids.add(kid)
    }
    await refreshSoon()
    if (!has(kid) && keySet.isFailing()) throw new JwksUnavailableError()
  }

  return {
    warmUp: () => {
      if (keySet.kept() === undefined) void keySet.preload()
    },
    held: (kid) => (keySet.isFresh() ? keySet.kept()?.get(kid)?.key : undefined),
    key: async (kid, mayBeNew = () => false) => {
      const endedBefore = fetchesEnded
      // A known key does not wait for the fetch of an unknown one, or for more than one fetch in an
      // outage.
      if (!has(kid) || !(keySet.isFresh() || isDown())) await fetchFor(kid)
      else if (!keySet.isFresh() && isCooldownOver()) void refresh()
      if (!has(kid)) await (loading() ?? pendingRefresh)
      if (!has(kid) && keySet.isFailing()) throw new JwksUnavailableError()
      // Only a fetch that ended after the token arrived proves that its key does not exist.
      const isKnownMissing = fetchesEnded > endedBefore
      if (!has(kid) && !isKnownMissing && mayBeNew()) await fetchOnceMore(kid)
      return keySet.kept()?.get(kid)?.key
    },
  }
}

async function importKeys(document: Readonly<Record<string, unknown>>, kept: KeptKeys) {
  const listed = Array.isArray(document['keys']) ? document['keys'] : []
  const imported = await Promise.all(
    listed.filter(isSigningKey).map((jwk) => importKey(jwk, kept.get(jwk.kid))),
  )
  const usable = imported.filter((entry) => entry !== undefined)
  if (usable.length === 0) throw new FetchError('no_usable_key')
  return new Map(usable)
}

async function importKey(
  { kid, kty, n, e }: SigningJwk,
  kept: KeptKey | undefined,
): Promise<[string, KeptKey] | undefined> {
  if (kept !== undefined && kept.n === n && kept.e === e) return [kid, kept]
  try {
    const key = await importJWK({ kty, n, e } as JWK, 'RS256')
    return key instanceof Uint8Array ? undefined : [kid, { key, n, e }]
  } catch {
    return undefined
  }
}

type SigningJwk = JWK & { kid: string; n: string }

function isSigningKey(jwk: unknown): jwk is SigningJwk {
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
