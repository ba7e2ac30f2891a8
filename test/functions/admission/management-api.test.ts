import { beforeEach, describe, expect, test } from 'vitest'
import {
  admissionOf,
  FOREIGN,
  managementOf,
  PERMISSIVE,
  STRICT,
  tenantForEachTest,
  webhookOf,
  writesOf,
} from '../../support/functions/admission.ts'
import { outcomesIn } from '../../support/functions/log-stream.ts'

const tenant = tenantForEachTest(STRICT, PERMISSIVE, FOREIGN)

describe('a Management API token', () => {
  let now = 0
  const admit = (id: string) => admissionOf(tenant.api, { management: clients })(id)
  let clients: ReturnType<typeof managementOf>
  beforeEach(() => {
    now = 0
    clients = managementOf(tenant.api, () => now)
  })

  test('is not reused after Auth0 rejects it', async () => {
    await admit('tpc_1')
    tenant.api.fail('GET /clients/:id', { status: 401, times: 1 })
    await expect(admit('tpc_1')).rejects.toMatchObject({ isTransient: true })
    expect((await admit('tpc_1')).outcome).toBe('already_admitted')
    expect(tenant.api.tokenRequests).toHaveLength(2)
  })

  test('is requested again at most once a minute when a scope is missing', async () => {
    tenant.api.fail('GET /connections', { status: 403 })
    for (const [at, tokens] of [
      [0, 1],
      [59_999, 1],
      [60_000, 1],
      [60_000, 2],
      [119_999, 2],
      [120_000, 2],
      [120_000, 3],
    ] as const) {
      now = at
      await expect(admit('tpc_1')).rejects.toMatchObject({ missingScope: 'read:connections' })
      expect(tenant.api.tokenRequests).toHaveLength(tokens)
    }
    tenant.api.mended()
    expect((await admit('tpc_1')).outcome).toBe('admitted')
  })
})

describe('concurrent admissions of one client', () => {
  test.each(['tpc_1', 'plain1'])('run once for %s and share the outcome', async (id) => {
    const admit = admissionOf(tenant.api)
    tenant.api.stageDelay(20)
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => admit(id)))
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['admitted']))
    expect(writesOf(tenant.api)).toHaveLength(id === 'plain1' ? 3 : 2)
    expect(tenant.api.calls.filter(({ path }) => path === `/clients/${id}`)).toHaveLength(
      id === 'plain1' ? 2 : 1,
    )
    expect((await admit(id)).outcome).toBe('already_admitted')
  })

  test('create one grant when two instances run them', async () => {
    const [one, other] = [admissionOf(tenant.api), admissionOf(tenant.api)]
    tenant.api.stageDelay(20)
    await Promise.all([one('tpc_1'), other('tpc_1')])
    expect(tenant.api.grants).toHaveLength(1)
    expect(tenant.api.faults).toEqual([])
  })
})

// A proxy may answer in Auth0's place.
test('a 200 that does not contain the client fails the admission, which is retried', async () => {
  const { deliver } = await webhookOf(tenant.api, { policy: 'enforce' })
  tenant.api.fail('GET /clients/:id', { status: 200 })
  const answer = await deliver('tpc_evil')
  expect(answer.status).toBe(503)
  expect(outcomesIn(answer)).toMatchObject([
    { outcome: 'failed', reason: 'client_read_malformed', retry: true },
  ])
  expect(writesOf(tenant.api)).toEqual([])
})

describe('a 404 for a newly registered client', () => {
  test.each([
    { id: 'tpc_1', operation: 'GET /clients/:id' },
    { id: 'tpc_1', operation: 'POST /client-grants' },
    { id: 'plain1', operation: 'PATCH /clients/:id' },
  ])('is retried for $operation of $id', async ({ id, operation }) => {
    tenant.api.fail(operation, { status: 404, times: 2 })
    expect((await admissionOf(tenant.api)(id)).outcome).toBe('admitted')
  })

  test('is retried at most twice', async () => {
    tenant.api.fail('POST /client-grants', { status: 404 })
    await expect(admissionOf(tenant.api)('tpc_1')).rejects.toMatchObject({
      code: 'grant_create_http_404',
    })
    expect(tenant.api.calls.filter(({ method }) => method === 'POST')).toHaveLength(3)
  })
})
