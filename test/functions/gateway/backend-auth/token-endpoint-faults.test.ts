import { describe, expect, test } from 'vitest'
import { backendAuthStack, call, reasonIn } from '../../../support/gateway/backend-auth.ts'
import type { TokenScript } from '../../../support/http/token-endpoint.ts'

const { endpoint, foreign, start, tokenOf } = await backendAuthStack()

describe('a faulty response of the token endpoint', () => {
  const rows: [string, TokenScript, number, string][] = [
    ['an outage', { status: 503, body: 'down' }, 503, 'status_503'],
    ['a reset connection', { manner: 'reset' }, 503, 'unreachable'],
    ['more than 64 KiB', { members: { pad: 'x'.repeat(70_000) } }, 502, 'oversized'],
    ['a redirect', { status: 307, headers: { location: '/elsewhere' } }, 502, 'status_307'],
    ['a body that is not JSON', { body: '<html>' }, 502, 'not_json'],
    ['a JSON array', { body: ['a'] }, 502, 'not_json'],
    ['a compressed body', { headers: { 'content-encoding': 'gzip' } }, 502, 'not_json'],
    ['a DPoP token', { members: { token_type: 'DPoP' } }, 502, 'token_type'],
    ['no token_type', { members: { token_type: undefined } }, 502, 'token_type'],
    [
      'an ID token',
      { members: { issued_token_type: 'urn:ietf:params:oauth:token-type:id_token' } },
      502,
      'issued_token_type',
    ],
    ['no access_token', { members: { access_token: undefined } }, 502, 'access_token'],
    [
      'a token with a line break',
      { members: { access_token: 'a\r\nx-admin: 1' } },
      502,
      'access_token',
    ],
    ['a huge token', { members: { access_token: 'a'.repeat(20_000) } }, 502, 'access_token'],
  ]
  test.each(rows)('fails the call without a challenge: %s', async (_, script, status, code) => {
    endpoint.script(script)
    const served = await start()
    const answer = await call(served, 'personal', await tokenOf())
    expect([answer.status, reasonIn(served)]).toEqual([status, `backend_auth_${code}`])
    expect(answer.headers['www-authenticate']).toBeUndefined()
    expect(foreign.calls).toEqual([])
    expect(endpoint.calls.map(({ path }) => path)).toEqual(['/oauth/token'])
  })

  test("fails the call if it contains the user's own token", async () => {
    const token = await tokenOf()
    endpoint.script({ members: { access_token: token } })
    const served = await start()
    expect((await call(served, 'personal', token)).status).toBe(502)
    expect(reasonIn(served)).toBe('backend_auth_subject_token')
    expect(foreign.calls).toEqual([])
  })

  test('fails the call after 5 seconds if it stalls', async () => {
    endpoint.script({ manner: 'drip' })
    const served = await start()
    expect((await call(served, 'machine', await tokenOf())).status).toBe(503)
    expect(reasonIn(served)).toBe('backend_auth_timeout')
  })
})
