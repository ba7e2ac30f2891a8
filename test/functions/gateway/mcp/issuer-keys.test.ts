import { afterEach, describe, expect, test, vi } from 'vitest'
import { bearer, callOf, OPENAI, post } from '../../../support/gateway/mcp.ts'
import { gatewayStack } from '../../../support/gateway/stack.ts'
import { JWKS_PATH } from '../../../support/http/issuer.ts'

const { issuer, backend, start } = await gatewayStack()

afterEach(() => void vi.useRealTimers())

describe("the issuer's keys", () => {
  test('cause 503 with Retry-After and never 401 if they are unavailable', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    issuer.staged.outage = true
    const served = await start()
    const headers = bearer(await issuer.token())
    for (let tries = 0; tries < 2; tries += 1) {
      for (const agent of ['curl/8', OPENAI['user-agent']]) {
        const answer = await post(served, callOf('listEvents'), { ...headers, 'user-agent': agent })
        expect(answer.status).toBe(503)
        expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
        expect(answer.headers['www-authenticate']).toBeUndefined()
      }
    }
    expect(issuer.countOf(JWKS_PATH)).toBe(1)
    expect(backend.calls).toEqual([])
  })

  test.each([{ keys: [] }, { keys: 'x' }, {}])(
    'cause 503 if the key set has no key: %j',
    async (jwks) => {
      issuer.staged.jwks = jwks
      const answer = await post(await start(), callOf('about'), bearer(await issuer.token()))
      expect(answer.status).toBe(503)
    },
  )

  test('are used from the cache for 24 hours during an outage', async () => {
    const startedAt = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: startedAt })
    const served = await start()
    await post(served, callOf('listEvents'), bearer(await issuer.token()))
    issuer.staged.outage = true
    for (const hours of [0, 1, 23]) {
      vi.setSystemTime(startedAt + hours * 3_600_000)
      const headers = bearer(await issuer.token({ jti: String(hours) }))
      expect((await post(served, callOf('listEvents'), headers)).status).toBe(200)
    }
    vi.setSystemTime(startedAt + 25 * 3_600_000)
    const headers = bearer(await issuer.token())
    expect((await post(served, callOf('listEvents'), headers)).status).toBe(503)
  })

  test('are fetched when a token names a new key', async () => {
    const served = await start()
    expect((await post(served, callOf('listEvents'), bearer(await issuer.token()))).status).toBe(
      200,
    )
    await issuer.rotate()
    expect((await post(served, callOf('listEvents'), bearer(await issuer.token()))).status).toBe(
      200,
    )
    expect(issuer.countOf(JWKS_PATH)).toBe(2)
  })

  test('are fetched soon after an outage in which they were rotated', async () => {
    const startedAt = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: startedAt })
    const served = await start()
    await post(served, callOf('listEvents'), bearer(await issuer.token()))
    await issuer.rotate()
    issuer.staged.outage = true
    const headers = bearer(await issuer.token())
    expect((await post(served, callOf('listEvents'), headers)).status).toBe(503)
    issuer.staged.outage = false
    // The 503 has a Retry-After of 10 s.
    vi.setSystemTime(startedAt + 11_000)
    expect((await post(served, callOf('listEvents'), headers)).status).toBe(200)
  })

  test('are fetched at most nine times during a flood of unknown key IDs', async () => {
    const served = await start()
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, index) =>
        post(served, callOf('about'), bearer(await issuer.token({}, { kid: `unknown-${index}` }))),
      ),
    )
    // On a busy machine, late requests cause one of the eight further fetches or get 503.
    const statuses = new Set(answers.map(({ status }) => status))
    expect([...statuses].filter((status) => status !== 401 && status !== 503)).toEqual([])
    expect(issuer.countOf(JWKS_PATH)).toBeLessThanOrEqual(9)
  })

  test('are fetched once for concurrent first calls', async () => {
    issuer.staged.delayMs = 100
    const served = await start()
    const headers = bearer(await issuer.token())
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => post(served, callOf('listEvents'), headers)),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(issuer.countOf(JWKS_PATH)).toBe(1)
  })

  test('do not extend the validity of a cached token beyond its expiry', async () => {
    const startedAt = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: startedAt })
    const served = await start()
    const headers = bearer(await issuer.token())
    expect((await post(served, callOf('listEvents'), headers)).status).toBe(200)
    vi.setSystemTime(startedAt + 301_000)
    expect((await post(served, callOf('listEvents'), headers)).status).toBe(401)
  })

  test('invalidate a cached token when its key is removed', async () => {
    const startedAt = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: startedAt })
    const served = await start()
    const headers = bearer(await issuer.token({ exp: Math.floor(startedAt / 1000) + 7_200 }))
    expect((await post(served, callOf('listEvents'), headers)).status).toBe(200)
    await issuer.rotate()
    vi.setSystemTime(startedAt + 11 * 60_000)
    expect((await post(served, callOf('listEvents'), headers)).status).toBe(401)
  })
})
