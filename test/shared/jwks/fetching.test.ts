import { describe, expect, test, vi } from 'vitest'
import type { FetchJson } from '../../../shared/http/fetch-json.ts'
import { createJwks, JwksUnavailableError } from '../../../shared/oauth/jwks.ts'
import { json, jwksForEachTest, publicKey } from '../../support/jwks-endpoint.ts'

const [one, two] = await Promise.all([publicKey('one'), publicKey('two')])
const endpoint = jwksForEachTest()
const { serve, isKnown, isHeld, isKnownToGoodToken } = endpoint

describe('keys of an issuer that answers', () => {
  test('many callers at once cost one fetch', async () => {
    serve(one)
    const found = await Promise.all(Array.from({ length: 50 }, () => isKnown('one')))
    expect(found.every(Boolean)).toBe(true)
    expect(endpoint.fetches).toBe(1)
  })

  test('keys are kept for 10 minutes, then fetched anew', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    endpoint.now = 10 * 60_000 - 1
    expect(isHeld('one')).toBe(true)
    await endpoint.jwks.key('one')
    expect(endpoint.fetches).toBe(1)
    endpoint.now = 10 * 60_000
    expect(isHeld('one')).toBe(false)
    await endpoint.jwks.key('one')
    expect(endpoint.fetches).toBe(2)
  })

  test('a new key is fetched when a token first names it', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    serve(one, two)
    expect(await isKnown('two')).toBe(true)
    expect(endpoint.fetches).toBe(2)
  })

  test('unknown keys cost one fetch in 10 s, however many there are', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    for (let index = 0; index < 100; index++) expect(await isKnown(`unknown-${index}`)).toBe(false)
    expect(endpoint.fetches).toBe(2)
    endpoint.now += 10_000
    for (let index = 0; index < 100; index++) await endpoint.jwks.key(`unknown-${index}`)
    expect(endpoint.fetches).toBe(3)
  })

  test('a key that appears just after the fetch of a made-up one is found', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    expect(await isKnown('made-up')).toBe(false)
    serve(one, two)
    expect(await isKnownToGoodToken('two')).toBe(true)
    expect(endpoint.fetches).toBe(3)
  })

  test('good tokens of unknown keys cost 8 more fetches in 10 s, and are then not judged', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    expect(await isKnown('made-up')).toBe(false)
    for (let index = 0; index < 8; index++) {
      expect(await isKnownToGoodToken(`unknown-${index}`)).toBe(false)
      expect(await isKnownToGoodToken(`unknown-${index}`)).toBe(false)
    }
    expect(endpoint.fetches).toBe(10)
    serve(one, two)
    for (let index = 0; index < 100; index++) {
      await expect(endpoint.jwks.key('two', () => true)).rejects.toThrow(JwksUnavailableError)
    }
    expect(endpoint.fetches).toBe(10)
    endpoint.now += 10_000
    expect(await isKnownToGoodToken('two')).toBe(true)
    expect(endpoint.fetches).toBe(11)
  })

  test('good tokens of one new key that come at once share a fetch and are all accepted', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    expect(await isKnown('made-up')).toBe(false)
    serve(one, two)
    const prompt = endpoint.respond
    endpoint.respond = (req, res) => void setImmediate(() => prompt(req, res))
    const found = await Promise.all(Array.from({ length: 20 }, () => isKnownToGoodToken('two')))
    expect(found.every(Boolean)).toBe(true)
    expect(endpoint.fetches).toBe(3)
  })

  test('a key that is fetched again unchanged stays the same, a replaced one does not', async () => {
    serve(one)
    const first = await endpoint.jwks.key('one')
    endpoint.now = 10 * 60_000
    expect(await endpoint.jwks.key('one')).toBe(first)
    serve({ ...two, kid: 'one' })
    endpoint.now = 20 * 60_000
    expect(await endpoint.jwks.key('one')).not.toBe(first)
    expect(endpoint.fetches).toBe(3)
  })

  test('unknown keys that come at once cost one fetch too, and all learn of it', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    serve(one, two)
    const kids = ['two', ...Array.from({ length: 50 }, (_, index) => `unknown-${index}`), 'two']
    const known = await Promise.all(kids.map(isKnown))
    expect(known).toEqual(kids.map((kid) => kid === 'two'))
    expect(endpoint.fetches).toBe(2)
  })

  test('a known key does not wait for the fetch of an unknown one', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    endpoint.respond = () => undefined
    const unknown = endpoint.jwks.key('made-up')
    await vi.waitUntil(() => endpoint.fetches === 2)
    expect(await isKnown('one')).toBe(true)
    expect(endpoint.failures).toEqual([])
    endpoint.cut()
    await expect(unknown).rejects.toThrow(JwksUnavailableError)
  })

  test('during a rollover both keys are known', async () => {
    serve(one, two)
    expect([await isKnown('one'), await isKnown('two')]).toEqual([true, true])
    expect(endpoint.fetches).toBe(1)
  })

  test('what is held needs no wait, what is not does', async () => {
    serve(one)
    expect(isHeld('one')).toBe(false)
    await endpoint.jwks.key('one')
    expect([isHeld('one'), isHeld('two')]).toEqual([true, false])
  })

  test('names of the prototype are no keys', async () => {
    serve(one)
    for (const kid of ['__proto__', 'constructor', 'toString', '']) {
      expect(await isKnown(kid)).toBe(false)
    }
  })

  test('a fetch may take 5 s and 256 KiB', async () => {
    const asked: unknown[] = []
    const fetch: FetchJson = async (url, options) => {
      asked.push({ url, ...options })
      return { keys: [one] }
    }
    await createJwks({ uri: 'https://issuer.example/keys', fetch }).key('one')
    expect(asked).toEqual([
      { url: 'https://issuer.example/keys', timeoutMs: 5_000, maxBytes: 262_144 },
    ])
  })

  test('a key that has left the set is gone with the next fetch', async () => {
    serve(one, two)
    expect(await isKnown('one')).toBe(true)
    serve(two)
    endpoint.now = 10 * 60_000
    expect(await isKnown('two')).toBe(true)
    expect(await isKnown('one')).toBe(false)
  })
})

describe('keys that are fetched before the first token', () => {
  test('serve the first token without another fetch', async () => {
    serve(one)
    endpoint.jwks.warmUp()
    expect(await isKnown('one')).toBe(true)
    expect(endpoint.fetches).toBe(1)
  })

  test('are fetched once', async () => {
    serve(one)
    await isKnown('one')
    endpoint.jwks.warmUp()
    await isKnown('one')
    expect(endpoint.fetches).toBe(1)
  })

  test('are asked for again by the first token when they could not be fetched', async () => {
    endpoint.respond = (req, res) => {
      json({}, 503)(req, res)
      serve(one)
    }
    endpoint.jwks.warmUp()
    expect(await isKnown('one')).toBe(true)
    expect(endpoint.failures).toEqual([])
    expect(endpoint.fetches).toBe(2)
  })
})
