import { decodeJwt } from 'jose'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Tokens, tenantForThisFile } from '../../support/auth0/local-tenant.ts'

const LEEWAY_SECONDS = 30

const tenant = await tenantForThisFile()
let clientId: string
beforeEach(async () => {
  clientId = await tenant.registered()
  await tenant.admit(clientId)
  await setLeeway(LEEWAY_SECONDS)
})
afterEach(() => vi.useRealTimers())

const setLeeway = (leeway: number) =>
  tenant.management.clients.update(clientId, {
    refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', leeway },
  })

/** Advances the clock of this process, which includes the tenant. */
function pass(seconds: number): void {
  const now = Date.now()
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(now + seconds * 1_000)
}

async function refreshed(tokens: Tokens): Promise<Tokens> {
  const response = await tenant.refresh(clientId, tokens)
  expect(response.status).toBe(200)
  return (await response.json()) as Tokens
}

async function expectSignedOut(tokens: Tokens): Promise<void> {
  const response = await tenant.refresh(clientId, tokens)
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ error: 'invalid_grant' })
}

describe('refresh token rotation with a leeway', () => {
  test('returns two valid refresh tokens for two concurrent requests with the same one', async () => {
    const first = await tenant.connect(clientId)
    const both = await Promise.all([refreshed(first), refreshed(first)])
    expect(new Set(both.map((one) => one.refresh_token)).size).toBe(2)
    for (const tokens of both) await refreshed(tokens)
  })

  test('accepts the previous refresh token until the leeway after its first use ends', async () => {
    const first = await tenant.connect(clientId)
    const second = await refreshed(first)
    pass(LEEWAY_SECONDS - 1)
    await refreshed(first)
    pass(2)
    await expectSignedOut(first)
    await expectSignedOut(second)
  })

  test('revokes the token family if the refresh token before the previous one is reused', async () => {
    const first = await tenant.connect(clientId)
    const second = await refreshed(first)
    const third = await refreshed(second)
    await expectSignedOut(first)
    await expectSignedOut(third)
  })
})

test('refresh token rotation without a leeway accepts only one of two concurrent requests', async () => {
  await setLeeway(0)
  const first = await tenant.connect(clientId)
  const answers = await Promise.all([
    tenant.refresh(clientId, first),
    tenant.refresh(clientId, first),
  ])
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
})

describe('the token lifetimes of POST /__tenant', () => {
  test('apply to new access and refresh tokens independently', async () => {
    await tenant.admin.change({ tokenLifetimes: { access: 3 } })
    await tenant.admin.change({ tokenLifetimes: { refresh: 5 } })
    const tokens = await tenant.connect(clientId)
    const { exp = 0, iat = 0 } = decodeJwt(tokens.access_token)
    expect(exp - iat).toBe(3)
    pass(4)
    const next = await refreshed(tokens)
    pass(6)
    await expectSignedOut(next)
  })

  test('are removed with null', async () => {
    await tenant.admin.change({ tokenLifetimes: { access: 3, refresh: 3 } })
    await tenant.admin.change({ tokenLifetimes: { access: null, refresh: null } })
    const tokens = await tenant.connect(clientId)
    const { exp = 0, iat = 0 } = decodeJwt(tokens.access_token)
    expect(exp - iat).toBe(3_600)
    pass(60)
    await refreshed(tokens)
  })
})
