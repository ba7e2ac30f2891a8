import { describe, expect, test } from 'vitest'
import { CHATGPT, start } from '../../support/functions/registration.ts'

describe('the registration endpoint', () => {
  test('accepts a preflight of any origin', async () => {
    const { served } = await start()
    const answer = await served.send({
      method: 'OPTIONS',
      path: '/oauth/register',
      headers: { origin: 'https://any.example', 'access-control-request-method': 'POST' },
    })
    expect(answer.status).toBe(204)
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.headers['access-control-allow-methods']).toBe('POST, OPTIONS')
    expect(answer.headers['access-control-allow-headers']).toContain('content-type')
  })

  test.each(['GET', 'PUT', 'DELETE'])('returns 405 with Allow for %s', async (method) => {
    const { served } = await start()
    const answer = await served.send({ method, path: '/oauth/register' })
    expect(answer.status).toBe(405)
    expect(answer.headers.allow).toBe('POST, OPTIONS')
  })

  test('returns 404 unless AUTH_SERVER_METADATA is curated', async () => {
    const registration = await start({ env: { AUTH_SERVER_METADATA: 'issuer' } })
    expect((await registration.register()).status).toBe(404)
    expect(registration.auth0.requests).toEqual([])
  })

  test('returns 404 for another path', async () => {
    const { served } = await start()
    const answer = await served.send({ method: 'POST', path: '/oauth/register/x', body: CHATGPT })
    expect(answer.status).toBe(404)
  })
})
