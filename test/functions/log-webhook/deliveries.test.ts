import { describe, expect, test } from 'vitest'
import { outcomesIn, SECRET } from '../../support/functions/log-stream.ts'
import { registration, start, wayOf } from '../../support/functions/log-webhook.ts'

describe('the formats of a delivery', () => {
  const one = registration('plain1')
  const two = registration('tpc_1')
  const lines = [one, two].map((record) => JSON.stringify(record))
  const formats: readonly { name: string; type?: string; body: unknown; ids: string[] }[] = [
    { name: 'a JSON array', body: [one, two], ids: ['plain1', 'tpc_1'] },
    { name: 'a JSON object', body: one, ids: ['plain1'] },
    { name: 'JSON Lines', body: lines.join('\n'), ids: ['plain1', 'tpc_1'] },
    {
      name: 'JSON Lines with a trailing blank line',
      body: `${lines.join('\r\n')}\r\n\n`,
      ids: ['plain1', 'tpc_1'],
    },
    {
      name: 'JSON Lines as application/x-ndjson',
      type: 'application/x-ndjson',
      body: lines.join('\n'),
      ids: ['plain1', 'tpc_1'],
    },
    { name: 'records without an envelope', body: [one.data, two.data], ids: ['plain1', 'tpc_1'] },
    { name: 'an empty array', body: [], ids: [] },
  ]
  test.each(formats)('include: $name', async ({ body, ids, type = 'application/json' }) => {
    const webhook = await start()
    const answer = await webhook.deliver(body, { 'content-type': type })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(outcomesIn(answer)).toEqual(
      ids.map((id) => ({
        ...{ log_id: `log_${id}`, client_id: id, outcome: 'admitted' },
        way: wayOf(id),
      })),
    )
    expect(webhook.api.faults).toEqual([])
  })

  test.each([
    { name: 'an empty body', body: '' },
    { name: 'malformed JSON', body: '{"data":{"user_name":"alice@example.com"' },
    {
      name: 'JSON Lines with a malformed line',
      body: `${lines[0]}\n{"user_name":"alice@example.com"`,
    },
    { name: 'a string', body: '"alice@example.com"' },
    { name: 'a number among records', body: [one, 7, 'alice@example.com'] },
    { name: 'null', body: 'null' },
    { name: 'a body that is not UTF-8', body: Buffer.from([0x7b, 0xff]) },
  ])('do not include other bodies, which get 400 and are not logged: $name', async ({ body }) => {
    const webhook = await start()
    const answer = await webhook.deliver(body)
    expect(answer.status).toBe(400)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(webhook.api.calls).toEqual([])
    expect(JSON.stringify([webhook.served.lines, answer.text])).not.toMatch(/alice|plain1/)
  })

  const MIB = 1024 * 1024
  test.each(['array', 'lines'])('include thousands of records as JSON %s', async (format) => {
    const webhook = await start()
    const others = Array.from({ length: 7_000 }, (_, index) => ({
      log_id: `log_${index}`,
      data: { type: 's', details: { padding: 'x'.repeat(1_000) } },
    }))
    const records = [...others, one]
    const text = records.map((record) => JSON.stringify(record)).join('\n')
    const answer = await webhook.deliver(format === 'lines' ? text : records)
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer).at(-1)).toMatchObject({ client_id: 'plain1', outcome: 'admitted' })
  })

  test.each([
    { size: 8 * MIB + 1, authorization: SECRET, status: 413 },
    { size: 8 * MIB + 1, authorization: `${SECRET}x`, status: 401 },
  ])(
    'are limited to 8 MiB, which is checked after the secret: $size bytes get $status',
    async ({ size, authorization, status }) => {
      const { deliver } = await start()
      expect((await deliver(Buffer.alloc(size, ' '), { authorization })).status).toBe(status)
    },
  )
})

describe('a log record', () => {
  const id = 'plain1'
  const noDetails = { details: undefined }
  test.each([
    { name: 'a client_id in the response', event: {}, admitted: true },
    { name: 'a client_id in the event', event: { client_id: id, ...noDetails }, admitted: true },
    {
      name: 'client_id in event, null in response',
      event: { client_id: id, details: { response: { body: { client_id: null } } } },
      admitted: true,
    },
    {
      name: 'other client_id in event than response',
      event: { client_id: 'the-management-client' },
      admitted: true,
    },
    { name: 'no client_id', event: noDetails, admitted: false },
    { name: 'the type of a failed registration', event: { type: 'fapi' }, admitted: false },
    {
      name: 'the description of another operation',
      event: { description: 'Update a client' },
      admitted: false,
    },
    {
      name: 'the operation within a description',
      event: { description: 'Not a Dynamic client registration' },
      admitted: false,
    },
    {
      name: 'the type of a sign-in',
      event: { type: 's', description: undefined },
      admitted: false,
    },
    { name: 'malformed details', event: { details: ['x'] }, admitted: false },
  ])(
    'starts an admission if it is a registration: $name ($admitted)',
    async ({ event, admitted }) => {
      const webhook = await start()
      const answer = await webhook.deliver([registration(id, event)])
      expect(answer.status).toBe(200)
      expect(outcomesIn(answer)).toEqual([
        admitted
          ? { log_id: 'log_plain1', client_id: id, outcome: 'admitted', way: 'promoted' }
          : { log_id: 'log_plain1', outcome: 'ignored' },
      ])
      if (!admitted) {
        expect(webhook.api.calls).toEqual([])
        expect(webhook.api.tokenRequests).toEqual([])
      }
    },
  )

  test('of another event causes no Management API call', async () => {
    const webhook = await start()
    const records = Array.from({ length: 1_000 }, (_, index) => ({
      log_id: String(index),
      data: { type: 's', user_name: 'alice@example.com', client_id: 'plain1' },
    }))
    expect((await webhook.deliver(records)).status).toBe(200)
    expect(webhook.api.tokenRequests).toEqual([])
    expect(JSON.stringify(webhook.served.lines)).not.toContain('alice')
  })
})
