import { FetchError, type FetchJson } from '../../shared/http/fetch-json.ts'
import { HttpError } from '../../shared/http/http-error.ts'
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
  let kept: AuthorizationServerMetadata | undefined
  let failure: HttpError | undefined
  let askAgainAt = Number.NEGATIVE_INFINITY
  let inFlight: Promise<void> | undefined

  const refresh = () => {
    inFlight ??= fetchDiscovery(fetch, issuer)
      .then((document) => {
        // Once the issuer has said something that cannot be presented, what it said before is over.
        kept = undefined
        kept = present(document)
        askAgainAt = now() + FRESH_MS
      })
      .catch((error: unknown) => {
        askAgainAt = now() + COOLDOWN_MS
        failure = error instanceof HttpError ? error : undefined
        log.warning('discovery_failed', { reason: reasonOf(error), stale: kept !== undefined })
      })
      .finally(() => {
        inFlight = undefined
      })
    return inFlight
  }

  return async () => {
    if (now() >= askAgainAt) await refresh()
    if (kept === undefined) throw failure ?? unavailable()
    return kept
  }
}

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

/** The reason for the log, whatever was thrown. */
export function reasonOf(error: unknown): string {
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
