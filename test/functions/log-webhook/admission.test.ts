import { describe, expect, test } from 'vitest'
import {
  callsOf,
  GRANT,
  outcomesIn,
  PERMISSIVE,
  PROMOTION,
  registration,
  STRICT,
  start,
  wayOf,
  writesOf,
} from '../../support/functions/log-webhook.ts'

describe('admission', () => {
  test.each(['permissive', 'no mode'])('of a client of %s, to the letter', async (mode) => {
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
  })

  test('of a strict client, which cannot be promoted, to the letter', async () => {
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

  test('the connection keeps its display name and realms, which Auth0 resets otherwise', async () => {
    const webhook = await start()
    const kept = { display_name: 'Staff', realms: ['example.com'] }
    Object.assign(webhook.api.connections.get('google-oauth2') ?? {}, kept)
    await webhook.deliver(registration('tpc_1'))
    expect(writesOf(webhook).at(-1)).toMatchObject({
      path: '/connections/con_1',
      body: { is_domain_connection: true, ...kept },
    })
  })

  test('the client id alone tells a strict client', async () => {
    const { third_party_security_mode: _, ...client } = STRICT
    const webhook = await start({ clients: [client] })
    await webhook.deliver(registration('tpc_1'))
    expect(callsOf(webhook).map(({ call }) => call)).not.toContain('PATCH /clients/tpc_1')
    expect(webhook.api.grants).toHaveLength(1)
  })

  test.each(['plain1', 'tpc_1'])('%s gets every login connection', async (id) => {
    const webhook = await start({ env: { GOOGLE_CONNECTION_NAME: 'google-oauth2,corp' } })
    await webhook.deliver(registration(id))
    const patched = writesOf(webhook).map(({ path }) => path)
    const tail = id === 'tpc_1' ? '' : '/clients'
    expect(patched).toEqual(
      expect.arrayContaining([`/connections/con_1${tail}`, `/connections/con_2${tail}`]),
    )
  })

  test.each(['plain1', 'tpc_1'])('a redelivery of %s changes nothing', async (id) => {
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

  test.each(['plain1', 'tpc_1'])('what was half done for %s is completed', async (id) => {
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

  test.each(['plain1', 'tpc_1'])('concurrent deliveries of %s do the work once', async (id) => {
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

  test('a grant that somebody else makes in between is as good', async () => {
    const webhook = await start()
    const meanwhile = () => webhook.api.addGrants({ id: 'cgr_0', client_id: 'tpc_1', ...GRANT })
    webhook.api.fail('POST /client-grants', { status: 409, meanwhile })
    const answer = await webhook.deliver(registration('tpc_1'))
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer)).toMatchObject([{ outcome: 'admitted' }])
  })

  test.each([
    { name: 'all the scopes', grant: { scope: ['events:write', 'events:read'] } },
    { name: 'more', grant: { scope: ['events:read', 'events:write', 'theirs'] } },
    { name: 'whatever the API has', grant: { scope: [], allow_all_scopes: true } },
  ])('a grant for users with $name is left as it is', async ({ grant }) => {
    const webhook = await start()
    webhook.api.addGrants({ id: 'cgr_0', client_id: 'tpc_1', ...GRANT, ...grant })
    await webhook.deliver(registration('tpc_1'))
    expect(writesOf(webhook).map(({ path }) => path)).toEqual(['/connections/con_1'])
  })

  test('a grant for users with fewer scopes gets those that the tools need', async () => {
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

  test('a grant for the client itself is none for its users', async () => {
    const webhook = await start()
    const grant = { client_id: 'tpc_1', audience: 'https://mcp.test/mcp', scope: ['events:read'] }
    webhook.api.addGrants({ id: 'cgr_0', ...grant, subject_type: 'client' })
    await webhook.deliver(registration('tpc_1'))
    expect(webhook.api.grants.map(({ subject_type }) => subject_type)).toEqual(['client', 'user'])
  })
})
