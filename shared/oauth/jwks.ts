import { type CryptoKey, importJWK, type JWK } from 'jose'
import { FetchError, type FetchJson, fetchJson } from '../http/fetch-json.ts'
import { createRefreshed } from '../http/refreshed.ts'

/** The issuer's signing keys by `kid`, fetched when needed. */
export interface Jwks {
  /**
   * The key with this `kid`, or undefined when the issuer has none. `mayBeNew` says whether the token
   * would be accepted if its key existed: only then is the difference between "unknown" and "not
   * fetched again yet" worth a second fetch. Default: false.
   *
   * @throws JwksUnavailableError when no kept key has this `kid` and the issuer cannot be asked, or
   * was asked too often in the last 10 seconds to ask once more for a token that `mayBeNew`.
   */
  readonly key: (kid: string, mayBeNew?: () => boolean) => Promise<CryptoKey | undefined>
  /** The key, when it is known and the kept set is fresh, so that no wait is needed. */
  readonly held: (kid: string) => CryptoKey | undefined
}

/** Keys that are fetched over the network. */
export interface RemoteJwks extends Jwks {
  /** Fetches the keys before the first token comes. A failure changes nothing: that tries again. */
  readonly warmUp: () => void
}

export interface JwksOptions {
  readonly uri: string
  readonly fetch?: FetchJson
  /** Milliseconds of a monotonic or wall clock. */
  readonly now?: () => number
  readonly onFetchFailed?: (reason: string) => void
}

/** The kept key set does not have the key and cannot be fetched now, so the token cannot be judged. */
export class JwksUnavailableError extends Error {
  override readonly name = 'JwksUnavailableError'
  readonly retryAfterSeconds = COOLDOWN_MS / 1000
}

const FRESH_MS = 10 * 60_000
const MAX_STALE_MS = 24 * 3_600_000
const COOLDOWN_MS = 10_000
// Auth0 serves its key set from a cache; this bounds what made-up kids can ask of it.
const MAX_EXTRA_FETCHES = 8
const GATHER_MS = 250
const FETCH_TIMEOUT_MS = 5_000
const MAX_BYTES = 256 * 1024
// 2,048 bits, base64url: what RFC 7518 s3.3 asks of RS256 at least.
export const MIN_MODULUS_CHARACTERS = 342

/** An imported key with the JWK members that it was made from. */
interface KeptKey {
  readonly key: CryptoKey
  readonly n: string
  readonly e: string | undefined
}

type KeptKeys = ReadonlyMap<string, KeptKey>

const NO_KEYS: KeptKeys = new Map()

/**
 * A key set that is fetched on `warmUp` or first use and every 10 minutes, one fetch at a time. An unknown `kid`
 * causes a fetch at most every 10 seconds; in that time tokens that `mayBeNew` cause up to 8 more, one
 * for each `kid`. A key that a fetch brings again unchanged stays the same object. While the issuer is
 * down the kept keys serve for up to 24 hours; a set without any usable key counts as an outage.
 */
export function createJwks({
  uri,
  fetch = fetchJson,
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
  const looked = new Set<string>()
  let gathering: Promise<void> | undefined

  const { refresh, loading } = keySet
  /** For unknown kids: those of a moment share one fetch. */
  const refreshSoon = () => {
    if (loading() !== undefined) return refresh()
    gathering ??= new Promise((resolve) => setTimeout(resolve, GATHER_MS)).then(() => {
      gathering = undefined
      return refresh()
    })
    return gathering
  }
  const isCool = () => now() >= keySet.coolUntil()
  const has = (kid: string) => keySet.kept()?.has(kid) ?? false
  /** The last fetch failed, and not long ago: the next one may well do so too. */
  const isDown = () => keySet.isFailing() && now() < keySet.coolUntil() + COOLDOWN_MS

  const lookFor = async (kid: string) => {
    await loading()
    if (!keySet.isFresh() && isCool()) await refresh()
    if (!has(kid) && isCool()) {
      keySet.coolDown()
      await refreshSoon()
    }
  }

  /** Without it a made-up `kid` just before a rotation would have the tokens of the new key refused. */
  const lookOnceMore = async (kid: string) => {
    if (now() >= extraUntil) {
      looked.clear()
      extraUntil = now() + COOLDOWN_MS
    }
    if (gathering === undefined) {
      if (looked.has(kid)) return
      if (looked.size >= MAX_EXTRA_FETCHES) throw new JwksUnavailableError()
      looked.add(kid)
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
      // A known key waits for no fetch that an unknown one caused, nor again in an outage.
      if (!has(kid) || !(keySet.isFresh() || isDown())) await lookFor(kid)
      else if (!keySet.isFresh() && isCool()) void refresh()
      if (!has(kid)) await (loading() ?? gathering)
      if (!has(kid) && keySet.isFailing()) throw new JwksUnavailableError()
      // Only a fetch that ended after the token came says that its key does not exist.
      const isKnownToBeNone = fetchesEnded > endedBefore
      if (!has(kid) && !isKnownToBeNone && mayBeNew()) await lookOnceMore(kid)
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
