import { describe, expect, test } from 'vitest'
import { CHATGPT, start } from '../../support/functions/registration.ts'

describe('the endpoint', () => {
  test('a browser may ask from anywhere', async () => {
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

  test.each(['GET', 'PUT', 'DELETE'])('%s: 405 with Allow', async (method) => {
    const { served } = await start()
    const answer = await served.send({ method, path: '/oauth/register' })
    expect(answer.status).toBe(405)
    expect(answer.headers.allow).toBe('POST, OPTIONS')
  })

  test('is not there unless the metadata is curated', async () => {
    const registration = await start({ env: { AUTH_SERVER_METADATA: 'issuer' } })
    expect((await registration.register()).status).toBe(404)
    expect(registration.auth0.requests).toEqual([])
  })

  test('nothing is anywhere else', async () => {
    const { served } = await start()
    const answer = await served.send({ method: 'POST', path: '/oauth/register/x', body: CHATGPT })
    expect(answer.status).toBe(404)
  })
})
