import { createServer } from 'node:http'
import { UnsecuredJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  API_KEY,
  AUDIENCE,
  backendAuthStack,
  CLIENT_PASSWORD,
  call,
  OBO_CLIENT_SECRET,
  reasonIn,
} from '../../../support/gateway/backend-auth.ts'
import { onlyOf } from '../../../support/gateway/backend-calls.ts'
import type { Backend } from '../../../support/http/backend.ts'
import { listen } from '../../../support/http/listen.ts'

const { endpoint, own, foreign, start, tokenOf, endAfterTest } = await backendAuthStack()

/** Expects that no request to the backend contains the user's token. */
function expectNoToken(backend: Backend, token: string) {
  expect(JSON.stringify(backend.calls)).not.toContain(token)
}

describe('a backend outside FUNCTIONS_BASE', () => {
  test('gets the assertion, and with google_id_token also a Google ID token', async () => {
    const jwt = new UnsecuredJWT({}).setExpirationTime('1h').encode()
    const metadata = await listen(createServer((_, res) => res.end(jwt)))
    endAfterTest(metadata)
    const served = await start({}, { metadataHost: metadata.host })
    const token = await tokenOf()
    for (const tool of ['plain', 'google']) {
      foreign.reset()
      expect((await call(served, tool, token)).status).toBe(200)
      const { headers } = onlyOf(foreign.calls)
      expect(headers['x-gateway-assertion']).toBeTypeOf('string')
      expect(headers['x-serverless-authorization']).toBe(
        tool === 'google' ? `Bearer ${jwt}` : undefined,
      )
      expectNoToken(foreign, token)
    }
  })

  test.each(['keyed', 'machine', 'personal'])(
    'gets no assertion if the tool %s has other credentials',
    async (tool) => {
      const token = await tokenOf()
      expect((await call(await start(), tool, token)).status).toBe(200)
      const mine = ['accept', 'authorization', 'connection', 'host', 'x-request-id']
      expect(onlyOf(foreign.calls).headerNames).toEqual(mine)
      expectNoToken(foreign, token)
    },
  )

  test('gets a header field with a value from the environment', async () => {
    const served = await start()
    await call(served, 'keyed', await tokenOf())
    expect(onlyOf(foreign.calls).headers.authorization).toBe(`Key ${API_KEY}`)
  })
})

describe('a backend below FUNCTIONS_BASE', () => {
  test('gets the assertion and the header field of backendAuth', async () => {
    await call(await start(), 'keyedOwn', await tokenOf())
    const { headers } = onlyOf(own.calls)
    expect(headers).toMatchObject({ 'x-api-key': API_KEY, 'x-user-uid': 'auth0:auth0|alice' })
    expect(headers['x-gateway-assertion']).toBeTypeOf('string')
  })

  test('gets the assertion, an exchanged token, and with BACKEND_AUTH=google an ID token', async () => {
    const jwt = new UnsecuredJWT({}).setExpirationTime('1h').encode()
    const metadata = await listen(createServer((_, res) => res.end(jwt)))
    endAfterTest(metadata)
    const served = await start({ BACKEND_AUTH: 'google' }, { metadataHost: metadata.host })
    const token = await tokenOf()
    await call(served, 'personalOwn', token)
    const { headers } = onlyOf(own.calls)
    expect(headers.authorization).toMatch(/^Bearer issued-\d+$/)
    expect(headers['x-serverless-authorization']).toBe(`Bearer ${jwt}`)
    expect(headers['x-gateway-assertion']).toBeTypeOf('string')
    expectNoToken(own, token)
  })
})

describe('client credentials', () => {
  test('are requested once per endpoint, client, scopes and audience', async () => {
    const served = await start()
    const token = await tokenOf()
    for (const tool of ['machine', 'machineToo', 'machine']) await call(served, tool, token)
    const { method, path, headers, form } = onlyOf(endpoint.calls)
    expect([method, path]).toEqual(['POST', '/oauth/token'])
    expect(form).toEqual({ grant_type: 'client_credentials', scope: 'a b', audience: AUDIENCE })
    const basic = String(headers.authorization).replace('Basic ', '')
    // RFC 6749 s2.3.1: client ID and secret are form-encoded.
    expect(Buffer.from(basic, 'base64').toString()).toBe(
      'gate+way:pass%25word+%26+more%2F0123456789',
    )
    expect(new Set(foreign.calls.map((one) => one.headers.authorization)).size).toBe(1)
    await call(served, 'machineElse', token)
    expect(endpoint.calls[1]?.headers.authorization).toBeUndefined()
    expect(endpoint.calls[1]?.form).toEqual({
      grant_type: 'client_credentials',
      client_id: 'gate way',
      client_secret: CLIENT_PASSWORD,
    })
  })

  test('cause a 502 without a challenge if the token endpoint refuses the client', async () => {
    endpoint.script({ status: 401, body: { error: 'invalid_client', error_description: 'x' } })
    const served = await start()
    const answer = await call(served, 'machine', await tokenOf())
    expect([answer.status, reasonIn(served)]).toEqual([502, 'backend_auth_invalid_client'])
    expect(answer.headers['www-authenticate']).toBeUndefined()
    expect(foreign.calls).toEqual([])
  })
})

test('log lines contain no token and no secret', async () => {
  const served = await start()
  const token = await tokenOf()
  for (const tool of ['keyed', 'machine', 'personal']) await call(served, tool, token)
  endpoint.script({ status: 400, body: { error: 'invalid_grant', error_description: token } })
  await call(served, 'personalElse', token)
  const given = foreign.calls.map(({ headers }) => String(headers.authorization).split(' ')[1])
  expect(given).toHaveLength(3)
  const text = JSON.stringify(served.lines)
  const secrets = [token, API_KEY, CLIENT_PASSWORD, OBO_CLIENT_SECRET, ...given]
  for (const secret of secrets) expect(text).not.toContain(secret)
})
