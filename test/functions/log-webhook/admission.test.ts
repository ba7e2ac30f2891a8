import { describe, expect, test } from 'vitest'
import { outcomesIn } from '../../support/functions/log-stream.ts'
import {
  callsOf,
  GRANT,
  PERMISSIVE,
  PROMOTION,
  registration,
  STRICT,
  start,
  wayOf,
  writesOf,
} from '../../support/functions/log-webhook.ts'

describe('an admission', () => {
  test.each(['permissive', 'no mode'])(
    'promotes a client with the security mode "%s"',
    async (mode) => {
      const { third_party_security_mode: _, ...withoutMode } = PERMISSIVE
      const webhook = await start({ clients: [mode === 'no mode' ? withoutMode : PERMISSIVE] })
      const answer = await webhook.deliver(registration('plain1'))
      expect(answer.status).toBe(200)
      expect(callsOf(webhook)).toEqual([
        { call: 'GET /clients/plain1' },
        { call: expect.stringMatching(/^GET \/client-grants\?(?=.*client_id=plain1)/) },
        { call: 'PATCH /clients/plain1', body: PROMOTION },
        { call: 'POST /client-grants', body: { client_id: 'plain1', ...GRANT } },
        { call: 'GET /connections?name=google-oauth2' },
        { call: 'GET /connections/con_1/clients' },
        { call: 'PATCH /connections/con_1/clients', body: [{ client_id: 'plain1', status: true }] },
      ])
      expect(webhook.api.tokenRequests).toHaveLength(1)
      expect(webhook.api.faults).toEqual([])
      expect(webhook.api.connections.get('google-oauth2')?.enabledClients).toEqual(
        new Set(['another', 'plain1']),
      )
      expect(webhook.served.lines).toContainEqual(
        expect.objectContaining({
          severity: 'INFO',
          message: 'client_admitted',
          client: 'plain1',
          client_name: 'ChatGPT',
          mode: 'permissive',
          way: 'promoted',
        }),
      )
    },
  )

  test('creates a grant for a strict client, which cannot be promoted', async () => {
    const webhook = await start()
    const answer = await webhook.deliver(registration('tpc_1'))
    expect(answer.status).toBe(200)
    expect(callsOf(webhook)).toEqual([
      { call: 'GET /clients/tpc_1' },
      {
        call: expect.stringMatching(
          /^GET \/client-grants\?(?=.*client_id=tpc_1)(?=.*audience=https%3A%2F%2Fmcp\.test%2Fmcp)/,
        ),
      },
      {
        call: 'POST /client-grants',
        body: { client_id: 'tpc_1', ...GRANT },
      },
      { call: 'GET /connections?name=google-oauth2' },
      { call: 'PATCH /connections/con_1', body: { is_domain_connection: true } },
    ])
    expect(webhook.api.faults).toEqual([])
  })

  test('sends the display name and realms of the connection, which Auth0 would reset otherwise', async () => {
    const webhook = await start()
    const kept = { display_name: 'Staff', realms: ['example.com'] }
    Object.assign(webhook.api.connections.get('google-oauth2') ?? {}, kept)
    await webhook.deliver(registration('tpc_1'))
    expect(writesOf(webhook).at(-1)).toMatchObject({
      path: '/connections/con_1',
      body: { is_domain_connection: true, ...kept },
    })
  })

  test('recognizes a strict client by its client ID alone', async () => {
    const { third_party_security_mode: _, ...client } = STRICT
    const webhook = await start({ clients: [client] })
    await webhook.deliver(registration('tpc_1'))
    expect(callsOf(webhook).map(({ call }) => call)).not.toContain('PATCH /clients/tpc_1')
    expect(webhook.api.grants).toHaveLength(1)
  })

  test.each(['plain1', 'tpc_1'])('enables every login connection for %s', async (id) => {
    const webhook = await start({ env: { GOOGLE_CONNECTION_NAME: 'google-oauth2,corp' } })
    await webhook.deliver(registration(id))
    const patched = writesOf(webhook).map(({ path }) => path)
    const tail = id === 'tpc_1' ? '' : '/clients'
    expect(patched).toEqual(
      expect.arrayContaining([`/connections/con_1${tail}`, `/connections/con_2${tail}`]),
    )
  })

  test.each(['plain1', 'tpc_1'])('is not repeated by a redelivery of %s', async (id) => {
    const webhook = await start()
    await webhook.deliver(registration(id))
    webhook.api.calls.length = 0
    const again = await webhook.deliver(registration(id))
    expect(again.status).toBe(200)
    expect(outcomesIn(again)).toEqual([
      { log_id: `log_${id}`, client_id: id, outcome: 'already_admitted', way: wayOf(id) },
    ])
    expect(writesOf(webhook)).toEqual([])
    expect(webhook.api.tokenRequests).toHaveLength(1)
  })

  test.each(['plain1', 'tpc_1'])('of %s is completed after a failure', async (id) => {
    const webhook = await start()
    webhook.api.fail('GET /connections', { status: 403 })
    expect((await webhook.deliver(registration(id))).status).toBe(503)
    webhook.api.mended()
    webhook.api.calls.length = 0
    expect((await webhook.deliver(registration(id))).status).toBe(200)
    expect(writesOf(webhook).map(({ path }) => path)).toEqual([
      id === 'tpc_1' ? '/connections/con_1' : '/connections/con_1/clients',
    ])
  })

  test.each(['plain1', 'tpc_1'])('of %s runs once for concurrent deliveries', async (id) => {
    const webhook = await start()
    webhook.api.stageDelay(20)
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => webhook.deliver([registration(id), registration(id)])),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    const writes = writesOf(webhook).map(({ method, path }) => `${method} ${path}`)
    expect(writes).toHaveLength(id === 'tpc_1' ? 2 : 3)
    expect(new Set(writes).size).toBe(writes.length)
    expect(webhook.api.tokenRequests).toHaveLength(1)
  })

  test('accepts a client grant that is created concurrently', async () => {
    const webhook = await start()
    const meanwhile = () => webhook.api.addGrants({ id: 'cgr_0', client_id: 'tpc_1', ...GRANT })
    webhook.api.fail('POST /client-grants', { status: 409, meanwhile })
    const answer = await webhook.deliver(registration('tpc_1'))
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer)).toMatchObject([{ outcome: 'admitted' }])
  })

  test.each([
    { name: 'all scopes', grant: { scope: ['events:write', 'events:read'] } },
    { name: 'more scopes', grant: { scope: ['events:read', 'events:write', 'theirs'] } },
    { name: 'allow_all_scopes', grant: { scope: [], allow_all_scopes: true } },
  ])('does not change a sufficient user grant: $name', async ({ grant }) => {
    const webhook = await start()
    webhook.api.addGrants({ id: 'cgr_0', client_id: 'tpc_1', ...GRANT, ...grant })
    await webhook.deliver(registration('tpc_1'))
    expect(writesOf(webhook).map(({ path }) => path)).toEqual(['/connections/con_1'])
  })

  test('adds the scopes of the tools to a user grant with fewer scopes', async () => {
    const webhook = await start()
    const scope = ['theirs', 'events:read']
    webhook.api.addGrants({ id: 'cgr_0', client_id: 'tpc_1', ...GRANT, scope })
    await webhook.deliver(registration('tpc_1'))
    expect(writesOf(webhook)[0]).toEqual({
      method: 'PATCH',
      path: '/client-grants/cgr_0',
      body: { scope: ['theirs', 'events:read', 'events:write'] },
    })
    webhook.api.calls.length = 0
    const again = await webhook.deliver(registration('tpc_1'))
    expect(outcomesIn(again)).toMatchObject([{ outcome: 'already_admitted' }])
    expect(writesOf(webhook)).toEqual([])
  })

  test('creates a user grant even if the client has a grant for itself', async () => {
    const webhook = await start()
    const grant = { client_id: 'tpc_1', audience: 'https://mcp.test/mcp', scope: ['events:read'] }
    webhook.api.addGrants({ id: 'cgr_0', ...grant, subject_type: 'client' })
    await webhook.deliver(registration('tpc_1'))
    expect(webhook.api.grants.map(({ subject_type }) => subject_type)).toEqual(['client', 'user'])
  })
})
