import { FetchError, type FetchJson } from '../../shared/http/fetch-json.ts'
import { HttpError } from '../../shared/http/http-error.ts'
import { createRefreshed } from '../../shared/http/refreshed.ts'
import type { Log } from '../../shared/log.ts'

/** The issuer's discovery document (RFC 8414 s2), as the issuer publishes it. */
export type AuthorizationServerMetadata = Readonly<Record<string, unknown>>

export interface AuthorizationServerOptions {
  readonly issuer: string
  readonly fetch: FetchJson
  readonly log: Log
  /**
   * Converts the issuer's document to the document that is served. If it throws an HttpError, that
   * error is served.
   */
  readonly transform?: (document: AuthorizationServerMetadata) => AuthorizationServerMetadata
  /** Returns milliseconds since the epoch. */
  readonly now?: () => number
}

const FRESH_MS = 5 * 60_000
const COOLDOWN_MS = 10_000
const FETCH_TIMEOUT_MS = 5_000
const MAX_BYTES = 256 * 1024

/**
 * Returns a function that resolves to the issuer's discovery document, converted by `transform`.
 * The document is fetched at most every 5 minutes (every 10 seconds while fetching fails), by one
 * fetch at a time. While the issuer is down, the last document is served.
 *
 * The function throws HttpError 502 if no document has ever been fetched, and the error that
 * `transform` threw for the latest document.
 */
export function createAuthorizationServer({
  issuer,
  fetch,
  log,
  transform = (document) => document,
  now = Date.now,
}: AuthorizationServerOptions): () => Promise<AuthorizationServerMetadata> {
  const discovery = createRefreshed<Transformed>({
    load: async () => {
      const document = await fetchDiscovery(fetch, issuer)
      try {
        return { document: transform(document) }
      } catch (error) {
        if (!(error instanceof HttpError)) throw error
        // The previous document is outdated, so it is not served either.
        log.warning('discovery_failed', { reason: failureReason(error), stale: false })
        return { error }
      }
    },
    freshMs: (transformed) => ('error' in transformed ? COOLDOWN_MS : FRESH_MS),
    cooldownMs: COOLDOWN_MS,
    onFailure: (error, kept) => {
      const stale = kept !== undefined && 'document' in kept
      log.warning('discovery_failed', { reason: failureReason(error), stale })
    },
    now,
  })

  return async () => {
    const transformed = await discovery.get().catch(() => {
      throw unavailable()
    })
    if ('error' in transformed) throw transformed.error
    return transformed.document
  }
}

/** The document to serve, or the error to serve instead. */
type Transformed =
  | { readonly document: AuthorizationServerMetadata }
  | { readonly error: HttpError }

/**
 * Fetches the issuer's discovery document, without a cache.
 *
 * @throws FetchError, with `issuer_mismatch` if the document names another issuer (RFC 8414 s3.3).
 */
export async function fetchDiscovery(
  fetch: FetchJson,
  issuer: string,
): Promise<AuthorizationServerMetadata> {
  const document = await fetch(new URL('.well-known/openid-configuration', issuer).href, {
    timeoutMs: FETCH_TIMEOUT_MS,
    maxBytes: MAX_BYTES,
  })
  if (document['issuer'] !== issuer) throw new FetchError('issuer_mismatch')
  return document
}

/** Returns the `reason` of an error for the log. */
export function failureReason(error: unknown): string {
  if (error instanceof HttpError) return error.code
  return error instanceof FetchError ? error.reason : 'unknown'
}

function unavailable(): HttpError {
  return new HttpError(
    502,
    'authorization_server_unavailable',
    "The authorization server's metadata cannot be fetched right now.",
    { headers: { 'retry-after': String(COOLDOWN_MS / 1000) } },
  )
}
