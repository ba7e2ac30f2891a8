import { createJwks, type Jwks } from '../../../shared/oauth/jwks.ts'
import type { Probe, ProbeResult } from '../probe.ts'
import { documentOf, firstDocument, isObject, type JsonObject } from '../probe-result.ts'

/** The published metadata and keys of an issuer. */
export interface IssuerObservation {
  /** The issuer exactly as in the deployment's metadata. */
  readonly url: string
  /** Empty when the URL is invalid. */
  readonly documents: readonly ProbeResult[]
  /** The first JSON document. */
  readonly metadata: JsonObject | undefined
  /** The key set that the document names; undefined when it does not name one. */
  readonly jwks: ProbeResult | undefined
  /** The key set at the address that the gateway reads unless JWKS_URI is set. */
  readonly defaultJwks: ProbeResult | undefined
  /** The keys as the gateway reads them. */
  readonly keys: Jwks
  /** The `kid`s of keys that the gateway can use. */
  readonly usableKids: readonly string[]
}

/** Reads the discovery document where clients look for it, then the keys. Never throws. */
export async function observeIssuer(url: string, probe: Probe): Promise<IssuerObservation> {
  const documents = await Promise.all(discoveryUrls(url).map((one) => probe({ url: one })))
  const metadata = firstDocument(documents)
  const defaultUri = URL.parse('.well-known/jwks.json', withSlash(url))?.href
  const named = metadata?.['jwks_uri']
  const jwksUri = typeof named === 'string' && URL.canParse(named) ? named : undefined
  const fetchKeys = (uri: string | undefined) =>
    uri === undefined ? undefined : probe({ url: uri })
  const [jwks, defaultJwks] = await Promise.all([
    fetchKeys(jwksUri),
    fetchKeys(defaultUri === jwksUri ? undefined : defaultUri),
  ])
  const keySet = firstDocument([jwks, defaultJwks].filter((one) => one !== undefined))
  const keys = keysOf(keySet)
  return {
    url,
    documents,
    metadata,
    jwks,
    defaultJwks: defaultUri === jwksUri ? jwks : defaultJwks,
    keys,
    usableKids: await usableKids(keySet, keys),
  }
}

/** The members of a key set that are objects. */
export function listedKeys(jwks: ProbeResult | undefined): readonly JsonObject[] {
  const document = jwks === undefined ? undefined : documentOf(jwks)
  const value = document !== undefined && 'value' in document ? document.value['keys'] : []
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** OpenID Connect Discovery s4 appends, RFC 8414 s3.1 inserts before the issuer's own path. */
function discoveryUrls(issuer: string): string[] {
  const url = URL.parse(issuer)
  if (url === null || !/^https?:$/.test(url.protocol)) return []
  const path = url.pathname.replace(/\/+$/, '')
  return [
    `${url.origin}${path}/.well-known/openid-configuration`,
    `${url.origin}/.well-known/oauth-authorization-server${path}`,
  ]
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`
}

/** The gateway's key cache, over a key set that has been fetched already. */
function keysOf(keySet: JsonObject | undefined): Jwks {
  return createJwks({
    uri: '',
    fetch: async () => {
      if (keySet === undefined) throw new Error('no key set')
      return keySet
    },
  })
}

async function usableKids(keySet: JsonObject | undefined, keys: Jwks): Promise<readonly string[]> {
  const listed = Array.isArray(keySet?.['keys']) ? keySet['keys'].filter(isObject) : []
  const kids = listed.map(({ kid }) => kid).filter((kid) => typeof kid === 'string')
  const found = await Promise.all(
    kids.map((kid) =>
      keys.key(kid).then(
        (key) => (key === undefined ? [] : [kid]),
        () => [],
      ),
    ),
  )
  return found.flat()
}
