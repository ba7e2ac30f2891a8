import { createECDH, createPrivateKey, createPublicKey, verify } from 'node:crypto'
import { readSigningKeys } from '../../../shared/oauth/signing-key.ts'
import { type FuzzTarget, must } from '../target.ts'

// The same in each run and not used elsewhere.
const SECRET = Buffer.alloc(32, 7)
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')
const ed25519 = createPrivateKey({
  key: Buffer.concat([PKCS8_ED25519, SECRET]),
  format: 'der',
  type: 'pkcs8',
})
const p256 = createPrivateKey({ key: p256Jwk(), format: 'jwk' })
const pem = { type: 'pkcs8', format: 'pem' } as const
const jwks = [ed25519, p256].map((key) => key.export({ format: 'jwk' }))
const SECRETS = jwks.map(({ d }) => d ?? '')

/** The signing keys in one variable: PEM blocks, a JWK or a JWK set. */
export const signingKeysTarget: FuzzTarget = {
  name: 'signing-keys',
  seeds: [
    String(ed25519.export(pem)),
    `${p256.export(pem)}\n${ed25519.export(pem)}`,
    String(p256.export({ type: 'sec1', format: 'pem' })).replaceAll('\n', '\\n'),
    JSON.stringify(jwks[0]),
    JSON.stringify({ keys: jwks }),
    JSON.stringify({ keys: [{ ...jwks[1], d: 'AAAA' }] }),
  ],
  check: (text) => {
    const keys = readSigningKeys(text)
    if (keys === undefined) return
    must(keys.length > 0, 'an empty list is returned')
    for (const { kid, alg, sign, publicJwk } of keys) {
      must(/^[\w-]{43}$/.test(kid), 'a key ID is not a thumbprint')
      must(!('d' in publicJwk), 'a private member is published')
      const published = JSON.stringify(publicJwk)
      must(!SECRETS.some((secret) => published.includes(secret)), 'a secret is published')
      const key = createPublicKey({ key: { ...publicJwk }, format: 'jwk' })
      const signature = Buffer.from(sign('a.b'), 'base64url')
      const isValid =
        alg === 'EdDSA'
          ? verify(null, Buffer.from('a.b'), key, signature)
          : verify('sha256', Buffer.from('a.b'), { key, dsaEncoding: 'ieee-p1363' }, signature)
      must(isValid, 'a signature does not verify with the published key')
    }
  },
}

function p256Jwk() {
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(SECRET)
  const point = curve.getPublicKey()
  return {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
    d: SECRET.toString('base64url'),
  }
}
