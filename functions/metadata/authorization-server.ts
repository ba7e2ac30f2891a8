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
  /** What is served for the issuer's document. An HttpError is served in its place. */
  readonly present?: (document: AuthorizationServerMetadata) => AuthorizationServerMetadata
  /** Milliseconds. */
  readonly now?: () => number
}

const FRESH_MS = 5 * 60_000
const COOLDOWN_MS = 10_000
const FETCH_TIMEOUT_MS = 5_000
const MAX_BYTES = 256 * 1024

/**
 * Returns a function that gives the issuer's discovery document, as it is presented: fetched at most
 * every 5 minutes (every 10 seconds while it fails), one fetch at a time, and served stale while the
 * issuer is down.
 *
 * The function throws HttpError 502 when there has never been a document, and what `present` threw at
 * the latest one.
 */
export function createAuthorizationServer({
  issuer,
  fetch,
  log,
  present = (document) => document,
  now = Date.now,
}: AuthorizationServerOptions): () => Promise<AuthorizationServerMetadata> {
  const discovery = createRefreshed<Presented>({
    load: async () => {
      const document = await fetchDiscovery(fetch, issuer)
      try {
        return { document: present(document) }
      } catch (error) {
        if (!(error instanceof HttpError)) throw error
        // What the issuer said before no longer holds.
        log.warning('discovery_failed', { reason: failureReason(error), stale: false })
        return { error }
      }
    },
    freshMs: (presented) => ('error' in presented ? COOLDOWN_MS : FRESH_MS),
    cooldownMs: COOLDOWN_MS,
    onFailure: (error, kept) => {
      const stale = kept !== undefined && 'document' in kept
      log.warning('discovery_failed', { reason: failureReason(error), stale })
    },
    now,
  })

  return async () => {
    const presented = await discovery.get().catch(() => {
      throw unavailable()
    })
    if ('error' in presented) throw presented.error
    return presented.document
  }
}

/** The document as it is presented, or why it cannot be. */
type Presented = { readonly document: AuthorizationServerMetadata } | { readonly error: HttpError }

/**
 * The issuer's discovery document, fetched now.
 *
 * @throws FetchError, also when the document names another issuer (RFC 8414 s3.3).
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

/** The reason for the log. */
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
