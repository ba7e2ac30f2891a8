import { createServer } from 'node:http'
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
} from 'jose'
import { listen } from './listen.ts'

/** The part of an authorization server that a resource server uses: discovery, keys and tokens. */
export interface Issuer extends AsyncDisposable {
  /** The URL with a trailing slash, as Auth0's issuers have it. */
  readonly url: string
  /** The requested paths, in order. */
  readonly requests: string[]
  /** Replaces responses. Without a member the response is the usual one. */
  readonly staged: Staged
  /** Replaces the signing key. The old key leaves the key set. */
  readonly rotate: () => Promise<void>
  /** A token for `https://mcp.test/mcp`, valid for 5 minutes, with changed claims and header members. */
  readonly token: (claims?: Claims, header?: Readonly<Record<string, unknown>>) => Promise<string>
  readonly countOf: (path: string) => number
  /** Forgets requests and staged responses. Keeps the key. */
  readonly reset: () => void
}

export interface Staged {
  /** Every response is a 503. */
  outage?: boolean
  delayMs?: number
  /** Responses start after this is fulfilled. */
  after?: Promise<unknown>
  discovery?: unknown
  jwks?: unknown
  /** A path that redirects to this URL. */
  redirect?: { readonly path: string; readonly to: string }
}

type Claims = Readonly<Record<string, unknown>>

export const JWKS_PATH = '/.well-known/jwks.json'
export const DISCOVERY_PATH = '/.well-known/openid-configuration'

export async function startIssuer(): Promise<Issuer> {
  const requests: string[] = []
  const staged: Staged = {}
  let key = await newKey()
  const server = createServer((req, res) => {
    const path = req.url ?? ''
    requests.push(path)
    const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => {
      res.writeHead(status, { 'content-type': 'application/json', ...headers })
      res.end(JSON.stringify(body))
    }
    const respond = () => {
      if (staged.outage) return answer(503, { error: 'temporarily_unavailable' })
      if (staged.redirect?.path === path) return answer(302, {}, { location: staged.redirect.to })
      if (path === DISCOVERY_PATH) return answer(200, staged.discovery ?? discoveryOf(url))
      if (path === JWKS_PATH) return answer(200, staged.jwks ?? { keys: [key.jwk] })
      answer(404, {})
    }
    const start = () => void setTimeout(respond, staged.delayMs ?? 0)
    if (staged.after === undefined) start()
    else void staged.after.then(start)
  })
  const listening = await listen(server)
  const url = `${listening.url}/`

  return {
    url,
    requests,
    staged,
    rotate: async () => {
      key = await newKey()
    },
    token: (claims = {}, header = {}) => {
      const now = Math.floor(Date.now() / 1000)
      const payload: Record<string, unknown> = {
        iss: url,
        aud: ['https://mcp.test/mcp', `${url}userinfo`],
        sub: 'auth0|alice',
        client_id: 'tpc_chatgpt',
        scope: 'events:read',
        iat: now,
        exp: now + 300,
        ...claims,
      }
      return new SignJWT(payload as JWTPayload)
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: key.jwk.kid, ...header })
        .sign(key.privateKey)
    },
    countOf: (path) => requests.filter((asked) => asked === path).length,
    reset: () => {
      requests.length = 0
      for (const name of Object.keys(staged)) Reflect.deleteProperty(staged, name)
    },
    [Symbol.asyncDispose]: listening[Symbol.asyncDispose],
  }
}

/** A discovery document with members of every JSON type, which must all be preserved. */
export function discoveryOf(issuer: string) {
  return {
    issuer,
    authorization_endpoint: `${issuer}authorize`,
    token_endpoint: `${issuer}oauth/token`,
    registration_endpoint: `${issuer}oidc/register`,
    jwks_uri: `${issuer}.well-known/jwks.json`,
    scopes_supported: ['openid', 'profile', 'offline_access'],
    code_challenge_methods_supported: ['S256', 'plain'],
    request_uri_parameter_supported: false,
    'x-unknown': { nested: null, number: 1 },
  }
}

let keyCount = 0

async function newKey(): Promise<{
  readonly privateKey: CryptoKey
  readonly jwk: JWK & { kid: string }
}> {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const jwk = await exportJWK(publicKey)
  return { privateKey, jwk: { ...jwk, kid: `key-${++keyCount}`, use: 'sig', alg: 'RS256' } }
}
