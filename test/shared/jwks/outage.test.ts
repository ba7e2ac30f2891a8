import { describe, expect, test, vi } from 'vitest'
import { JwksUnavailableError } from '../../../shared/oauth/jwks.ts'
import { json, jwksForEachTest, publicKey } from '../../support/jwks-endpoint.ts'

const [one, two] = await Promise.all([publicKey('one'), publicKey('two')])
const endpoint = jwksForEachTest()
const { serve, isKnown, isHeld } = endpoint

describe('keys in an outage of the issuer', () => {
  test('kept keys serve for 24 hours', async () => {
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

  test('an emptied set takes no key away', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    serve()
    endpoint.now = 10 * 60_000
    expect(await isKnown('one')).toBe(true)
    expect(endpoint.failures).toEqual(['no_usable_key'])
  })

  test('a set of foreign keys takes no key away, and gives none', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    serve({ kty: 'oct', kid: 'one', k: 'c2VjcmV0' }, { kty: 'EC', kid: 'two' })
    endpoint.now = 10 * 60_000
    expect(await isKnown('one')).toBe(true)
    await expect(endpoint.jwks.key('two')).rejects.toThrow(JwksUnavailableError)
  })

  test('a slow issuer is waited for once, however many ask', async () => {
    serve(one)
    const prompt = endpoint.respond
    endpoint.respond = (req, res) => void setTimeout(() => prompt(req, res), 50)
    const found = await Promise.all(Array.from({ length: 20 }, () => isKnown('one')))
    expect(found.every(Boolean)).toBe(true)
    expect(endpoint.fetches).toBe(1)
  })

  test('a flood while it is down costs one fetch in 10 s', async () => {
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

  test('the kept key serves at once afterwards, and the outage is over', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    endpoint.respond = json({}, 503)
    endpoint.now = 10 * 60_000
    await endpoint.jwks.key('one')
    expect(isHeld('one')).toBe(false)
    serve(one)
    endpoint.now += 10_000
    await endpoint.jwks.key('one')
    await vi.waitUntil(() => isHeld('one'))
  })

  test('of an issuer that hangs, only the first call waits', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    endpoint.respond = () => undefined
    endpoint.now = 10 * 60_000
    endpoint.timeoutMs = 200
    await endpoint.jwks.key('one')
    expect(endpoint.failures).toEqual(['timeout'])
    endpoint.timeoutMs = 10_000
    endpoint.now += 10_000
    expect([await isKnown('one'), await isKnown('one')]).toEqual([true, true])
    await vi.waitUntil(() => endpoint.fetches === 3)
    expect(endpoint.failures).toEqual(['timeout'])
  })

  test('an outage that nobody has seen for long is no reason not to wait', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    endpoint.respond = json({}, 503)
    endpoint.now = 10 * 60_000
    await endpoint.jwks.key('one')
    serve(two)
    endpoint.now += 20_000
    expect(await isKnown('one')).toBe(false)
  })

  test('without the key nobody can tell: unavailable, not unknown', async () => {
    endpoint.respond = json({}, 500)
    await expect(endpoint.jwks.key('one')).rejects.toMatchObject({ retryAfterSeconds: 10 })
    expect(endpoint.failures).toEqual(['status_500'])
  })

  test('it is asked again after 10 s, and not before', async () => {
    endpoint.respond = json({}, 500)
    await expect(endpoint.jwks.key('one')).rejects.toThrow(JwksUnavailableError)
    serve(one)
    endpoint.now = 9_999
    await expect(endpoint.jwks.key('one')).rejects.toThrow(JwksUnavailableError)
    endpoint.now = 10_000
    expect(await isKnown('one')).toBe(true)
    expect(endpoint.fetches).toBe(2)
  })

  test('a key that was rotated meanwhile is fetched soon after it', async () => {
    serve(one)
    await endpoint.jwks.key('one')
    endpoint.respond = json({}, 500)
    await expect(endpoint.jwks.key('two')).rejects.toThrow(JwksUnavailableError)
    serve(two)
    endpoint.now = 10_000
    expect(await isKnown('two')).toBe(true)
  })
})
