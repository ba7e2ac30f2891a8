import { decodeJwt } from 'jose'

/** The metadata server gave no token. */
export class GoogleIdentityError extends Error {
  override readonly name = 'GoogleIdentityError'
}

/** Gives the header fields by which Cloud Run lets this function call a private backend. */
export type GoogleIdentity = (backendUrl: string) => Promise<Record<string, string>>

const REFRESH_BEFORE_SECONDS = 300
const TIMEOUT_MS = 3_000
const MAX_BYTES = 16 * 1024
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]*$/
const METADATA_PATH = '/computeMetadata/v1/instance/service-accounts/default/identity'

/**
 * ID tokens of this function's service account, from the metadata server (`host`), one fetch in
 * flight per audience, replaced 5 minutes before they expire, and used up to then when that fails.
 * Sent as X-Serverless-Authorization.
 *
 * The returned function throws GoogleIdentityError when the metadata server gives no token.
 */
export function createGoogleIdentity(host = 'metadata.google.internal'): GoogleIdentity {
  const held = new Map<string, Held>()
  const fresh = async (audience: string): Promise<string> => {
    const one = held.get(audience) ?? {}
    held.set(audience, one)
    if (one.token && isGoodFor(REFRESH_BEFORE_SECONDS, one.token)) return one.token.text
    one.fetching ??= fetchToken(host, audience)
      .then((token) => {
        one.token = token
        return token
      })
      .finally(() => delete one.fetching)
    try {
      return (await one.fetching).text
    } catch (error) {
      if (one.token && isGoodFor(0, one.token)) return one.token.text
      throw error
    }
  }
  return async (backendUrl) => ({
    'x-serverless-authorization': `Bearer ${await fresh(audienceOf(new URL(backendUrl)))}`,
  })
}

interface IdToken {
  readonly text: string
  /** NumericDate seconds. */
  readonly expiresAt: number
}

interface Held {
  token?: IdToken
  fetching?: Promise<IdToken>
}

function isGoodFor(seconds: number, { expiresAt }: IdToken): boolean {
  return expiresAt - seconds > Date.now() / 1000
}

/** Cloud Run takes its service's root URL, cloudfunctions.net the function's: the first segment. */
export function audienceOf({ hostname, origin, pathname }: URL): string {
  if (!hostname.endsWith('.cloudfunctions.net')) return origin
  return origin + (/^\/[^/]*/.exec(pathname)?.[0] ?? '')
}

async function fetchToken(host: string, audience: string): Promise<IdToken> {
  try {
    const text = await askMetadataServer(host, audience)
    return { text, expiresAt: decodeJwt(text).exp ?? 0 }
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
  // It becomes a header field.
  if (!COMPACT_JWS.test(text)) throw new Error('metadata server answered with no token')
  return text
}
