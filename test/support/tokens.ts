import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { exportJWK, importJWK } from 'jose'
import type { Jwks } from '../../shared/jwks.ts'

export const ISSUER = 'https://tenant.eu.auth0.com/'
export const AUDIENCE = 'https://mcp.example.com/mcp'
/** The clock of every token here, NumericDate seconds. */
export const NOW = 1_800_000_000

const OURS = generateKeyPairSync('rsa', { modulusLength: 2048 })
const THEIRS = generateKeyPairSync('rsa', { modulusLength: 2048 })
const KID = 'key-1'

/** The parts of a token before it is signed: text goes as it is, objects as JSON. */
export interface Draft {
  readonly header?: string | Buffer | Readonly<Record<string, unknown>>
  readonly payload?: string | Buffer | Readonly<Record<string, unknown>>
}

export const HEADER = { alg: 'RS256', typ: 'at+jwt', kid: KID }
export const PAYLOAD = {
  iss: ISSUER,
  aud: [AUDIENCE, `${ISSUER}userinfo`],
  sub: 'auth0|alice',
  client_id: 'tpc_chatgpt',
  scope: 'openid events:read',
  iat: NOW - 60,
  exp: NOW + 3_600,
}

/** A token as Auth0 signs it, unless the draft or the key differ. */
export function token({ header = HEADER, payload = PAYLOAD }: Draft = {}, key = OURS): string {
  const signed = `${encode(header)}.${encode(payload)}`
  return `${signed}.${sign('sha256', Buffer.from(signed), key.privateKey).toString('base64url')}`
}

/** With these claims in place of the good ones; undefined takes a claim away. */
export const withClaims = (claims: Readonly<Record<string, unknown>>) =>
  token({ payload: { ...PAYLOAD, ...claims } })

/** With these header parameters besides the good ones. */
export const withHeader = (parameters: Readonly<Record<string, unknown>>) =>
  token({ header: { ...HEADER, ...parameters } })

/** Signed by a key that the issuer does not have, which says that it is the issuer's. */
export const signedByOthers = (draft?: Draft) => token(draft, THEIRS)

/** HS256 with the issuer's public key as the secret, in each form in which it is published. */
export async function signedWithPublicKey(): Promise<readonly string[]> {
  const jwk = JSON.stringify(await exportJWK(OURS.publicKey))
  const pem = OURS.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const der = OURS.publicKey.export({ type: 'spki', format: 'der' })
  const signed = `${encode({ ...HEADER, alg: 'HS256' })}.${encode(PAYLOAD)}`
  return [jwk, pem, pem.trim(), der].map(
    (secret) => `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`,
  )
}

/** The other issuer's public key, as a header may carry it. */
export const theirJwk = () => exportJWK(THEIRS.publicKey)

/** The issuer's key set, with how often it was asked. */
export async function keySet(): Promise<Jwks & { readonly asked: string[] }> {
  const key = await importJWK(await exportJWK(OURS.publicKey), 'RS256')
  if (key instanceof Uint8Array) throw new Error('no key')
  const asked: string[] = []
  const find = (kid: string) => (kid === KID ? key : undefined)
  return {
    asked,
    holds: (kid) => find(kid) !== undefined,
    key: async (kid) => {
      asked.push(kid)
      return find(kid)
    },
  }
}

function encode(part: NonNullable<Draft['header']>): string {
  const bytes = typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part)
  return Buffer.from(bytes).toString('base64url')
}
