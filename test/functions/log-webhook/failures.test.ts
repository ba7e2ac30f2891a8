import { describe, expect, test } from 'vitest'
import { type GrantRecord, MGMT_CLIENT_SECRET } from '../../support/auth0/management-api.ts'
import { outcomesIn } from '../../support/functions/log-stream.ts'
import { GRANT, registration, start } from '../../support/functions/log-webhook.ts'

describe('an admission', () => {
  const rows: readonly {
    id: string
    operation: string
    step: string
    scope: string
    grants?: readonly GrantRecord[]
  }[] = [
    { id: 'plain1', operation: 'GET /clients/:id', step: 'client_read', scope: 'read:clients' },
    {
      id: 'plain1',
      operation: 'PATCH /clients/:id',
      step: 'client_promote',
      scope: 'update:clients',
    },
    { id: 'plain1', operation: 'GET /connections', step: 'conn_lookup', scope: 'read:connections' },
    {
      id: 'plain1',
      operation: 'PATCH /connections/:id/clients',
      step: 'conn_enable',
      scope: 'update:connections',
    },
    {
      id: 'tpc_1',
      operation: 'GET /client-grants',
      step: 'grant_lookup',
      scope: 'read:client_grants',
    },
    {
      id: 'tpc_1',
      operation: 'POST /client-grants',
      step: 'grant_create',
      scope: 'create:client_grants',
    },
    {
      id: 'plain1',
      operation: 'POST /client-grants',
      step: 'grant_create',
      scope: 'create:client_grants',
    },
    {
      id: 'tpc_1',
      operation: 'PATCH /client-grants/:id',
      step: 'grant_update',
      scope: 'update:client_grants',
      grants: [{ id: 'cgr_0', client_id: 'tpc_1', ...GRANT, scope: ['events:read'] }],
    },
    { id: 'tpc_1', operation: 'GET /connections', step: 'conn_lookup', scope: 'read:connections' },
    {
      id: 'tpc_1',
      operation: 'PATCH /connections/:id',
      step: 'conn_enable',
      scope: 'update:connections',
    },
  ]

  test.each(rows)(
    'of $id reports $scope as missing after a 403 for $operation and is retried',
    async (row) => {
      const webhook = await start()
      webhook.api.addGrants(...(row.grants ?? []))
      webhook.api.fail(row.operation, { status: 403, message: 'Insufficient scope' })
      const answer = await webhook.deliver(registration(row.id))
      expect(answer.status).toBe(503)
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
      const failure = { reason: `${row.step}_http_403`, missing_scope: row.scope }
      expect(outcomesIn(answer)).toMatchObject([
        { client_id: row.id, outcome: 'failed', ...failure },
      ])
      expect(webhook.served.lines).toContainEqual(
        expect.objectContaining({
          severity: 'ERROR',
          message: 'admission_failed',
          client: row.id,
          code: failure.reason,
          missing_scope: row.scope,
        }),
      )
    },
  )

  // After a 400 for its promotion a client gets a grant instead.
  const final = rows.filter(({ step }) => step !== 'client_read' && step !== 'client_promote')
  test.each(final)('of $id is not retried after a 400 for $operation', async (row) => {
    const webhook = await start()
    webhook.api.addGrants(...(row.grants ?? []))
    webhook.api.fail(row.operation, { status: 400 })
    const answer = await webhook.deliver(registration(row.id))
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer)).toMatchObject([
      { outcome: 'failed', reason: `${row.step}_http_400` },
    ])
  })

  test('reports a connection that does not exist', async () => {
    const webhook = await start()
    webhook.api.connections.clear()
    const answer = await webhook.deliver(registration('plain1'))
    expect(outcomesIn(answer)).toMatchObject([{ reason: 'conn_lookup_not_found' }])
  })

  test.each([401, 403])(
    'reports a %i for the Management API token and is retried',
    async (status) => {
      const webhook = await start()
      webhook.api.stageTokenStatus(status)
      const answer = await webhook.deliver(registration('plain1'))
      expect(answer.status).toBe(503)
      expect(outcomesIn(answer)).toMatchObject([{ reason: `mgmt_token_http_${status}` }])
      expect(webhook.api.calls).toEqual([])
      expect(JSON.stringify(webhook.served.lines)).not.toContain(MGMT_CLIENT_SECRET)
    },
  )

  test('reports a tenant that cannot be reached and is retried', async () => {
    // Nothing listens on port 1. A port that was free a moment ago may be in use again.
    const webhook = await start({ env: { MGMT_DOMAIN: '127.0.0.1:1' } })
    const answer = await webhook.deliver(registration('plain1'))
    expect(answer.status).toBe(503)
    expect(outcomesIn(answer)).toMatchObject([{ reason: expect.stringMatching(/_unreachable$/) }])
  })

  test('reads a client again that Auth0 does not find at first', async () => {
    const webhook = await start()
    webhook.api.fail('GET /clients/:id', { status: 404, times: 2 })
    const answer = await webhook.deliver(registration('plain1'))
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer)).toMatchObject([{ outcome: 'admitted' }])
  })

  test.each([
    { name: 'is retried if the record is new', ageMs: 5_000, status: 503 },
    { name: 'is not retried if the record is old', ageMs: 3_600_000, status: 200 },
  ])('of a client that is never found $name', async ({ ageMs, status }) => {
    const webhook = await start({ clients: [] })
    const date = new Date(Date.now() - ageMs).toISOString()
    const answer = await webhook.deliver(registration('plain1', { date }))
    expect(answer.status).toBe(status)
    expect(outcomesIn(answer)).toMatchObject([{ reason: 'client_read_http_404' }])
    expect(webhook.api.calls).toHaveLength(3)
  })

  test('waits only for the first of several old clients that are not found', async () => {
    const webhook = await start()
    const gone = ['tpc_2', 'tpc_3', 'tpc_4'].map((id) => registration(id))
    const date = new Date().toISOString()
    const records = [...gone, registration('tpc_5', { date }), registration('tpc_1')]
    const answer = await webhook.deliver(records)
    expect(outcomesIn(answer).map(({ outcome }) => outcome)).toEqual([
      ...['failed', 'failed', 'failed', 'failed'],
      'admitted',
    ])
    const reads = (id: string) =>
      webhook.api.calls.filter(({ path }) => path === `/clients/${id}`).length
    expect(['tpc_2', 'tpc_3', 'tpc_4', 'tpc_5', 'tpc_1'].map(reads)).toEqual([3, 1, 1, 3, 1])
  })

  test('that fails does not affect the other records of a delivery', async () => {
    const webhook = await start()
    webhook.api.fail('PATCH /connections/:id', { status: 403 })
    const records = [{ data: { type: 's' } }, registration('tpc_1'), registration('plain1')]
    const answer = await webhook.deliver(records)
    expect(answer.status).toBe(503)
    expect(outcomesIn(answer).map(({ outcome }) => outcome)).toEqual([
      'ignored',
      'failed',
      'admitted',
    ])
  })

  test('is deferred to the next delivery after the deadline', async () => {
    let now = Date.now()
    const webhook = await start({
      now: () => {
        now += 15_000
        return now
      },
    })
    const answer = await webhook.deliver([registration('plain1'), registration('tpc_1')])
    expect(answer.status).toBe(503)
    expect(outcomesIn(answer)).toMatchObject([
      { outcome: 'admitted' },
      { outcome: 'deferred', retry: true },
    ])
  })
})
