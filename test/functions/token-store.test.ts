import { beforeEach, describe, expect, test } from 'vitest'
import {
  type IssuedToken,
  TokenError,
} from '../../functions/gateway/backend-auth/token-endpoint.ts'
import {
  createTokenStore,
  type TokenStore,
} from '../../functions/gateway/backend-auth/token-store.ts'

let now = 0
let fetched = 0
let store: TokenStore

beforeEach(() => {
  now = 1_000
  fetched = 0
  store = createTokenStore(() => now)
})

const lasting = (expiresIn: number | undefined) => async (): Promise<IssuedToken> => ({
  accessToken: `token-${++fetched}`,
  expiresIn,
})
const failing = (error: TokenError) => async (): Promise<IssuedToken> => {
  fetched += 1
  throw error
}

describe('a cached token', () => {
  test.each([
    [3_600, 3_569.9, 3_570],
    [60, 29.9, 30],
    [10, 4.9, 5],
  ])(
    'with a lifetime of %i s is used until shortly before it expires',
    async (expiresIn, good, bad) => {
      await store.take('k', lasting(expiresIn))
      now += good
      expect(await store.take('k', lasting(expiresIn))).toBe('token-1')
      now += bad - good
      expect(await store.take('k', lasting(expiresIn))).toBe('token-2')
    },
  )

  test('is not used after the token for which it was exchanged expires', async () => {
    await store.take('k', lasting(3_600), now + 100)
    now += 99
    expect(await store.take('k', lasting(3_600), now + 1)).toBe('token-1')
    now += 1
    expect(await store.take('k', lasting(3_600), now + 100)).toBe('token-2')
  })

  test('is not used again if it has no lifetime', async () => {
    await store.take('k', lasting(undefined))
    expect(await store.take('k', lasting(undefined))).toBe('token-2')
  })

  test('is dropped after 2,000 newer ones', async () => {
    for (let n = 0; n <= 2_000; n += 1) await store.take(`k${n}`, lasting(3_600))
    expect(await store.take('k1', lasting(3_600))).toBe('token-2')
    expect(await store.take('k0', lasting(3_600))).toBe('token-2002')
  })

  test('is dropped when a backend refuses it and it is older than 30 s', async () => {
    const token = await store.take('k', lasting(3_600))
    store.refused('k', token)
    expect(await store.take('k', lasting(3_600))).toBe('token-1')
    now += 30
    store.refused('k', 'another')
    expect(await store.take('k', lasting(3_600))).toBe('token-1')
    store.refused('k', token)
    expect(await store.take('k', lasting(3_600))).toBe('token-2')
  })
})

describe('a cached failure', () => {
  test.each([
    [undefined, 2, undefined],
    [7, 7, 6],
    [3_600, 60, 59],
  ])('with Retry-After %s is kept for %i s', async (retryAfter, seconds, left) => {
    const fetch = failing(new TokenError('unavailable', 'status_429', retryAfter))
    await expect(store.take('k', fetch)).rejects.toMatchObject({ code: 'status_429' })
    now += 1
    await expect(store.take('k', fetch)).rejects.toMatchObject({ retryAfter: left })
    expect(fetched).toBe(1)
    now += seconds - 1
    expect(await store.take('k', lasting(60))).toBe('token-2')
  })

  test('applies only to its own key and is never an unexpected error', async () => {
    await expect(store.take('k', failing(new TokenError('refused', 'x')))).rejects.toThrow()
    expect(await store.take('other', lasting(60))).toBe('token-2')
    const bug = () => Promise.reject(new TypeError('bug'))
    await expect(store.take('b', bug)).rejects.toThrow(TypeError)
    expect(await store.take('b', lasting(60))).toBe('token-3')
  })
})

test('concurrent calls share one fetch', async () => {
  const tokens = [1, 2, 3].map(() => store.take('k', lasting(undefined)))
  expect(await Promise.all(tokens)).toEqual(['token-1', 'token-1', 'token-1'])
})
