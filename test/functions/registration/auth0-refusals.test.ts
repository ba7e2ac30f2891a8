import { afterEach, describe, expect, test, vi } from 'vitest'
import { start, writesOf } from '../../support/functions/registration.ts'

interface Refusal {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly headers: Record<string, string>
}

describe('a refusal of Auth0', () => {
  afterEach(() => void vi.useRealTimers())

  const soon = () => String(Math.floor(Date.now() / 1000) + 7)
  const later = (seconds: number) => new Date(Date.now() + seconds * 1_000).toUTCString()
  const rows: readonly {
    name: string
    refusal: () => Partial<Refusal> & Pick<Refusal, 'status'>
    status: number
    error?: string
    retryAfter?: RegExp
  }[] = [
    {
      name: '429 with Retry-After',
      refusal: () => ({ status: 429, headers: { 'retry-after': '17' } }),
      status: 429,
      retryAfter: /^17$/,
    },
    {
      name: '429 with x-ratelimit-reset',
      refusal: () => ({ status: 429, headers: { 'x-ratelimit-reset': soon() } }),
      status: 429,
      retryAfter: /^[67]$/,
    },
    {
      name: '429 with Retry-After as a date',
      refusal: () => ({ status: 429, headers: { 'retry-after': later(17) } }),
      status: 429,
      retryAfter: /^1[67]$/,
    },
    {
      name: '503 with x-ratelimit-reset',
      refusal: () => ({ status: 503, headers: { 'x-ratelimit-reset': soon() } }),
      status: 503,
      retryAfter: /^10$/,
    },
    {
      name: '429 without a time',
      refusal: () => ({ status: 429 }),
      status: 429,
      retryAfter: /^10$/,
    },
    {
      name: '503 without a time',
      refusal: () => ({ status: 503 }),
      status: 503,
      retryAfter: /^10$/,
    },
    {
      name: '403 for the entity limit',
      refusal: () => ({ status: 403, body: { errorCode: 'too_many_entities' } }),
      status: 503,
      retryAfter: /^10$/,
    },
    {
      name: '404 if registration is disabled',
      refusal: () => ({ status: 404 }),
      status: 503,
      retryAfter: /^10$/,
    },
    { name: '200 without a client_id', refusal: () => ({ status: 200, body: {} }), status: 503 },
    {
      name: '400 for a redirect URI',
      refusal: () => ({ status: 400, body: { error: 'invalid_redirect_uri' } }),
      status: 400,
      error: 'invalid_redirect_uri',
    },
    {
      name: '400 with another error',
      refusal: () => ({ status: 400, body: { error: 'Bad Request', message: 'x' } }),
      status: 400,
      error: 'invalid_client_metadata',
    },
  ]
  test.each(rows)(
    'becomes $status without an admission: $name',
    async ({ refusal, status, retryAfter, error = 'temporarily_unavailable' }) => {
      vi.useFakeTimers({ toFake: ['Date'] })
      const registration = await start()
      registration.auth0.stage({ answer: { body: {}, headers: {}, ...refusal() } })
      const answer = await registration.register()
      expect(answer.status).toBe(status)
      expect(answer.json()).toMatchObject({ error })
      if (retryAfter !== undefined) expect(answer.headers['retry-after']).toMatch(retryAfter)
      expect(answer.headers['access-control-expose-headers']).toBe('retry-after')
      expect(writesOf(registration)).toEqual([])
      expect(registration.auth0.requests).toHaveLength(1)
    },
  )

  test.each(['before', 'afterwards'] as const)(
    'is not retried if the connection breaks: %s',
    async (broken) => {
      const registration = await start()
      registration.auth0.stage({ breaks: broken })
      const answer = await registration.register()
      expect(answer.status).toBe(503)
      expect(registration.auth0.requests).toHaveLength(1)
      expect(writesOf(registration)).toEqual([])
    },
  )
})
