import {
  createPrivateKey,
  createPublicKey,
  hash,
  hkdfSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'

/** A private key that signs the gateway's assertions to backends. */
export interface SigningKey {
  /** The JWK thumbprint (RFC 7638). */
  readonly kid: string
  readonly alg: 'ES256' | 'EdDSA'
  /** Returns the JWS signature of the text, in base64url. */
  readonly sign: (signed: string) => string
  /** Derives a symmetric key of this many bytes for one purpose (HKDF-SHA256, RFC 5869). */
  readonly derive: (purpose: string, bytes: number) => Uint8Array
  /** The public key, as a key set publishes it. */
  readonly publicJwk: Readonly<Record<string, string>>
}

const PEM = /-----BEGIN ([A-Z ]+)-----[A-Za-z0-9+/=\s]+-----END \1-----/g

/**
 * Reads private keys in PEM (PKCS #8 or SEC 1, with line breaks or `\n`), as a JWK or as a JWK Set: P-256
 * (ES256, RFC 7518) or Ed25519 (EdDSA, RFC 8037). Returns them in order; undefined if there is no key, if
 * a key is of another kind, or if its public and private parts do not match. Never throws.
 */
export function readSigningKeys(text: string): readonly SigningKey[] | undefined {
  try {
    const keys = text.startsWith('{') ? jwksIn(text) : pemsIn(text.replaceAll('\\n', '\n'))
    const signing = keys.map(toSigningKey).filter((key) => key !== undefined)
    return signing.length > 0 && signing.length === keys.length ? signing : undefined
  } catch {
    return undefined
  }
}

function jwksIn(text: string): KeyObject[] {
  const document: unknown = JSON.parse(text)
  const listed = Reflect.get(Object(document), 'keys') ?? [document]
  return Array.from(listed as Iterable<object>, (jwk) =>
    createPrivateKey({ key: { ...jwk }, format: 'jwk' }),
  )
}

function pemsIn(text: string): KeyObject[] {
  const isComplete = text.replaceAll(PEM, '').trim() === ''
  return isComplete ? [...text.matchAll(PEM)].map(([pem]) => createPrivateKey(pem)) : []
}

function toSigningKey(key: KeyObject): SigningKey | undefined {
  if (!isPair(key)) return undefined
  const { kty, crv, x, y } = createPublicKey(key).export({ format: 'jwk' })
  if (typeof x !== 'string') return undefined
  if (key.asymmetricKeyType === 'ec' && crv === 'P-256' && typeof y === 'string') {
    const privateKey = { key, dsaEncoding: 'ieee-p1363' } as const
    return createSigningKey(key, { crv, kty: 'EC', x, y }, 'ES256', (signed) =>
      sign('sha256', Buffer.from(signed), privateKey).toString('base64url'),
    )
  }
  if (kty !== 'OKP' || crv !== 'Ed25519') return undefined
  return createSigningKey(key, { crv, kty, x }, 'EdDSA', (signed) =>
    sign(null, Buffer.from(signed), key).toString('base64url'),
  )
}

/** Returns whether the parts of a key match. Node does not check that the public part of a JWK does. */
function isPair(key: KeyObject): boolean {
  const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  const signed = Buffer.from('a key signs for its own public half')
  return verify(digest, signed, createPublicKey(key), sign(digest, signed, key))
}

/** `members`: the JWK members of the thumbprint, in the order that RFC 7638 requires. */
function createSigningKey(
  key: KeyObject,
  members: Readonly<Record<string, string>>,
  alg: SigningKey['alg'],
  signWith: SigningKey['sign'],
): SigningKey {
  const kid = hash('sha256', JSON.stringify(members), 'base64url')
  return {
    kid,
    alg,
    sign: signWith,
    derive: (purpose, bytes) => {
      // Derived from the private number, which is the same in every encoding of the key.
      const { d = '' } = key.export({ format: 'jwk' })
      const derived = hkdfSync('sha256', Buffer.from(d, 'base64url'), kid, purpose, bytes)
      return new Uint8Array(derived)
    },
    publicJwk: { ...members, use: 'sig', alg, kid },
  }
}
