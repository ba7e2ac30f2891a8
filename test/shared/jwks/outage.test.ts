import { describe, expect, test, vi } from 'vitest'
import { JwksUnavailableError } from '../../../shared/oauth/jwks.ts'
import { json, jwksForEachTest, publicKey } from '../../support/jwks-endpoint.ts'

const [one, two] = await Promise.all([publicKey('one'), publicKey('two')])
const endpoint = jwksForEachTest()
const { serve, isKnown, isHeld } = endpoint

describe('the keys during an outage of the issuer', () => {
  test('are used from the cache for 24 hours', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    endpoint.respond = json({}, 503)
    for (const hours of [1, 12, 23.99]) {
      endpoint.now = hours * 3_600_000
      expect(await isKnown('one')).toBe(true)
    }
    endpoint.now = 24 * 3_600_000 + 1
    await expect(endpoint.jwks.key('one')).rejects.toThrow(JwksUnavailableError)
  })

  test('remain if the issuer sends an empty set', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    serve()
    endpoint.now = 10 * 60_000
    expect(await isKnown('one')).toBe(true)
    expect(endpoint.failures).toEqual(['no_usable_key'])
  })

  test('remain if the issuer sends only unusable keys', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    serve({ kty: 'oct', kid: 'one', k: 'c2VjcmV0' }, { kty: 'EC', kid: 'two' })
    endpoint.now = 10 * 60_000
    expect(await isKnown('one')).toBe(true)
    await expect(endpoint.jwks.key('two')).rejects.toThrow(JwksUnavailableError)
  })

  test('are fetched once for concurrent callers of a slow issuer', async () => {
    serve(one)
    const prompt = endpoint.respond
    endpoint.respond = (req, res) => void setTimeout(() => prompt(req, res), 50)
    const found = await Promise.all(Array.from({ length: 20 }, () => isKnown('one')))
    expect(found.every(Boolean)).toBe(true)
    expect(endpoint.fetches).toBe(1)
  })

  test('are fetched once in 10 s during a flood', async () => {
    endpoint.respond = json({}, 503)
    for (let round = 0; round < 3; round++) {
      endpoint.now = round * 10_000
      const asked = Array.from({ length: 30 }, (_, index) => endpoint.jwks.key(`kid-${index}`))
      for (const outcome of await Promise.allSettled(asked)) {
        expect(outcome).toMatchObject({ reason: expect.any(JwksUnavailableError) })
      }
    }
    expect(endpoint.fetches).toBe(3)
  })

  test('are used from the cache until a fetch succeeds', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    endpoint.respond = json({}, 503)
    endpoint.now = 10 * 60_000
    await endpoint.jwks.key('one')
    expect(isHeld('one')).toBe(false)
    serve(one)
    endpoint.now += 10_000
    await endpoint.jwks.key('one')
    await vi.waitUntil(() => isHeld('one'), 120_000)
  })

  test('delay only the first call if the issuer does not respond', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    endpoint.respond = () => undefined
    endpoint.now = 10 * 60_000
    endpoint.timeoutMs = 200
    await endpoint.jwks.key('one')
    expect(endpoint.failures).toEqual(['timeout'])
    endpoint.timeoutMs = 120_000
    endpoint.now += 10_000
    expect([await isKnown('one'), await isKnown('one')]).toEqual([true, true])
    await vi.waitUntil(() => endpoint.fetches === 3, 120_000)
    expect(endpoint.failures).toEqual(['timeout'])
  })

  test('are awaited again if the last failure was 20 s ago', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    endpoint.respond = json({}, 503)
    endpoint.now = 10 * 60_000
    await endpoint.jwks.key('one')
    serve(two)
    endpoint.now += 20_000
    expect(await isKnown('one')).toBe(false)
  })

  test('are unavailable rather than unknown if none is cached', async () => {
    endpoint.respond = json({}, 500)
    await expect(endpoint.jwks.key('one')).rejects.toMatchObject({ retryAfterSeconds: 10 })
    expect(endpoint.failures).toEqual(['status_500'])
  })

  test('are fetched again after 10 s and not before', async () => {
    endpoint.respond = json({}, 500)
    await expect(endpoint.jwks.key('one')).rejects.toThrow(JwksUnavailableError)
    serve(one)
    endpoint.now = 9_999
    await expect(endpoint.jwks.key('one')).rejects.toThrow(JwksUnavailableError)
    endpoint.now = 10_000
    expect(await isKnown('one')).toBe(true)
    expect(endpoint.fetches).toBe(2)
  })

  test('are fetched soon after the outage if they were rotated', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    endpoint.respond = json({}, 500)
    await expect(endpoint.jwks.key('two')).rejects.toThrow(JwksUnavailableError)
    serve(two)
    endpoint.now = 10_000
    expect(await isKnown('two')).toBe(true)
  })
})
