import { afterEach, describe, expect, test, vi } from 'vitest'
import { CHATGPT, start } from '../../support/functions/registration.ts'
import type { Answer } from '../../support/http/serve.ts'

afterEach(() => void vi.useRealTimers())

/** Expects `burst` accepted requests, and at most one more for each second that the flood took. */
function expectPassed(passed: number, burst: number, startedAt: number): void {
  const seconds = Math.ceil((performance.now() - startedAt) / 1_000)
  expect(passed).toBeGreaterThanOrEqual(burst)
  expect(passed).toBeLessThanOrEqual(burst + seconds)
}

const statuses = (answers: readonly Answer[], status: number) =>
  answers.filter((answer) => answer.status === status).length

describe('a flood', () => {
  test('of allowed clients is limited, and the others get 429 with Retry-After', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
    const registration = await start()
    const startedAt = performance.now()
    const answers = await Promise.all(Array.from({ length: 30 }, () => registration.register()))
    const passed = answers.filter(({ status }) => status === 201)
    const limited = answers.filter(({ status }) => status === 429)
    expect(passed.length + limited.length).toBe(30)
    expectPassed(passed.length, 20, startedAt)
    for (const { headers } of limited) expect(headers['retry-after']).toBe('1')
    expect(registration.auth0.requests).toHaveLength(passed.length)
    expect(registration.api.grants.map(({ client_id }) => client_id).sort()).toEqual(
      passed.map((answer) => answer.json<{ client_id: string }>().client_id).sort(),
    )
    vi.setSystemTime(Date.now() + 1_000)
    const resumedAt = performance.now()
    const later = await Promise.all(Array.from({ length: 20 }, () => registration.register()))
    expect(statuses(later, 201) + statuses(later, 429)).toBe(20)
    expectPassed(statuses(later, 201), 1, resumedAt)
  })

  test('of foreign clients does not block other clients', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
    const registration = await start()
    const foreign = { ...CHATGPT, redirect_uris: ['https://evil.example/'] }
    await Promise.all(Array.from({ length: 100 }, () => registration.register(foreign)))
    expect((await registration.register()).status).toBe(201)
    expect(registration.auth0.requests).toHaveLength(1)
  })

  test('of malformed requests does not block other clients', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
    const registration = await start()
    const malformed = Array.from({ length: 100 }, (_, at) => (at % 2 === 0 ? '{' : { at }))
    await Promise.all(malformed.map((body) => registration.register(body)))
    expect((await registration.register()).status).toBe(201)
  })

  const from = (forwarded: string) => ({ 'x-forwarded-for': forwarded })

  const floods: readonly {
    name: string
    isBehindFront: boolean
    sent: (at: number) => string
    honest: string
    passed: number
  }[] = [
    {
      name: 'one address',
      isBehindFront: true,
      sent: () => '192.0.2.1',
      honest: '198.51.100.7',
      passed: 20,
    },
    {
      name: 'one address with forged addresses',
      isBehindFront: true,
      sent: (at) => `10.0.0.${at}, 198.51.100.7, 203.0.113.${at}, 192.0.2.1`,
      honest: '198.51.100.7',
      passed: 20,
    },
    {
      name: 'one network of IPv6 addresses',
      isBehindFront: true,
      sent: (at) => `2001:db8::${at}`,
      honest: '2001:db8:0:1::1',
      passed: 20,
    },
    {
      name: 'one client behind the same proxy',
      isBehindFront: true,
      sent: () => '192.0.2.1, 203.0.113.200',
      honest: '198.51.100.7, 203.0.113.200',
      passed: 10,
    },
    {
      name: 'one client behind a local proxy',
      isBehindFront: false,
      sent: () => '192.0.2.1, 127.0.0.1',
      honest: '198.51.100.7, 127.0.0.1',
      passed: 10,
    },
  ]
  test.each(floods)('does not block other clients: $name', async (flood) => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
    const { isBehindFront, sent, honest, passed } = flood
    const { register } = await start({ isBehindFront })
    const startedAt = performance.now()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => register(CHATGPT, undefined, from(sent(at)))),
    )
    expect(statuses(answers, 201) + statuses(answers, 429)).toBe(50)
    expectPassed(statuses(answers, 201), passed, startedAt)
    expect((await register(CHATGPT, undefined, from(honest))).status).toBe(201)
  })

  test('with forged addresses counts as one client without a trusted proxy', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
    const { register } = await start()
    const startedAt = performance.now()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => register(CHATGPT, undefined, from(`192.0.2.${at}`))),
    )
    expectPassed(statuses(answers, 201), 20, startedAt)
  })

  test('of registrations that Auth0 refuses does not block other clients', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
    const { auth0, register } = await start({ isBehindFront: true })
    auth0.stage({ answer: { status: 400, body: {}, headers: {} } })
    for (const peer of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => register(CHATGPT, undefined, from(peer))),
      )
      expect(statuses(answers, 400)).toBe(20)
    }
    auth0.stage({ answer: null })
    expect((await register(CHATGPT, undefined, from('198.51.100.7'))).status).toBe(201)
  })
})
