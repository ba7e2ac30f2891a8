import { generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto'
import { importJWK } from 'jose'
import type { Jwks } from '../../../shared/oauth/jwks.ts'

/** What a resource server expects of a token; `now` is NumericDate seconds. */
export interface Expected {
  readonly issuer: string
  readonly audience: string
  readonly now: number
}

/** The parts of a token before it is signed: text and bytes go as they are, objects as JSON. */
export interface Draft {
  readonly header?: Part
  readonly payload?: Part
}

/** Text and bytes as they are, or an object that becomes JSON. */
export type Part = string | Buffer | Readonly<Record<string, unknown>>
/** Members that replace others; undefined takes one away. */
export type Changes = Readonly<Record<string, unknown>>

export const ISSUER = 'https://tenant.eu.auth0.com/'
export const AUDIENCE = 'https://mcp.example.com/mcp'
/** The clock of every token here. */
export const NOW = 1_800_000_000
export const EXPECTED: Expected = { issuer: ISSUER, audience: AUDIENCE, now: NOW }

/** The issuer's key pair. */
export const OURS = generateKeyPairSync('rsa', { modulusLength: 2048 })
/** The key pair of somebody else. */
export const THEIRS = generateKeyPairSync('rsa', { modulusLength: 2048 })

export const HEADER = { alg: 'RS256', typ: 'at+jwt', kid: 'key-1' }
export const PAYLOAD = payloadFor(EXPECTED)

/** The claims of a good token. */
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

/** A token as Auth0 signs it, unless the draft differs. */
export function token({ header = HEADER, payload = PAYLOAD }: Draft = {}): string {
  return signAs(OURS.privateKey, `${encode(header)}.${encode(payload)}`)
}

/** With these claims in place of the good ones; undefined takes a claim away. */
export const withClaims = (claims: Changes) => token({ payload: { ...PAYLOAD, ...claims } })

/** With these header parameters besides the good ones. */
export const withHeader = (parameters: Changes) => token({ header: { ...HEADER, ...parameters } })

/** Signed by a key that the issuer does not have, under the name of one that it has. */
export function signedByOthers({ header = HEADER, payload = PAYLOAD }: Draft = {}): string {
  return signAs(THEIRS.privateKey, `${encode(header)}.${encode(payload)}`)
}

/** The issuer's key set as it is published. */
export function jwksDocument(): { readonly keys: readonly JsonWebKey[] } {
  return { keys: [{ ...jwkOf(OURS.publicKey), kid: HEADER.kid, use: 'sig', alg: 'RS256' }] }
}

/** The issuer's key set, or one with the others' key under its name, with how often it was asked. */
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

/** Header, payload and signature of a good token. */
export function partsOf(expected: Expected): readonly [string, string, string] {
  const [head = '', body = '', signature = ''] = token({ payload: payloadFor(expected) }).split('.')
  return [head, body, signature]
}

/** This text with its RS256 signature. */
export function signAs(key: KeyObject, signed: string): string {
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
}

/** In base64url. */
export function encode(part: Part): string {
  const bytes = typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part)
  return Buffer.from(bytes).toString('base64url')
}

/** The key as a JWK, without `kid`. */
export function jwkOf(key: KeyObject): JsonWebKey {
  return key.export({ format: 'jwk' })
}
