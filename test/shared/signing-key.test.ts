import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, compactVerify, importJWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { readSigningKeys } from '../../shared/oauth/signing-key.ts'

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const otherP256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const ed25519 = generateKeyPairSync('ed25519').privateKey
const pem = (key: KeyObject, type: 'pkcs8' | 'sec1' = 'pkcs8') =>
  String(key.export({ type, format: 'pem' }))
const jwk = (key: KeyObject) => key.export({ format: 'jwk' })
const publicHalf = (key: KeyObject) => createPublicKey(key).export({ format: 'jwk' })

describe('a signing key', () => {
  test.each([
    ['P-256 in PKCS #8', pem(p256), 'ES256'],
    ['P-256 in SEC 1', pem(p256, 'sec1'), 'ES256'],
    ['Ed25519 in PKCS #8', pem(ed25519), 'EdDSA'],
    ['PEM with \\n for line breaks', pem(p256).replaceAll('\n', '\\n'), 'ES256'],
    ['a JWK', JSON.stringify(jwk(p256)), 'ES256'],
    ['a JWK Set', JSON.stringify({ keys: [jwk(ed25519)] }), 'EdDSA'],
  ])('from %s signs text that its public key verifies', async (_, text, alg) => {
    const [key, ...others] = readSigningKeys(text) ?? []
    if (key === undefined) throw new Error('no key')
    expect(others).toEqual([])
    expect(key.alg).toBe(alg)
    expect(key.publicJwk).toMatchObject({ use: 'sig', alg, kid: key.kid })
    expect(key.publicJwk).not.toHaveProperty('d')
    expect(key.kid).toBe(await calculateJwkThumbprint(key.publicJwk))
    const signed = `${Buffer.from(JSON.stringify({ alg })).toString('base64url')}.e30`
    const publicKey = await importJWK({ ...key.publicJwk }, alg)
    await expect(compactVerify(`${signed}.${key.sign(signed)}`, publicKey)).resolves.toBeDefined()
  })

  test.each([
    ['the public part of another key', publicHalf(otherP256)],
    ['an empty private part', { d: '' }],
  ])('with %s is refused', (_, members) => {
    expect(readSigningKeys(JSON.stringify({ ...jwk(p256), ...members }))).toBeUndefined()
  })

  test('keeps its position among two keys', () => {
    const inPem = readSigningKeys(pem(p256) + pem(ed25519))
    expect(inPem?.map(({ alg }) => alg)).toEqual(['ES256', 'EdDSA'])
    const inSet = readSigningKeys(JSON.stringify({ keys: [jwk(ed25519), jwk(p256)] }))
    expect(inSet?.map(({ alg }) => alg)).toEqual(['EdDSA', 'ES256'])
  })

  test.each([
    ['an empty text', ''],
    ['text', 'secret'],
    ['an RSA key', pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)],
    ['P-384', pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey)],
    ['X25519', pem(generateKeyPairSync('x25519').privateKey)],
    [
      'a public key',
      String(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })),
    ],
    ['a public JWK', JSON.stringify({ ...jwk(p256), d: undefined })],
    ['a symmetric JWK', JSON.stringify({ kty: 'oct', k: 'c2VjcmV0' })],
    ['a supported key and another one', pem(p256) + pem(generateKeyPairSync('x25519').privateKey)],
    ['a key followed by text', `${pem(p256)}secret`],
    ['an empty set', '{"keys":[]}'],
    ['malformed JSON', '{'],
    ['a set with null', '{"keys":[null]}'],
  ])('is not read from %s', (_, text) => {
    expect(readSigningKeys(text)).toBeUndefined()
  })
})
