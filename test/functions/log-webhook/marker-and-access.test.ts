import { describe, expect, test } from 'vitest'
import { outcomesIn } from '../../support/functions/log-stream.ts'
import { registration, STRICT, start } from '../../support/functions/log-webhook.ts'

describe("Auth0's registration marker", () => {
  const description = 'Client ID Metadata Document registration'
  const selfCimd = { external_metadata_type: 'cimd', external_metadata_created_by: 'client' }
  const imported = { external_metadata_type: 'cimd', external_metadata_created_by: 'admin' }
  const dcr = { external_metadata_type: 'dcr', external_metadata_created_by: 'client' }

  test.each([
    { name: 'type dcr', marker: dcr, outcome: 'admitted' },
    { name: 'type cimd created by the client', marker: selfCimd, outcome: 'admitted' },
    { name: 'type cimd created by an administrator', marker: imported, outcome: 'refused' },
    { name: 'no marker', marker: {}, outcome: 'admitted' },
  ])('determines the outcome of a registration: $name, $outcome', async ({ marker, outcome }) => {
    const webhook = await start({ clients: [{ ...STRICT, ...marker }] })
    const answer = await webhook.deliver(registration('tpc_1'))
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer)).toMatchObject([{ client_id: 'tpc_1', outcome }])
    expect(webhook.api.grants).toHaveLength(outcome === 'admitted' ? 1 : 0)
  })

  test.each([
    {
      name: 'registered itself',
      marker: selfCimd,
      outcome: 'admitted',
      message: 'client_admitted',
    },
    { name: 'was imported', marker: imported, outcome: 'ignored', message: 'client_ignored' },
    { name: 'has no marker', marker: {}, outcome: 'ignored', message: 'client_ignored' },
  ])(
    'determines the outcome of a record of a metadata document: the client $name, $outcome',
    async ({ marker, outcome, message }) => {
      const webhook = await start({ clients: [{ ...STRICT, ...marker }] })
      const answer = await webhook.deliver(registration('tpc_1', { description }))
      expect(outcomesIn(answer)).toMatchObject([{ client_id: 'tpc_1', outcome }])
      const written = { severity: 'INFO', message, client: 'tpc_1' }
      expect(webhook.served.lines).toContainEqual(expect.objectContaining(written))
      expect(webhook.api.grants).toHaveLength(outcome === 'admitted' ? 1 : 0)
    },
  )

  test('is not required if a record of a dynamic registration is in the same delivery', async () => {
    for (const last of [0, 1]) {
      const webhook = await start()
      const records = [registration('tpc_1', { description }), registration('tpc_1')]
      const answer = await webhook.deliver(last === 0 ? records.reverse() : records)
      expect(outcomesIn(answer)).toMatchObject([{ outcome: 'admitted' }, { outcome: 'admitted' }])
    }
  })
})

describe('a promotion that Auth0 refuses', () => {
  const refusal = { status: 403, errorCode: 'operation_not_supported' }

  test('is reported in outcome and log with the way and the reason', async () => {
    const webhook = await start()
    webhook.api.fail('PATCH /clients/:id', refusal)
    const answer = await webhook.deliver(registration('plain1'))
    expect(answer.status).toBe(200)
    const served = { way: 'granted', promotion: 'client_promote_http_403' }
    expect(outcomesIn(answer)).toEqual([
      { log_id: 'log_plain1', client_id: 'plain1', outcome: 'admitted', ...served },
    ])
    expect(webhook.served.lines).toContainEqual(
      expect.objectContaining({ message: 'client_admitted', mode: 'permissive', ...served }),
    )
    const again = await webhook.deliver(registration('plain1'))
    expect(outcomesIn(again)).toMatchObject([{ outcome: 'already_admitted', way: 'granted' }])
  })

  test('is reported with both codes if the grant fails too', async () => {
    const webhook = await start()
    webhook.api.fail('PATCH /clients/:id', refusal)
    webhook.api.fail('POST /client-grants', { status: 400 })
    const answer = await webhook.deliver(registration('plain1'))
    expect(answer.status).toBe(200)
    const promotion = 'client_promote_http_403'
    expect(outcomesIn(answer)).toMatchObject([
      { outcome: 'failed', reason: 'grant_create_http_400', promotion },
    ])
    expect(webhook.served.lines).toContainEqual(
      expect.objectContaining({
        message: 'admission_failed',
        code: 'grant_create_http_400',
        promotion,
      }),
    )
  })
})

test('THIRD_PARTY_ACCESS=open creates no client grant', async () => {
  const webhook = await start({ env: { THIRD_PARTY_ACCESS: 'open' } })
  const answer = await webhook.deliver([registration('plain1'), registration('tpc_1')])
  expect(outcomesIn(answer).map(({ outcome }) => outcome)).toEqual(['admitted', 'admitted'])
  expect(webhook.api.grants).toEqual([])
  expect(webhook.api.calls.some(({ path }) => path.startsWith('/client-grants'))).toBe(false)
})
