import { describe, expect, test } from 'vitest'
import { SECRET } from '../../support/functions/log-stream.ts'
import { registration, start } from '../../support/functions/log-webhook.ts'

describe('the secret of the log stream', () => {
  const other = 'another-log-stream-secret-0123456789-abc'

  test.each([
    { sent: SECRET, configured: SECRET },
    { sent: `Bearer ${SECRET}`, configured: SECRET },
    { sent: `bearer ${SECRET}`, configured: SECRET },
    { sent: SECRET, configured: `Bearer ${SECRET}` },
    { sent: `Bearer ${SECRET}`, configured: `Bearer ${SECRET}` },
    { sent: SECRET, configured: `${other},${SECRET}` },
    { sent: `Bearer ${other}`, configured: `${other},${SECRET}` },
  ])('is accepted as $sent if $configured is configured', async ({ sent, configured }) => {
    const webhook = await start({ env: { LOG_WEBHOOK_SECRET: configured } })
    const answer = await webhook.deliver([], { authorization: sent })
    expect(answer.status).toBe(200)
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  test.each([
    '',
    'Bearer ',
    'Bearer',
    SECRET.slice(0, -1),
    `${SECRET}x`,
    SECRET.toUpperCase(),
    `Basic ${SECRET}`,
    `Bearer Bearer ${SECRET}`,
    `${SECRET},${SECRET}`,
  ])('is not accepted as "%s"', async (authorization) => {
    const webhook = await start()
    const answer = await webhook.deliver(registration('plain1'), { authorization })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Bearer')
    expect(webhook.api.calls).toEqual([])
    expect(JSON.stringify(webhook.served.lines)).not.toContain(SECRET)
  })

  test('is required exactly once', async () => {
    const { served } = await start()
    const path = '/auth0-log-webhook'
    const none = await served.send({ method: 'POST', path, body: [] })
    expect(none.status).toBe(401)
    const headers = { authorization: [SECRET, SECRET] }
    expect((await served.send({ method: 'POST', path, headers, body: [] })).status).toBe(401)
  })

  test('is checked before the body is read', async () => {
    const webhook = await start()
    expect((await webhook.deliver('{', { authorization: 'wrong' })).status).toBe(401)
  })
})

test.each(['GET', 'PUT', 'DELETE', 'OPTIONS'])('%s gets 405 with Allow', async (method) => {
  const { served } = await start()
  const answer = await served.send({ method, path: '/auth0-log-webhook' })
  expect(answer.status).toBe(405)
  expect(answer.headers.allow).toBe('POST')
  expect(answer.headers['cache-control']).toBe('no-store')
})

test('another path gets 404', async () => {
  const { served } = await start()
  const headers = { authorization: SECRET }
  const answer = await served.send({ method: 'POST', path: '/auth0-log', headers, body: [] })
  expect(answer.status).toBe(404)
  expect(answer.headers['cache-control']).toBe('no-store')
})
