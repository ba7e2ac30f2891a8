import { describe, expect, test } from 'vitest'
import { outcomesIn } from '../../support/functions/log-stream.ts'
import {
  CALLBACK,
  callsOf,
  PERMISSIVE,
  registration,
  STRICT,
  start,
  writesOf,
} from '../../support/functions/log-webhook.ts'

describe('a client', () => {
  const good = [
    'https://chatgpt.com/connector_platform_oauth_redirect',
    'https://chatgpt.com/connector/oauth/abc123',
    CALLBACK,
  ]
  const foreign: readonly (readonly string[])[] = [
    [],
    ['https://evil.example/callback'],
    [CALLBACK, 'https://evil.example/callback'],
    ['http://chatgpt.com/connector/oauth/abc'],
    ['https://chatgpt.com.evil.example/connector/oauth/abc'],
    ['https://evil.example/https://chatgpt.com/connector/oauth/abc'],
    ['https://sub.chatgpt.com/connector/oauth/abc'],
    ['https://chatgpt.com:8443/connector/oauth/abc'],
    ['https://chatgpt.com@evil.example/connector/oauth/abc'],
    ['https://user:pass@chatgpt.com/connector/oauth/abc'],
    [`${CALLBACK}?next=https://evil.example`],
    [`${CALLBACK}#fragment`],
    [`${CALLBACK}/more`],
    ['https://chatgpt.com/connector/oauth/'],
    ['https://chatgpt.com/connector/oauth/../../evil'],
    ['https://chatgpt.com/connector/oauth/a%2Fb'],
    ['HTTPS://chatgpt.com/connector/oauth/abc'],
    ['javascript:alert(1)'],
    ['not a uri'],
  ]

  test.each(good)('with the redirect URI %s is admitted', async (uri) => {
    const webhook = await start({ clients: [{ ...STRICT, callbacks: [uri] }] })
    expect(outcomesIn(await webhook.deliver(registration('tpc_1')))).toMatchObject([
      { outcome: 'admitted' },
    ])
  })

  test.each(foreign.map((callbacks) => ({ callbacks })))(
    'with the redirect URIs $callbacks is refused',
    async (row) => {
      const webhook = await start({ clients: [{ ...PERMISSIVE, callbacks: row.callbacks }] })
      const answer = await webhook.deliver(registration('plain1'))
      expect(answer.status).toBe(200)
      expect(outcomesIn(answer)).toMatchObject([{ outcome: 'refused' }])
      expect(callsOf(webhook)).toEqual([{ call: 'GET /clients/plain1' }])
      expect(webhook.served.lines).toContainEqual(
        expect.objectContaining({
          severity: 'WARNING',
          message: 'client_refused',
          client: 'plain1',
          reason: 'redirect_uri_not_covered',
        }),
      )
    },
  )

  test('is checked against CLIENT_REDIRECT_URIS instead of the default patterns', async () => {
    const env = { CLIENT_REDIRECT_URIS: 'http://127.0.0.1::port/callback/:id, https://a.test/cb' }
    const callbacks = ['http://127.0.0.1:4711/callback/x', 'https://a.test/cb']
    const mine = { ...STRICT, callbacks }
    const webhook = await start({ env, clients: [mine, PERMISSIVE] })
    const answer = await webhook.deliver([registration('tpc_1'), registration('plain1')])
    expect(outcomesIn(answer).map(({ outcome }) => outcome)).toEqual(['admitted', 'refused'])
  })
})

describe('DCR_POLICY', () => {
  const FOREIGN = { ...STRICT, client_id: 'tpc_evil', callbacks: ['https://evil.example/cb'] }
  const clients = [PERMISSIVE, STRICT, FOREIGN]
  const records = clients.map(({ client_id }) => registration(client_id))

  test('observe changes nothing', async () => {
    const webhook = await start({ env: { DCR_POLICY: 'observe' }, clients })
    const answer = await webhook.deliver(records)
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer).map(({ outcome }) => outcome)).toEqual([
      'observed',
      'observed',
      'refused',
    ])
    expect(writesOf(webhook)).toEqual([])
  })

  test('enforce admits clients that match a pattern and deletes the others', async () => {
    const webhook = await start({ env: { DCR_POLICY: 'enforce' }, clients })
    const answer = await webhook.deliver(records)
    expect(outcomesIn(answer).map(({ outcome }) => outcome)).toEqual([
      'admitted',
      'admitted',
      'deleted',
    ])
    expect([...webhook.api.clients.keys()]).toEqual(['plain1', 'tpc_1'])
    const deletions = writesOf(webhook).filter(({ method }) => method === 'DELETE')
    expect(deletions.map(({ path }) => path)).toEqual(['/clients/tpc_evil'])
    expect(webhook.served.lines).toContainEqual(
      expect.objectContaining({ severity: 'WARNING', message: 'client_deleted' }),
    )
  })

  test('enforce never deletes a first-party client', async () => {
    const mine = { ...FOREIGN, client_id: 'mine', is_first_party: true }
    const webhook = await start({ env: { DCR_POLICY: 'enforce' }, clients: [mine] })
    expect(outcomesIn(await webhook.deliver(registration('mine')))).toMatchObject([
      { outcome: 'refused' },
    ])
    expect(writesOf(webhook)).toEqual([])
  })

  test('enforce accepts a redelivery after the deletion', async () => {
    const webhook = await start({ env: { DCR_POLICY: 'enforce' }, clients: [FOREIGN] })
    await webhook.deliver(registration('tpc_evil'))
    const again = await webhook.deliver(registration('tpc_evil'))
    expect(again.status).toBe(200)
    expect(writesOf(webhook)).toHaveLength(1)
  })
})
