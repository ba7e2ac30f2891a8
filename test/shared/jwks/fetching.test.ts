import { describe, expect, test, vi } from 'vitest'
import type { FetchJson } from '../../../shared/http/fetch-json.ts'
import { createJwks, JwksUnavailableError } from '../../../shared/oauth/jwks.ts'
import { json, jwksForEachTest, publicKey } from '../../support/jwks-endpoint.ts'

const [one, two] = await Promise.all([publicKey('one'), publicKey('two')])
const endpoint = jwksForEachTest()
const { serve, isKnown, isHeld, isKnownToGoodToken } = endpoint

describe('the keys of an available issuer', () => {
  test('are fetched once for concurrent callers', async () => {
    serve(one)
    const found = await Promise.all(Array.from({ length: 50 }, () => isKnown('one')))
    expect(found.every(Boolean)).toBe(true)
    expect(endpoint.fetches).toBe(1)
  })

  test('are cached for 10 minutes and then fetched again', async () => {
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

  test('are fetched when a token names a new key', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    serve(one, two)
    expect(await isKnown('two')).toBe(true)
    expect(endpoint.fetches).toBe(2)
  })

  test('are fetched once in 10 s for any number of unknown keys', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    for (let index = 0; index < 100; index++) expect(await isKnown(`unknown-${index}`)).toBe(false)
    expect(endpoint.fetches).toBe(2)
    endpoint.now += 10_000
    for (let index = 0; index < 100; index++) await endpoint.jwks.key(`unknown-${index}`)
    expect(endpoint.fetches).toBe(3)
  })

  test('are fetched again for a plausible token just after the fetch for an invented key', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    expect(await isKnown('made-up')).toBe(false)
    serve(one, two)
    expect(await isKnownToGoodToken('two')).toBe(true)
    expect(endpoint.fetches).toBe(3)
  })

  test('are fetched 8 more times in 10 s for plausible tokens of unknown keys, then unavailable', async () => {
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

  test('are fetched once for concurrent plausible tokens of a new key', async () => {
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

  test('keep the identity of an unchanged key when they are fetched again', async () => {
    serve(one)
    const first = await endpoint.jwks.key('one')
    endpoint.now = 10 * 60_000
    expect(await endpoint.jwks.key('one')).toBe(first)
    serve({ ...two, kid: 'one' })
    endpoint.now = 20 * 60_000
    expect(await endpoint.jwks.key('one')).not.toBe(first)
    expect(endpoint.fetches).toBe(3)
  })

  test('are fetched once for concurrent unknown keys', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    serve(one, two)
    const kids = ['two', ...Array.from({ length: 50 }, (_, index) => `unknown-${index}`), 'two']
    const known = await Promise.all(kids.map(isKnown))
    expect(known).toEqual(kids.map((kid) => kid === 'two'))
    expect(endpoint.fetches).toBe(2)
  })

  test('are available while a fetch for an unknown key is pending', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    endpoint.respond = () => undefined
    const unknown = endpoint.jwks.key('made-up')
    await vi.waitUntil(() => endpoint.fetches === 2, 120_000)
    expect(await isKnown('one')).toBe(true)
    expect(endpoint.failures).toEqual([])
    endpoint.cut()
    await expect(unknown).rejects.toThrow(JwksUnavailableError)
  })

  test('include both keys during a rotation', async () => {
    serve(one, two)
    expect([await isKnown('one'), await isKnown('two')]).toEqual([true, true])
    expect(endpoint.fetches).toBe(1)
  })

  test('are held after the first fetch', async () => {
    serve(one)
    expect(isHeld('one')).toBe(false)
    await endpoint.jwks.key('one')
    expect([isHeld('one'), isHeld('two')]).toEqual([true, false])
  })

  test('do not include names of Object.prototype', async () => {
    serve(one)
    for (const kid of ['__proto__', 'constructor', 'toString', '']) {
      expect(await isKnown(kid)).toBe(false)
    }
  })

  test('are fetched with limits of 5 s and 256 KiB', async () => {
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

  test('do not include a removed key after the next fetch', async () => {
    serve(one, two)
    expect(await isKnown('one')).toBe(true)
    serve(two)
    endpoint.now = 10 * 60_000
    expect(await isKnown('two')).toBe(true)
    expect(await isKnown('one')).toBe(false)
  })
})

describe('keys that are fetched in advance', () => {
  test('serve the first token without another fetch', async () => {
    serve(one)
    endpoint.jwks.warmUp()
    expect(await isKnown('one')).toBe(true)
    expect(endpoint.fetches).toBe(1)
  })

  test('are not fetched again if they are cached', async () => {
    serve(one)
    await isKnown('one')
    endpoint.jwks.warmUp()
    await isKnown('one')
    expect(endpoint.fetches).toBe(1)
  })

  test('are fetched again for the first token if the fetch failed', async () => {
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
