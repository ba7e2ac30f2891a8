import { createServer } from 'node:http'
import { UnsecuredJWT } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Backend, startBackend } from '../../support/http/backend.ts'
import { type Issuer, JWKS_PATH, startIssuer } from '../../support/http/issuer.ts'
import { listen } from '../../support/http/listen.ts'
import {
  handshakeMessage,
  type SendOptions,
  type Served,
  serveGateway,
} from '../../support/http/serve.ts'
import {
  startTokenEndpoint,
  type TokenEndpoint,
  type TokenScript,
} from '../../support/http/token-endpoint.ts'
import { keepSecret } from '../../support/written.ts'

type Json = Readonly<Record<string, unknown>>

const JSON_TYPE = { 'content-type': 'application/json' }
const API_KEY = 'key-of-the-calendar-0123456789'
const CLIENT_PASSWORD = 'pass%word & more/0123456789'
const OBO_CLIENT_SECRET = 'obo-secret-for-tests-only-0123456789'
const AUDIENCE = 'https://calendar.example.com'

let issuer: Issuer
let endpoint: TokenEndpoint
let own: Backend
let foreign: Backend
const running: AsyncDisposable[] = []

beforeAll(async () => {
  issuer = await startIssuer()
  endpoint = await startTokenEndpoint()
  own = await startBackend()
  foreign = await startBackend()
  for (const secret of [API_KEY, CLIENT_PASSWORD, OBO_CLIENT_SECRET]) keepSecret(secret)
})
beforeEach(() => {
  for (const one of [endpoint, own, foreign]) one.reset()
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one[Symbol.asyncDispose]()))
})
afterAll(async () => {
  const all = [issuer, endpoint, own, foreign]
  await Promise.all(all.map((one) => one[Symbol.asyncDispose]()))
})

function catalogue(): Json {
  const elsewhere = (backendAuth: Json, more: Json = {}) => ({
    scopes: ['events:read'],
    request: { method: 'GET', url: `${foreign.url}/events` },
    backendAuth,
    ...more,
  })
  const client = {
    type: 'client_credentials',
    tokenUrl: `${endpoint.issuer}oauth/token`,
    clientId: 'gate way',
    clientSecret: 'CALENDAR_CLIENT_PASSWORD',
  }
  const onBehalf = { type: 'on_behalf_of', audience: AUDIENCE, scopes: ['events:read'] }
  return {
    plain: elsewhere({ type: 'assertion' }),
    google: elsewhere({ type: 'google_id_token' }),
    keyed: elsewhere({
      ...{ type: 'header', name: 'Authorization', prefix: 'Key ' },
      secret: 'CALENDAR_API_KEY',
    }),
    keyedOwn: {
      scopes: ['events:read'],
      backendAuth: { type: 'header', name: 'X-Api-Key', secret: 'CALENDAR_API_KEY' },
    },
    machine: elsewhere({ ...client, scopes: ['b', 'a'], audience: AUDIENCE }),
    machineToo: elsewhere({ ...client, scopes: ['a', 'b'], audience: AUDIENCE }),
    machineElse: elsewhere({ ...client, tokenEndpointAuthMethod: 'client_secret_post' }),
    personal: elsewhere(onBehalf),
    personalToo: elsewhere(onBehalf),
    personalElse: elsewhere({ ...onBehalf, scopes: [] }),
    personalOwn: { scopes: ['events:read'], backendAuth: onBehalf },
    hasty: elsewhere({ ...onBehalf, scopes: [] }, { timeoutMs: 200 }),
  }
}

async function start(
  env: Readonly<Record<string, string>> = {},
  dependencies: { readonly metadataHost?: string } = {},
): Promise<Served> {
  const served = await serveGateway({
    dependencies,
    issuer: endpoint.issuer,
    functionsBase: own.url,
    env: {
      JWKS_URI: `${issuer.url}${JWKS_PATH.slice(1)}`,
      TOOLS: JSON.stringify(catalogue()),
      CALENDAR_API_KEY: API_KEY,
      CALENDAR_CLIENT_PASSWORD: CLIENT_PASSWORD,
      OBO_CLIENT_ID: 'rs-client',
      OBO_CLIENT_SECRET,
      ...env,
    },
  })
  running.push(served)
  return served
}

const tokenOf = async (claims: Json = {}) => {
  const token = await issuer.token({ iss: endpoint.issuer, ...claims })
  keepSecret(token)
  return token
}
const call = (served: Served, tool: string, token: string) =>
  served.send({
    method: 'POST',
    path: `/tools/${tool}`,
    headers: { ...JSON_TYPE, authorization: `Bearer ${token}` },
    body: {},
  })
const mcp = (served: Served, tool: string, token: string, more: SendOptions['headers'] = {}) => {
  const body = handshakeMessage('tools/call', { name: tool, arguments: {} })
  const sent = { ...JSON_TYPE, authorization: `Bearer ${token}`, ...more }
  return served.send({ method: 'POST', path: '/mcp', headers: sent, body })
}
const reasonIn = ({ lines }: Served) =>
  lines.findLast(({ message }) => message === 'tool_answered')?.['reason']

function only<Call>(calls: readonly Call[]): Call {
  expect(calls).toHaveLength(1)
  return calls[0] ?? expect.fail('no call')
}

/** Whatever is called, the user's token is not among what arrives. */
function expectNoToken(backend: Backend, token: string) {
  expect(JSON.stringify(backend.calls)).not.toContain(token)
}

describe('a backend elsewhere gets', () => {
  test('the assertion, and with google_id_token a Google ID token too', async () => {
    const jwt = new UnsecuredJWT({}).setExpirationTime('1h').encode()
    const metadata = await listen(createServer((_, res) => res.end(jwt)))
    running.push(metadata)
    const served = await start({}, { metadataHost: metadata.host })
    const token = await tokenOf()
    for (const tool of ['plain', 'google']) {
      foreign.reset()
      expect((await call(served, tool, token)).status).toBe(200)
      const { headers } = only(foreign.calls)
      expect(headers['x-gateway-assertion']).toBeTypeOf('string')
      expect(headers['x-serverless-authorization']).toBe(
        tool === 'google' ? `Bearer ${jwt}` : undefined,
      )
      expectNoToken(foreign, token)
    }
  })

  test.each(['keyed', 'machine', 'personal'])(
    'no statement with credentials of its own: %s',
    async (tool) => {
      const token = await tokenOf()
      expect((await call(await start(), tool, token)).status).toBe(200)
      const mine = ['accept', 'authorization', 'connection', 'host', 'x-request-id']
      expect(only(foreign.calls).headerNames).toEqual(mine)
      expectNoToken(foreign, token)
    },
  )

  test('a header field from the environment', async () => {
    const served = await start()
    await call(served, 'keyed', await tokenOf())
    expect(only(foreign.calls).headers.authorization).toBe(`Key ${API_KEY}`)
  })
})

describe('a backend below FUNCTIONS_BASE gets the statement beside', () => {
  test('a header field', async () => {
    await call(await start(), 'keyedOwn', await tokenOf())
    const { headers } = only(own.calls)
    expect(headers).toMatchObject({ 'x-api-key': API_KEY, 'x-user-uid': 'auth0:auth0|alice' })
    expect(headers['x-gateway-assertion']).toBeTypeOf('string')
  })

  test('an exchanged token, and with BACKEND_AUTH=google the ID token', async () => {
    const jwt = new UnsecuredJWT({}).setExpirationTime('1h').encode()
    const metadata = await listen(createServer((_, res) => res.end(jwt)))
    running.push(metadata)
    const served = await start({ BACKEND_AUTH: 'google' }, { metadataHost: metadata.host })
    const token = await tokenOf()
    await call(served, 'personalOwn', token)
    const { headers } = only(own.calls)
    expect(headers.authorization).toMatch(/^Bearer issued-\d+$/)
    expect(headers['x-serverless-authorization']).toBe(`Bearer ${jwt}`)
    expect(headers['x-gateway-assertion']).toBeTypeOf('string')
    expectNoToken(own, token)
  })
})

describe('client credentials', () => {
  test('are asked for once per endpoint, client, scopes and audience', async () => {
    const served = await start()
    const token = await tokenOf()
    for (const tool of ['machine', 'machineToo', 'machine']) await call(served, tool, token)
    const { method, path, headers, form } = only(endpoint.calls)
    expect([method, path]).toEqual(['POST', '/oauth/token'])
    expect(form).toEqual({ grant_type: 'client_credentials', scope: 'a b', audience: AUDIENCE })
    const basic = String(headers.authorization).replace('Basic ', '')
    // RFC 6749 s2.3.1: both are form-encoded.
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

  test('a client that is refused is a fault of the configuration, not of the user', async () => {
    endpoint.script({ status: 401, body: { error: 'invalid_client', error_description: 'x' } })
    const served = await start()
    const answer = await call(served, 'machine', await tokenOf())
    expect([answer.status, reasonIn(served)]).toEqual([502, 'backend_auth_invalid_client'])
    expect(answer.headers['www-authenticate']).toBeUndefined()
    expect(foreign.calls).toEqual([])
  })
})

describe('an exchange', () => {
  test('is what Auth0 documents, and the backend gets the new token', async () => {
    const token = await tokenOf()
    expect((await call(await start(), 'personal', token)).status).toBe(200)
    const { path, headers, form } = only(endpoint.calls)
    expect(path).toBe('/oauth/token')
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded')
    expect(form).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: AUDIENCE,
      scope: 'events:read',
      client_id: 'rs-client',
      client_secret: OBO_CLIENT_SECRET,
    })
    expect(only(foreign.calls).headers.authorization).toMatch(/^Bearer issued-\d+$/)
  })

  test('is kept by token, audience and scopes', async () => {
    const served = await start()
    const [first, second] = [await tokenOf(), await tokenOf({ sub: 'auth0|bob' })]
    for (const tool of ['personal', 'personalToo', 'personal']) await call(served, tool, first)
    expect(endpoint.calls).toHaveLength(1)
    await call(served, 'personalElse', first)
    await call(served, 'personal', second)
    const asked = endpoint.calls.map(({ form }) => [form['subject_token'], form['scope']])
    expect(asked).toEqual([
      [first, 'events:read'],
      [first, undefined],
      [second, 'events:read'],
    ])
    const given = foreign.calls.map(({ headers }) => headers.authorization)
    expect(new Set(given).size).toBe(3)
  })

  test('is shared by calls at the same time, and goes on when one hangs up', async () => {
    const gate = Promise.withResolvers<void>()
    endpoint.script({ after: gate.promise })
    const served = await start()
    const token = await tokenOf()
    const leaving = new AbortController()
    const left = served
      .send({
        method: 'POST',
        path: '/tools/personal',
        headers: { ...JSON_TYPE, authorization: `Bearer ${token}` },
        body: {},
        signal: leaving.signal,
      })
      .catch((error: Error) => error.name)
    await expect.poll(() => endpoint.calls.length).toBe(1)
    const others = [1, 2, 3].map(() => call(served, 'personal', token))
    leaving.abort()
    expect(await left).toBe('AbortError')
    gate.resolve()
    expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 200, 200])
    expect(endpoint.calls).toHaveLength(1)
  })

  test('without a lifetime is not kept', async () => {
    endpoint.script({ members: { expires_in: undefined } })
    const served = await start()
    const token = await tokenOf()
    for (const _ of [1, 2]) expect((await call(served, 'personal', token)).status).toBe(200)
    expect(endpoint.calls).toHaveLength(2)
  })

  test('does not outlast the time of the tool', async () => {
    endpoint.script({ after: new Promise(() => undefined) })
    const served = await start()
    const answer = await call(served, 'hasty', await tokenOf())
    expect([answer.status, reasonIn(served)]).toEqual([504, 'backend_timeout'])
  })
})

const HTTP_401 = /^Bearer error="invalid_token"/

describe('a refusal of the exchange', () => {
  test.each(['invalid_grant', 'invalid_token', 'login_required'])(
    '%s has the user sign in again',
    async (error) => {
      endpoint.script({ status: 400, body: { error, error_description: 'secret detail' } })
      const served = await start()
      const token = await tokenOf()
      const byRest = await call(served, 'personal', token)
      expect(byRest.status).toBe(401)
      expect(byRest.headers['www-authenticate']).toMatch(HTTP_401)
      expect(reasonIn(served)).toBe(`exchange_${error}`)

      const byMcp = await mcp(served, 'personal', token)
      expect(byMcp.status).toBe(401)
      expect(byMcp.headers['www-authenticate']).toMatch(HTTP_401)
      expect(byMcp.text).not.toContain('secret detail')

      const byChatGpt = await mcp(served, 'personal', token, { 'user-agent': 'openai-mcp/1.0' })
      expect(byChatGpt.status).toBe(200)
      expect(byChatGpt.json<{ result: Json }>().result).toMatchObject({
        isError: true,
        _meta: { 'mcp/www_authenticate': [expect.stringMatching(HTTP_401)] },
      })
      expect(foreign.calls).toEqual([])
    },
  )

  test('in a batch refuses its own call alone', async () => {
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
    [403, 'mfa_required', 403, /another proof/],
    [400, 'interaction_required', 403, /cannot do/],
    [401, 'invalid_client', 502, /not set up/],
    [401, 'access_denied', 502, /not set up/],
    [403, 'unauthorized_client', 502, /not set up/],
    [400, 'invalid_target', 502, /not set up/],
    [400, 'invalid_request', 502, /not set up/],
    [400, '<script>', 502, /not set up/],
  ])('%i %s is %i, without a challenge', async (status, error, expected, sentence) => {
    endpoint.script({ status, body: { error, error_description: 'secret detail' } })
    const served = await start()
    const token = await tokenOf()
    const answer = await call(served, 'personal', token)
    expect(answer.status).toBe(expected)
    expect(answer.headers['www-authenticate']).toBeUndefined()
    expect(answer.json<Json>()['detail']).toMatch(sentence)
    expect(answer.text).not.toContain('secret detail')
    const { result } = (await mcp(served, 'personal', token)).json<{ result: Json }>()
    expect(result['isError']).toBe(true)
    expect(JSON.stringify(result)).not.toContain('www_authenticate')
    expect(JSON.stringify(served.lines)).not.toMatch(/secret detail|<script>/)
    // The failure is kept for a moment.
    expect(endpoint.calls).toHaveLength(1)
  })

  test('by the rate limit is 503, and no other exchange is tried in that time', async () => {
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

describe('a hostile or broken answer', () => {
  const rows: [string, TokenScript, number, string][] = [
    ['an outage', { status: 503, body: 'down' }, 503, 'status_503'],
    ['a reset', { manner: 'reset' }, 503, 'unreachable'],
    ['more than 64 KiB', { members: { pad: 'x'.repeat(70_000) } }, 502, 'oversized'],
    ['a redirect', { status: 307, headers: { location: '/elsewhere' } }, 502, 'status_307'],
    ['no JSON', { body: '<html>' }, 502, 'not_json'],
    ['a list', { body: ['a'] }, 502, 'not_json'],
    ['compressed', { headers: { 'content-encoding': 'gzip' } }, 502, 'not_json'],
    ['a DPoP token', { members: { token_type: 'DPoP' } }, 502, 'token_type'],
    ['no token_type', { members: { token_type: undefined } }, 502, 'token_type'],
    [
      'an ID token',
      { members: { issued_token_type: 'urn:ietf:params:oauth:token-type:id_token' } },
      502,
      'issued_token_type',
    ],
    ['no token', { members: { access_token: undefined } }, 502, 'access_token'],
    ['a header break', { members: { access_token: 'a\r\nx-admin: 1' } }, 502, 'access_token'],
    ['a huge token', { members: { access_token: 'a'.repeat(20_000) } }, 502, 'access_token'],
  ]
  test.each(rows)('%s: no call, and no challenge', async (_, script, status, code) => {
    endpoint.script(script)
    const served = await start()
    const answer = await call(served, 'personal', await tokenOf())
    expect([answer.status, reasonIn(served)]).toEqual([status, `backend_auth_${code}`])
    expect(answer.headers['www-authenticate']).toBeUndefined()
    expect(foreign.calls).toEqual([])
    expect(endpoint.calls.map(({ path }) => path)).toEqual(['/oauth/token'])
  })

  test('that gives back the token of the user goes nowhere', async () => {
    const token = await tokenOf()
    endpoint.script({ members: { access_token: token } })
    const served = await start()
    expect((await call(served, 'personal', token)).status).toBe(502)
    expect(reasonIn(served)).toBe('backend_auth_subject_token')
    expect(foreign.calls).toEqual([])
  })

  test('a byte and then silence ends after 5 seconds', { timeout: 20_000 }, async () => {
    endpoint.script({ manner: 'drip' })
    const served = await start()
    expect((await call(served, 'machine', await tokenOf())).status).toBe(503)
    expect(reasonIn(served)).toBe('backend_auth_timeout')
  })
})

test('no log line has a token or a secret', async () => {
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
