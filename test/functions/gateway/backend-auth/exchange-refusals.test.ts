import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  backendAuthStack,
  call,
  callByMcp,
  reasonIn,
} from '../../../support/gateway/backend-auth.ts'
import { JSON_TYPE } from '../../../support/gateway/mcp.ts'
import { handshakeMessage } from '../../../support/http/serve.ts'

type Json = Readonly<Record<string, unknown>>

const { endpoint, foreign, start, tokenOf } = await backendAuthStack()

// Failures are cached for seconds, so the time stands still during a test.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

const HTTP_401 = /^Bearer error="invalid_token"/

describe('a refused token exchange', () => {
  test.each(['invalid_grant', 'invalid_token', 'login_required'])(
    'with the error %s makes the user sign in again',
    async (error) => {
      endpoint.script({ status: 400, body: { error, error_description: 'secret detail' } })
      const served = await start()
      const token = await tokenOf()
      const byRest = await call(served, 'personal', token)
      expect(byRest.status).toBe(401)
      expect(byRest.headers['www-authenticate']).toMatch(HTTP_401)
      expect(reasonIn(served)).toBe(`exchange_${error}`)

      const byMcp = await callByMcp(served, 'personal', token)
      expect(byMcp.status).toBe(401)
      expect(byMcp.headers['www-authenticate']).toMatch(HTTP_401)
      expect(byMcp.text).not.toContain('secret detail')

      const byChatGpt = await callByMcp(served, 'personal', token, {
        'user-agent': 'openai-mcp/1.0',
      })
      expect(byChatGpt.status).toBe(200)
      expect(byChatGpt.json<{ result: Json }>().result).toMatchObject({
        isError: true,
        _meta: { 'mcp/www_authenticate': [expect.stringMatching(HTTP_401)] },
      })
      expect(foreign.calls).toEqual([])
    },
  )

  test('fails only its own call in a batch', async () => {
    endpoint.script({ status: 400, body: { error: 'invalid_grant' } })
    const served = await start()
    const message = (id: number, name: string) => ({
      ...handshakeMessage('tools/call', { name, arguments: {} }),
      id,
    })
    const answer = await served.send({
      method: 'POST',
      path: '/mcp',
      headers: { ...JSON_TYPE, authorization: `Bearer ${await tokenOf()}` },
      body: [message(1, 'personal'), message(2, 'keyed')],
    })
    expect(answer.status).toBe(200)
    const results = answer.json<{ result: Json }[]>().map(({ result }) => result)
    expect(results.map(({ isError }) => isError === true)).toEqual([true, false])
    expect(results[0]).toMatchObject({
      _meta: { 'mcp/www_authenticate': [expect.stringMatching(HTTP_401)] },
    })
  })

  test.each<[number, string, number, RegExp]>([
    [403, 'access_denied', 403, /An administrator can grant you access/],
    [403, 'invalid_scope', 403, /lacks permissions/],
    [400, 'consent_required', 403, /consent/],
    [403, 'mfa_required', 403, /requires multi-factor authentication/],
    [400, 'interaction_required', 403, /requires a step from you/],
    [401, 'invalid_client', 502, /not set up/],
    [401, 'access_denied', 502, /not set up/],
    [403, 'unauthorized_client', 502, /not set up/],
    [400, 'invalid_target', 502, /not set up/],
    [400, 'invalid_request', 502, /not set up/],
    [400, '<script>', 502, /not set up/],
  ])('with %i %s returns %i without a challenge', async (status, error, expected, sentence) => {
    endpoint.script({ status, body: { error, error_description: 'secret detail' } })
    const served = await start()
    const token = await tokenOf()
    const answer = await call(served, 'personal', token)
    expect(answer.status).toBe(expected)
    expect(answer.headers['www-authenticate']).toBeUndefined()
    expect(answer.json<Json>()['detail']).toMatch(sentence)
    expect(answer.text).not.toContain('secret detail')
    const { result } = (await callByMcp(served, 'personal', token)).json<{ result: Json }>()
    expect(result['isError']).toBe(true)
    expect(JSON.stringify(result)).not.toContain('www_authenticate')
    expect(JSON.stringify(served.lines)).not.toMatch(/secret detail|<script>/)
    // The failure is cached for a short time.
    expect(endpoint.calls).toHaveLength(1)
  })

  test('with 429 returns 503 and suspends other exchanges for the time of Retry-After', async () => {
    endpoint.script({ status: 429, headers: { 'retry-after': '7' }, body: { error: 'too_many' } })
    const served = await start()
    const answers = [
      await call(served, 'personal', await tokenOf()),
      await call(served, 'personal', await tokenOf({ sub: 'auth0|bob' })),
    ]
    for (const answer of answers) {
      expect(answer.status).toBe(503)
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
      expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(7)
    }
    expect(reasonIn(served)).toBe('backend_auth_status_429')
    expect(endpoint.calls).toHaveLength(1)
  })
})
