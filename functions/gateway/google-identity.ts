import { decodeJwt } from 'jose'
import nodeFetch from 'node-fetch'

/** The metadata server gave no token. */
export class GoogleIdentityError extends Error {
  override readonly name = 'GoogleIdentityError'
}

/** Gives the header fields by which Cloud Run lets this function call a private backend. */
export type GoogleIdentity = (backendUrl: string) => Promise<Record<string, string>>

const REFRESH_BEFORE_SECONDS = 300
const TIMEOUT_MS = 3_000
const MAX_BYTES = 16 * 1024
const METADATA_PATH = '/computeMetadata/v1/instance/service-accounts/default/identity'

/**
 * ID tokens of this function's service account, from the metadata server (`host`), one fetch in
 * flight per audience, kept until 5 minutes before they expire. Sent as X-Serverless-Authorization.
 *
 * The returned function throws GoogleIdentityError when the metadata server gives no token.
 */
export function createGoogleIdentity(host = 'metadata.google.internal'): GoogleIdentity {
  const tokens = new Map<string, Promise<{ readonly token: string; readonly expiresAt: number }>>()
  const fresh = async (audience: string) => {
    const kept = tokens.get(audience)
    const known = kept && (await kept)
    if (known && known.expiresAt - REFRESH_BEFORE_SECONDS > Date.now() / 1000) return known.token
    // Another caller may have started the fetch while this one waited.
    const running = tokens.get(audience)
    const next = running !== undefined && running !== kept ? running : fetchToken(host, audience)
    tokens.set(audience, next)
    next.catch(() => tokens.delete(audience))
    return (await next).token
  }
  return async (backendUrl) => ({
    'x-serverless-authorization': `Bearer ${await fresh(audienceOf(new URL(backendUrl)))}`,
  })
}

/** Cloud Run takes its service's root URL, cloudfunctions.net the function's whole URL. */
export function audienceOf({ hostname, origin, pathname }: URL): string {
  return hostname.endsWith('.cloudfunctions.net') ? `${origin}${pathname}` : origin
}

async function fetchToken(host: string, audience: string) {
  try {
    const token = await askMetadataServer(host, audience)
    return { token, expiresAt: decodeJwt(token).exp ?? 0 }
  } catch (cause) {
    throw new GoogleIdentityError('no ID token from the metadata server', { cause })
  }
}

async function askMetadataServer(host: string, audience: string): Promise<string> {
  const url = new URL(`http://${host}${METADATA_PATH}`)
  url.searchParams.set('audience', audience)
  const response = await nodeFetch(url.href, {
    headers: { 'metadata-flavor': 'Google' },
    redirect: 'error',
    size: MAX_BYTES,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (!response.ok) throw new Error(`metadata server answered ${response.status}`)
  return (await response.text()).trim()
}
