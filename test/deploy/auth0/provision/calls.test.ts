import { afterEach, describe, expect, test, vi } from 'vitest'
import { createManagement } from '../../../../shared/auth0/management.ts'
import {
  createManagementFetch,
  type ManagementFetchOptions,
} from '../../../../shared/auth0/management-fetch.ts'
import { MGMT_CLIENT_ID, MGMT_CLIENT_SECRET, provision } from '../../../support/auth0/provision.ts'
import { tenantForEachTest } from '../../../support/auth0/provision-run.ts'

const SHORT = { retryAfterSeconds: 0 }
const URL_OF_API = 'https://example.auth0.com/api/v2/clients'

/** A `fetch` that returns these responses in turn and repeats the last; undefined = it hangs. */
function scripted(answers: readonly (Response | Error | undefined)[]) {
  const calls: string[] = []
  const slept: number[] = []
  const send: typeof fetch = async (_, init) => {
    const answer = answers[Math.min(calls.length, answers.length - 1)]
    calls.push(init?.method ?? 'GET')
    if (answer instanceof Error) throw answer
    if (answer !== undefined) return answer.clone()
    return new Promise((_, reject) => {
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
    })
  }
  const options = {
    fetch: send,
    sleep: async (ms) => void slept.push(ms),
  } satisfies ManagementFetchOptions
  return { calls, slept, options }
}

const answer = (status: number, headers: Readonly<Record<string, string>> = {}) =>
  new Response('{}', { status, headers })
const OK = answer(200)
const BROKEN = new TypeError('fetch failed')

describe('a call to the Management API', () => {
  afterEach(() => void vi.useRealTimers())

  const IDEMPOTENT = ['GET', 'PATCH', 'PUT', 'DELETE']

  test.each([...IDEMPOTENT, 'POST'])('%s is retried after 429', async (method) => {
    const { calls, options } = scripted([answer(429), OK])
    const response = await createManagementFetch(options)(URL_OF_API, { method })
    expect(response.status).toBe(200)
    expect(calls).toEqual([method, method])
  })

  const PASSING: readonly (Response | Error)[] = [
    ...[408, 500, 502, 503, 504].map((status) => answer(status)),
    BROKEN,
  ]

  test.each(IDEMPOTENT)('%s is retried after a transient failure', async (method) => {
    for (const failure of PASSING) {
      const { calls, options } = scripted([failure, OK])
      const response = await createManagementFetch(options)(URL_OF_API, { method })
      expect(response.status).toBe(200)
      expect(calls).toHaveLength(2)
    }
  })

  test('POST is not retried after a transient failure, because it may have been carried out', async () => {
    for (const failure of PASSING) {
      const { calls, options } = scripted([failure, OK])
      await createManagementFetch(options)(URL_OF_API, { method: 'POST' }).catch(() => undefined)
      expect(calls).toHaveLength(1)
    }
  })

  test('the POST of a token request is retried after a transient failure', async () => {
    const { calls, options } = scripted([answer(503), BROKEN, OK])
    const url = 'https://example.auth0.com/oauth/token'
    const response = await createManagementFetch(options)(url, { method: 'POST' })
    expect(response.status).toBe(200)
    expect(calls).toHaveLength(3)
  })

  test.each([400, 401, 403, 404, 409])('a response with %i is not retried', async (status) => {
    const { calls, options } = scripted([answer(status), OK])
    expect((await createManagementFetch(options)(URL_OF_API)).status).toBe(status)
    expect(calls).toHaveLength(1)
  })

  test('the last response is returned if all attempts fail', async () => {
    const { calls, options } = scripted([answer(503)])
    expect((await createManagementFetch({ ...options, maxAttempts: 4 })(URL_OF_API)).status).toBe(
      503,
    )
    expect(calls).toHaveLength(4)
  })

  const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds
  const WAITS: readonly (readonly [string, () => Record<string, string>, number, number])[] = [
    ['Retry-After in seconds', () => ({ 'retry-after': '3' }), 3_000, 3_600],
    [
      'Retry-After as a date',
      () => ({ 'retry-after': new Date(inSeconds(4) * 1_000).toUTCString() }),
      2_900,
      4_800,
    ],
    ['x-ratelimit-reset', () => ({ 'x-ratelimit-reset': `${inSeconds(5)}` }), 3_900, 6_000],
    ['Retry-After: 0', () => ({ 'retry-after': '0' }), 50, 60],
    // From a server whose clock is behind.
    [
      'x-ratelimit-reset in the past',
      () => ({ 'x-ratelimit-reset': `${inSeconds(-5)}` }),
      500,
      600,
    ],
    [
      'a Retry-After date in the past',
      () => ({ 'retry-after': new Date(inSeconds(-5) * 1_000).toUTCString() }),
      500,
      600,
    ],
    ['neither header', () => ({}), 500, 600],
  ]

  test.each(WAITS)(
    'the wait after a 429 with %s matches the header',
    async (_, headers, least, most) => {
      vi.useFakeTimers({ toFake: ['Date'] })
      const { slept, options } = scripted([answer(429, headers()), OK])
      await createManagementFetch(options)(URL_OF_API)
      expect(slept).toHaveLength(1)
      expect(slept[0]).toBeGreaterThanOrEqual(least)
      expect(slept[0]).toBeLessThanOrEqual(most)
    },
  )

  test('each wait is longer than the previous one without a header', async () => {
    const { slept, options } = scripted([answer(500)])
    await createManagementFetch({ ...options, maxAttempts: 4 })(URL_OF_API)
    expect(slept).toHaveLength(3)
    expect([...slept].sort((one, other) => one - other)).toEqual(slept)
  })

  test('a call is not retried if the wait is longer than the time limit of the call', async () => {
    const { calls, slept, options } = scripted([answer(429, { 'retry-after': '60' }), OK])
    expect((await createManagementFetch(options)(URL_OF_API)).status).toBe(429)
    expect({ calls: calls.length, slept }).toEqual({ calls: 1, slept: [] })
  })

  test.each([answer(503), BROKEN])(
    'a caller that aborts during a wait gets the last result: %s',
    async (last) => {
      const caller = new AbortController()
      const { calls, options } = scripted([last, OK])
      const sleep = async () => caller.abort()
      const call = createManagementFetch({ ...options, sleep })(URL_OF_API, {
        signal: caller.signal,
      })
      if (last instanceof Error) await expect(call).rejects.toBe(last)
      else expect((await call).status).toBe(503)
      expect(calls).toHaveLength(1)
    },
  )

  test('a missing response rejects with AbortError, the timeout error of the auth0 package', async () => {
    const { calls, options } = scripted([undefined])
    const call = createManagementFetch({ ...options, attemptTimeoutMs: 20, maxAttempts: 2 })
    await expect(call(URL_OF_API)).rejects.toMatchObject({ name: 'AbortError' })
    expect(calls).toHaveLength(2)
  })

  test('a body that never ends counts as a timeout', async () => {
    const endless = new ReadableStream({ start: (body) => body.enqueue(new Uint8Array(1)) })
    const send: typeof fetch = async (_, init) => {
      const stalled = endless.pipeThrough(new TransformStream(), { signal: init?.signal as never })
      return new Response(stalled)
    }
    const call = createManagementFetch({ fetch: send, attemptTimeoutMs: 20, maxAttempts: 1 })
    await expect(call(URL_OF_API)).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('the protocol is http for a local tenant and https for all others', async () => {
    const asked: string[] = []
    const call = createManagementFetch({
      fetch: async (url) => {
        asked.push(String(url))
        return OK.clone()
      },
    })
    await call('https://localhost:8081/api/v2/clients')
    await call('https://localhost.example/api/v2/clients')
    expect(asked).toEqual([
      'http://localhost:8081/api/v2/clients',
      'https://localhost.example/api/v2/clients',
    ])
  })
})

describe('Management API calls to a rate-limited tenant', () => {
  const api = tenantForEachTest()

  test('provision succeeds and sends no POST twice if every second call gets 429', async () => {
    const calls: ManagementFetchOptions = {
      fetch: async (url, init) => {
        if (api.calls.length % 2 === 1) api.stage({ rateLimit: { ...SHORT, times: 1 } })
        return fetch(url, init)
      },
      sleep: async () => {
        api.stage({ rateLimit: null })
        api.calls.push('429')
      },
    }
    const run = await provision({ domain: api.domain, args: ['--apply'], calls })
    expect(run.exitCode).toBe(0)
    expect(api.calls.filter((call) => call === '429').length).toBeGreaterThan(3)
    const paths = api.writes.map(({ method, path }) => `${method} ${path}`)
    expect(paths.filter((path) => path.startsWith('POST'))).toHaveLength(4)
  })

  test('provision fails with the reason and changes nothing if every call gets 429', async () => {
    api.stage({ rateLimit: { ...SHORT, times: Number.POSITIVE_INFINITY } })
    const calls = { sleep: async () => undefined }
    const run = await provision({ domain: api.domain, args: ['--apply'], calls })
    expect(run.exitCode).toBe(1)
    expect(run.stdout).toContain('Auth0 responded with 429')
    expect(api.writes).toEqual([])
  })

  test('concurrent calls share one token', async () => {
    const management = await createManagement({
      domain: api.domain,
      clientId: MGMT_CLIENT_ID,
      clientSecret: MGMT_CLIENT_SECRET,
    })()
    await Promise.all([1, 2, 3].map(() => management.logStreams.list()))
    await management.tenants.settings.get()
    expect(api.tokenRequests).toHaveLength(1)
  })
})
