import { generateKeyPairSync, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digestingArguments } from '../../../functions/gateway/input/arguments-digest.ts'
import { stateKeys } from '../../../functions/gateway/input/state-keys.ts'
import { createStateSeal } from '../../../functions/gateway/input/state-seal.ts'
import { atOnce } from '../../../shared/json/turns.ts'
import { readSigningKeys } from '../../../shared/oauth/signing-key.ts'

const NOW = 1_800_000_000
const argumentsDigest = (json: string | Buffer) => atOnce(digestingArguments(json))
const SECRETS = [
  'a-secret-for-tests-0123456789-abcdef',
  'an-older-secret-0123456789-abcdefgh',
] as const
const keys = stateKeys(SECRETS, [])
const seal = createStateSeal(() => keys, 'https://mcp.test')
const OWNER = { subject: 'auth0|a', client: 'c', tool: 't', argumentsDigest: argumentsDigest('{}') }
const sealed = seal.seal('state', OWNER, NOW)
const FORGED = { fault: 'request_state_forged' }

// The fixed seed makes a failure reproducible.
const runs = { seed: 20_261_128, numRuns: 300 }

const wellFormed = fc.string({ unit: 'grapheme' })

test('a sealed state opens unchanged and does not reveal the state', () => {
  fc.assert(
    fc.property(wellFormed, fc.integer({ min: 0, max: 599 }), (state, age) => {
      const text = seal.seal(state, OWNER, NOW)
      expect(seal.open(text, OWNER, NOW + age)).toEqual({ state })
      expect(text).toMatch(/^[\w-]+$/)
      expect(text.length).toBeLessThan(1_000 + 2 * Buffer.byteLength(state))
    }),
    runs,
  )
  expect(Buffer.from(sealed, 'base64url').includes('state')).toBe(false)
  const without = seal.seal(undefined, OWNER, NOW)
  expect(seal.open(without, OWNER, NOW)).toEqual({ state: undefined })
  expect(seal.open(seal.seal('', OWNER, NOW), OWNER, NOW)).toEqual({ state: '' })
  expect(seal.seal('state', OWNER, NOW)).not.toBe(sealed)
})

test('a sealed state that is altered at any position is refused', () => {
  const at = fc.integer({ min: 0, max: sealed.length - 1 })
  fc.assert(
    fc.property(at, fc.string({ minLength: 0, maxLength: 2 }), (place, text) => {
      const changed = sealed.slice(0, place) + text + sealed.slice(place + 1)
      fc.pre(changed !== sealed)
      expect(seal.open(changed, OWNER, NOW)).toEqual(FORGED)
    }),
    runs,
  )
})

test('arbitrary text is refused as a state', () => {
  fc.assert(
    fc.property(fc.string(), fc.uint8Array({ maxLength: 200 }), (text, bytes) => {
      expect(seal.open(text, OWNER, NOW)).toEqual(FORGED)
      expect(seal.open(Buffer.from(bytes).toString('base64url'), OWNER, NOW)).toEqual(FORGED)
    }),
    runs,
  )
})

describe('a sealed state', () => {
  test.each<[string, Partial<typeof OWNER> | { subject: undefined }, number, string]>([
    ['another user', { subject: 'auth0|b' }, 0, 'request_state_other_caller'],
    ['no user', { subject: undefined }, 0, 'request_state_other_caller'],
    ['another client', { client: 'd' }, 0, 'request_state_other_caller'],
    ['another tool', { tool: 'u' }, 0, 'request_state_other_tool'],
    [
      'other arguments',
      { argumentsDigest: argumentsDigest('{"a":1}') },
      0,
      'request_state_other_arguments',
    ],
    ['a retry after ten minutes', {}, 600, 'request_state_expired'],
    ['a retry after a day', {}, 86_400, 'request_state_expired'],
  ])('is refused for %s', (_, owner, age, fault) => {
    expect(seal.open(sealed, { ...OWNER, ...owner }, NOW + age)).toEqual({ fault })
  })

  test('is refused if it has another issuer or another key or is too long', () => {
    const other = createStateSeal(() => keys, 'https://other.test')
    expect(other.open(sealed, OWNER, NOW)).toEqual(FORGED)
    const otherKey = createStateSeal(() => [randomBytes(32)], 'https://mcp.test')
    expect(otherKey.open(sealed, OWNER, NOW)).toEqual(FORGED)
    const long = 'A'.repeat(32_769)
    expect(seal.open(long, OWNER, NOW)).toEqual({ fault: 'request_state_too_large' })
  })

  test('opens after a rotation of its key', () => {
    const rotatedKeys = stateKeys(['a-new-secret', ...SECRETS], [])
    const rotated = createStateSeal(() => rotatedKeys, 'https://mcp.test')
    expect(rotated.open(sealed, OWNER, NOW)).toEqual({ state: 'state' })
    expect(seal.open(rotated.seal('s', OWNER, NOW), OWNER, NOW)).toEqual(FORGED)
  })
})

test('the key that is derived from a signing key is the same for PEM and JWK and different for each key', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const pem = String(pair.export({ type: 'pkcs8', format: 'pem' }))
  const jwk = JSON.stringify(pair.export({ format: 'jwk' }))
  const ed = String(
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
  )
  const [fromPem, fromJwk, fromEd] = [pem, jwk, ed].map(
    (text) => stateKeys(undefined, readSigningKeys(text) ?? [])[0],
  )
  expect(fromPem).toHaveLength(32)
  expect(fromPem).toEqual(fromJwk)
  expect(fromPem).not.toEqual(fromEd)
  expect(stateKeys(SECRETS, readSigningKeys(pem) ?? [])).toEqual(keys)
})

test('the digest of arguments ignores only the order of members', () => {
  const args = { b: [1, { d: null, c: '2' }], a: true }
  const digest = (value: unknown) => argumentsDigest(JSON.stringify(value))
  expect(digest({ a: true, b: [1, { c: '2', d: null }] })).toBe(digest(args))
  const others = [{}, { ...args, a: false }, { b: [{ d: null, c: '2' }, 1], a: true }, args]
  const numbers = ['{"a":1.0}', '{"a":1}', '{"a":{"rawJSON":"1.0"}}', '{"a":1.00}']
  expect(new Set([...others.map(digest), ...numbers.map(argumentsDigest)]).size).toBe(8)
  const long = ['a', 'b'].map((end) => digest({ text: 'x'.repeat(100_000) + end }))
  expect(new Set(long).size).toBe(2)
})

test.each([
  ['numbers', '1.0'],
  ['arrays', '[]'],
])('the digest of long arguments with many %s is computed in turns', (_, item) => {
  const json = Buffer.from(`{"a":[${Array(100_000).fill(item).join()}]}`)
  const work = digestingArguments(json)
  let turns = 0
  while (!work.next().done) turns++
  expect(turns).toBeGreaterThan(200)
})
