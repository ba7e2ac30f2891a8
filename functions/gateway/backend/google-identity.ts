import { decodeJwt } from 'jose'
import { createRefreshed, type Refreshed } from '../../../shared/http/refreshed.ts'

/** The metadata server returned no valid token. */
export class GoogleIdentityError extends Error {
  override readonly name = 'GoogleIdentityError'
}

/** Returns the header fields that authenticate this function to a private Cloud Run backend. */
export type GoogleIdentity = (backendUrl: string) => Promise<Record<string, string>>

const REFRESH_BEFORE_MS = 300_000
const TIMEOUT_MS = 3_000
const MAX_BYTES = 16 * 1024
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]*$/
const METADATA_PATH = '/computeMetadata/v1/instance/service-accounts/default/identity'

/**
 * Returns a function that gets ID tokens of this function's service account from the metadata
 * server (`host`), with one fetch at a time per audience. A token is replaced 5 minutes before it
 * expires. If that fails, it is used until it expires. It is sent as X-Serverless-Authorization.
 *
 * The function throws GoogleIdentityError if the metadata server returns no token.
 */
export function createGoogleIdentity(host = 'metadata.google.internal'): GoogleIdentity {
  const tokens = new Map<string, Refreshed<IdToken>>()
  const tokenFor = (audience: string): Refreshed<IdToken> => {
    const token =
      tokens.get(audience) ??
      createRefreshed({
        load: () => fetchToken(host, audience),
        freshMs: ({ lifeMs }) => lifeMs - REFRESH_BEFORE_MS,
        staleMs: ({ lifeMs }) => lifeMs,
        cooldownMs: 0,
      })
    tokens.set(audience, token)
    return token
  }
  return async (backendUrl) => {
    const { text } = await tokenFor(audienceOf(new URL(backendUrl))).get()
    return { 'x-serverless-authorization': `Bearer ${text}` }
  }
}

interface IdToken {
  readonly text: string
  /** The time from its arrival to `exp`, in milliseconds. */
  readonly lifeMs: number
}

/**
 * Returns the audience of a backend. Cloud Run expects the root URL of the service, and
 * cloudfunctions.net the URL of the function, which ends with the first path segment.
 */
export function audienceOf({ hostname, origin, pathname }: URL): string {
  if (!hostname.endsWith('.cloudfunctions.net')) return origin
  return origin + (/^\/[^/]*/.exec(pathname)?.[0] ?? '')
}

async function fetchToken(host: string, audience: string): Promise<IdToken> {
  try {
    const text = await askMetadataServer(host, audience)
    return { text, lifeMs: (decodeJwt(text).exp ?? 0) * 1_000 - Date.now() }
  } catch (cause) {
    throw new GoogleIdentityError('no ID token from the metadata server', { cause })
  }
}

async function askMetadataServer(host: string, audience: string): Promise<string> {
  const url = new URL(`http://${host}${METADATA_PATH}`)
  url.searchParams.set('audience', audience)
  const { default: nodeFetch } = await import('node-fetch')
  const response = await nodeFetch(url.href, {
    headers: { 'metadata-flavor': 'Google' },
    redirect: 'error',
    size: MAX_BYTES,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (!response.ok) throw new Error(`metadata server answered ${response.status}`)
  const text = (await response.text()).trim()
  // The token becomes a header field.
  if (!COMPACT_JWS.test(text)) throw new Error('metadata server returned no token')
  return text
}
