import { describe, expect, test } from 'vitest'
import { createDelivery } from '../../../functions/log-webhook/delivery.ts'
import { AdmissionError } from '../../../shared/auth0/admission-error.ts'
import { createLog } from '../../../shared/log.ts'
import {
  admissionOf,
  FOREIGN,
  PERMISSIVE,
  STRICT,
  tenantForEachTest,
  webhookOf,
  writesOf,
} from '../../support/functions/admission.ts'
import { outcomesIn } from '../../support/functions/log-stream.ts'

const tenant = tenantForEachTest(STRICT, PERMISSIVE, FOREIGN)

describe('the deadline of a delivery', () => {
  // This Retry-After is longer than the deadline of the delivery.
  const stuck = { status: 429, headers: { 'retry-after': '8' } }

  const isOf = (operation: string) => {
    const form = new RegExp(`^${operation.replaceAll(':id', '[^/]+')}$`)
    return ({ method, path }: { readonly method: string; readonly path: string }) =>
      form.test(`${method} ${path}`)
  }

  test.each([
    { id: 'tpc_1', operation: 'PATCH /connections/:id', done: ['grant_create'] },
    {
      id: 'plain1',
      operation: 'PATCH /connections/:id/clients',
      done: ['client_promote', 'grant_create'],
    },
    { id: 'plain1', operation: 'GET /clients/:id', done: undefined },
  ])('stops $operation for $id and reports the completed steps', async (row) => {
    const { deliver, served } = await webhookOf(tenant.api, {}, 5_000)
    tenant.api.fail(row.operation, stuck)
    const answer = await deliver(row.id, 'tpc_evil')
    // Another call would follow after the time of Retry-After.
    expect(tenant.api.calls.filter(isOf(row.operation))).toHaveLength(1)
    expect(answer.status).toBe(503)
    const [stopped, next] = outcomesIn(answer)
    expect(stopped).toMatchObject({ client_id: row.id, outcome: 'failed', retry: true })
    expect(stopped?.['reason']).toMatch(/_timeout$/)
    expect(stopped?.['done']).toEqual(row.done)
    expect(next).toMatchObject({ outcome: 'deferred', reason: 'deadline', retry: true })
    expect(served.lines).toContainEqual(
      expect.objectContaining({ message: 'admission_failed', client: row.id }),
    )
  })

  test('lets the redelivery do only the remaining steps', async () => {
    const { deliver } = await webhookOf(tenant.api, {}, 5_000)
    tenant.api.fail('PATCH /connections/:id', { ...stuck, times: 1 })
    expect((await deliver('tpc_1')).status).toBe(503)
    tenant.api.calls.length = 0
    const again = await deliver('tpc_1')
    expect(again.status).toBe(200)
    expect(outcomesIn(again)).toMatchObject([{ outcome: 'admitted' }])
    expect(writesOf(tenant.api)).toEqual(['PATCH /connections/con_1'])
  })

  test('prevents any call if the signal is already aborted', async () => {
    const admit = admissionOf(tenant.api)
    const aborted = AbortSignal.abort(new DOMException('over', 'TimeoutError'))
    await expect(admit('tpc_1', aborted)).rejects.toMatchObject({ code: 'client_read_timeout' })
    expect(tenant.api.calls).toEqual([])
  })
})

describe('a delivery with more clients than its deadline allows', () => {
  const records = ['a', 'b', 'c', 'd', 'e'].map((id) => ({
    logId: `log_${id}`,
    registeredClientId: id,
    date: undefined,
  }))
  const log = createLog({ service: 'log-webhook', level: 'error', write: () => undefined })

  test('is completed by redeliveries with the same deadline', async () => {
    const admitted: string[] = []
    let now = 0
    const settle = createDelivery({
      admit: async (id) => {
        now += 1_000
        admitted.push(id)
        return { outcome: 'admitted', clientName: undefined, mode: 'strict' }
      },
      deadlineMs: 2_000,
      now: () => now,
    })
    const outcomes = async () => (await settle(records, log)).map(({ outcome }) => outcome)
    const deferred = (count: number) => Array.from({ length: count }, () => 'deferred')
    expect(await outcomes()).toEqual(['admitted', 'admitted', ...deferred(3)])
    const known = ['already_admitted', 'already_admitted']
    expect(await outcomes()).toEqual([...known, 'admitted', 'admitted', ...deferred(1)])
    const [again] = known
    expect(await outcomes()).toEqual(['admitted', again, again, again, 'admitted'])
    expect(admitted.join('')).toBe('abcdea')
  })

  test('reports clients admitted earlier as already admitted when the deadline passes', async () => {
    let isSlow = false
    let now = 0
    const settle = createDelivery({
      admit: async (_, signal) => {
        if (isSlow) await new Promise((resolve) => signal?.addEventListener('abort', resolve))
        if (isSlow) now += 1_000
        if (isSlow) throw new AdmissionError('client_read', new DOMException('', 'TimeoutError'))
        return { outcome: 'admitted', clientName: undefined, mode: 'strict' }
      },
      deadlineMs: 1_000,
      now: () => now,
    })
    const outcomes = async () => (await settle(records.slice(0, 2), log)).map((one) => one.outcome)
    expect(await outcomes()).toEqual(['admitted', 'admitted'])
    isSlow = true
    expect(await outcomes()).toEqual(['already_admitted', 'already_admitted'])
  })

  test('defers the remaining clients when the process ends', async () => {
    const ending = new AbortController()
    const settle = createDelivery({
      admit: async () => {
        ending.abort()
        return { outcome: 'admitted', clientName: undefined, mode: 'strict' }
      },
      ending: ending.signal,
    })
    expect(
      (await settle(records.slice(0, 2), log)).map(({ outcome, reason }) => [outcome, reason]),
    ).toEqual([
      ['admitted', undefined],
      ['deferred', 'ending'],
    ])
  })

  test.each([
    { status: 429, code: 'client_read_http_429' },
    { status: 401, code: 'client_read_http_401' },
  ])('stops at a $status, which would affect every client', async ({ status, code }) => {
    const { deliver } = await webhookOf(tenant.api)
    tenant.api.fail('GET /clients/:id', { status, headers: { 'retry-after': '60' } })
    const answer = await deliver('tpc_1', 'plain1', 'tpc_evil')
    expect(answer.status).toBe(503)
    expect(outcomesIn(answer)).toMatchObject([
      { outcome: 'failed', reason: code, retry: true },
      { outcome: 'deferred', reason: code, retry: true },
      { outcome: 'deferred', reason: code, retry: true },
    ])
    expect(tenant.api.calls).toHaveLength(1)
    tenant.api.mended()
    expect((await deliver('tpc_1', 'plain1', 'tpc_evil')).status).toBe(200)
    tenant.api.fail('GET /clients/:id', { status, headers: { 'retry-after': '60' } })
    const again = outcomesIn(await deliver('tpc_1', 'plain1', 'tpc_evil'))
    expect(again.map(({ outcome }) => outcome)).toEqual(['failed', 'deferred', 'deferred'])
  })

  test('stops when the request for a Management API token fails', async () => {
    const { deliver } = await webhookOf(tenant.api)
    tenant.api.stageTokenStatus(403)
    expect((await deliver('tpc_1', 'plain1')).status).toBe(503)
    expect(tenant.api.tokenRequests).toHaveLength(1)
  })
})
