import { createServer, type RequestListener } from 'node:http'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { afterEach, beforeEach, expect } from 'vitest'
import { fetchDocument } from '../../functions/gateway/backend/fetch-document.ts'
import type { FetchJson } from '../../shared/http/fetch-json.ts'
import { createJwks, type RemoteJwks } from '../../shared/oauth/jwks.ts'
import { type Listening, listen } from './http/listen.ts'

/** A key set that is fetched from a local endpoint, with its clock. */
export interface JwksEndpoint {
  /** Milliseconds. A test may set it. */
  now: number
  /** The time limit of a fetch in milliseconds. A test may set it. */
  timeoutMs: number
  /** Fetches the keys; by default as the gateway does. A test may set it. */
  fetch: FetchJson
  /** The request handler of the endpoint. */
  respond: RequestListener
  /** The number of requests to the endpoint. */
  readonly fetches: number
  /** The reasons of the failed fetches. */
  readonly failures: readonly string[]
  readonly jwks: RemoteJwks
  /** Makes the endpoint respond with these keys. */
  readonly serve: (...keys: unknown[]) => void
  readonly isKnown: (kid: string) => Promise<boolean>
  readonly isHeld: (kid: string) => boolean
  /** Looks the key up as for a token with valid claims. */
  readonly isKnownToGoodToken: (kid: string) => Promise<boolean>
  /** Closes every connection. */
  readonly cut: () => void
}

/** A public key as a JWK with the members that an issuer publishes. */
export async function publicKey(kid: string): Promise<JWK> {
  const { publicKey } = await generateKeyPair('RS256')
  return { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' }
}

/** A request handler that responds with this value as JSON. */
export const json =
  (value: unknown, status = 200): RequestListener =>
  (_req, res) => {
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }

/**
 * Starts a new endpoint and an empty key set before each test of the file, and ends the endpoint
 * after it. Call it once, at the top of the file.
 */
export function jwksForEachTest(): JwksEndpoint {
  let fetches = 0
  let failures: string[] = []
  let jwks: RemoteJwks | undefined
  let server = createServer()
  let listening: Listening | undefined
  const current = () => jwks ?? expect.fail('The key set exists only during a test.')
  const endpoint: JwksEndpoint = {
    now: 0,
    timeoutMs: 120_000,
    fetch: fetchDocument,
    respond: json({}, 503),
    get fetches() {
      return fetches
    },
    get failures() {
      return failures
    },
    get jwks() {
      return current()
    },
    serve: (...keys) => {
      endpoint.respond = json({ keys })
    },
    isKnown: async (kid) => (await current().key(kid)) !== undefined,
    isHeld: (kid) => current().held(kid) !== undefined,
    isKnownToGoodToken: async (kid) => (await current().key(kid, () => true)) !== undefined,
    cut: () => server.closeAllConnections(),
  }
  beforeEach(async () => {
    endpoint.now = 0
    endpoint.timeoutMs = 120_000
    endpoint.fetch = fetchDocument
    fetches = 0
    failures = []
    server = createServer((req, res) => {
      fetches++
      endpoint.respond(req, res)
    })
    listening = await listen(server)
    const uri = `${listening.url}/jwks.json`
    const onFetchFailed = (reason: string) => void failures.push(reason)
    // Only the time limit differs. The default limit has its own test.
    const fetch: FetchJson = (url, options) =>
      endpoint.fetch(url, { ...options, timeoutMs: endpoint.timeoutMs })
    jwks = createJwks({ uri, fetch, now: () => endpoint.now, onFetchFailed })
  })
  afterEach(() => listening?.[Symbol.asyncDispose]())
  return endpoint
}
