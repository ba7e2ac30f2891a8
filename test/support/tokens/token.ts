import { generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto'
import { importJWK } from 'jose'
import type { Jwks } from '../../../shared/oauth/jwks.ts'

/** The expected values of a resource server. `now` is in NumericDate seconds. */
export interface Expected {
  readonly issuer: string
  readonly audience: string
  readonly now: number
}

/** The parts of a token before it is signed. */
export interface Draft {
  readonly header?: Part
  readonly payload?: Part
}

/** Unchanged text or bytes, or an object that is encoded as JSON. */
export type Part = string | Buffer | Readonly<Record<string, unknown>>
/** Members that replace others. undefined removes one. */
export type Changes = Readonly<Record<string, unknown>>

export const ISSUER = 'https://tenant.eu.auth0.com/'
export const AUDIENCE = 'https://mcp.example.com/mcp'
/** The current time for every token here, in NumericDate seconds. */
export const NOW = 1_800_000_000
export const EXPECTED: Expected = { issuer: ISSUER, audience: AUDIENCE, now: NOW }

/** The issuer's key pair. */
export const OURS = generateKeyPairSync('rsa', { modulusLength: 2048 })
/** A foreign key pair. */
export const THEIRS = generateKeyPairSync('rsa', { modulusLength: 2048 })

export const HEADER = { alg: 'RS256', typ: 'at+jwt', kid: 'key-1' }
export const PAYLOAD = payloadFor(EXPECTED)

/** The claims of a valid token. */
export function payloadFor({ issuer, audience, now }: Expected) {
  return {
    iss: issuer,
    aud: [audience, `${issuer}userinfo`],
    sub: 'auth0|alice',
    client_id: 'tpc_chatgpt',
    scope: 'openid events:read',
    iat: now - 60,
    exp: now + 3_600,
  }
}

/** A token that Auth0 signed, with the parts of the draft. */
export function token({ header = HEADER, payload = PAYLOAD }: Draft = {}): string {
  return signAs(OURS.privateKey, `${encode(header)}.${encode(payload)}`)
}

/** A token with these claims in place of the valid ones. undefined removes a claim. */
export const withClaims = (claims: Changes) => token({ payload: { ...PAYLOAD, ...claims } })

/** A token with these header parameters in addition to the valid ones. */
export const withHeader = (parameters: Changes) => token({ header: { ...HEADER, ...parameters } })

/** A token that is signed with a foreign key under the kid of the issuer's key. */
export function signedByOthers({ header = HEADER, payload = PAYLOAD }: Draft = {}): string {
  return signAs(THEIRS.privateKey, `${encode(header)}.${encode(payload)}`)
}

/** The published key set of the issuer. */
export function jwksDocument(): { readonly keys: readonly JsonWebKey[] } {
  return { keys: [{ ...jwkOf(OURS.publicKey), kid: HEADER.kid, use: 'sig', alg: 'RS256' }] }
}

/** A key set with this key under the kid of the issuer, and the kids that were requested from it. */
export async function keySet(whose = OURS): Promise<Jwks & { readonly asked: string[] }> {
  const key = await importJWK({ ...jwkOf(whose.publicKey) }, 'RS256')
  if (key instanceof Uint8Array) throw new Error('no key')
  const asked: string[] = []
  const find = (kid: string) => (kid === HEADER.kid ? key : undefined)
  return {
    asked,
    held: find,
    key: async (kid) => {
      asked.push(kid)
      return find(kid)
    },
  }
}

/** The header, payload and signature of a valid token. */
export function partsOf(expected: Expected): readonly [string, string, string] {
  const [head = '', body = '', signature = ''] = token({ payload: payloadFor(expected) }).split('.')
  return [head, body, signature]
}

/** The text with its RS256 signature. */
export function signAs(key: KeyObject, signed: string): string {
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
}

/** The part in base64url. */
export function encode(part: Part): string {
  const bytes = typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part)
  return Buffer.from(bytes).toString('base64url')
}

/** The key as a JWK, without `kid`. */
export function jwkOf(key: KeyObject): JsonWebKey {
  return key.export({ format: 'jwk' })
}
