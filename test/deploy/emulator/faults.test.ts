import { ManagementClient } from 'auth0'
import { decodeJwt } from 'jose'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  AUDIENCE,
  alertOf,
  type LocalTenant,
  refusal,
  startLocalTenant,
  tenantForThisFile,
} from '../../support/auth0/local-tenant.ts'

const MANAGEMENT = { clientId: 'management', clientSecret: 'secret-of-the-management-client' }

const tenant = await tenantForThisFile()
afterEach(() => void vi.useRealTimers())

async function post(body: unknown): Promise<Response> {
  return fetch(`${tenant.issuer}__tenant`, { method: 'POST', body: JSON.stringify(body) })
}
async function traitsNow(): Promise<object> {
  const state = (await (await fetch(`${tenant.issuer}__tenant`)).json()) as { traits: object }
  return state.traits
}
async function elapsed(call: () => PromiseLike<unknown>): Promise<number> {
  const start = performance.now()
  await call()
  return performance.now() - start
}
/** The names of these calls in the order in which they end. */
async function inOrderOfEnd(
  calls: Readonly<Record<string, () => PromiseLike<unknown>>>,
): Promise<string[]> {
  const ended: string[] = []
  await Promise.all(
    Object.entries(calls).map(async ([name, call]) => {
      await call()
      ended.push(name)
    }),
  )
  return ended
}
/** Stops the clock at the start of a second, where limits per second start. Returns the second. */
function stopClock(): number {
  const second = Math.ceil(Date.now() / 1_000)
  vi.useFakeTimers({ toFake: ['Date'], now: second * 1_000 })
  return second
}
const listClients = () => tenant.management.clients.list()

test('the page at the root names the users and links to the state', async () => {
  const response = await fetch(tenant.issuer)
  const page = await response.text()
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/html; charset=utf-8',
  ])
  expect(page).toContain('<title>Auth0 emulator</title>')
  expect(page).toContain('alice@example.com')
  expect(page).toContain('href="/__tenant"')
})

describe('POST /__tenant', () => {
  test('accepts the traits as GET shows them', async () => {
    const traits = await traitsNow()
    const changed = { ...traits, plan: 'enterprise', logStreamLimit: 1 }
    expect((await post({ traits: changed })).status).toBe(200)
    expect(await traitsNow()).toEqual(changed)
    expect((await post({ traits: { plann: 'free' } })).status).toBe(400)
  })

  test.each([
    [{ management: { latency: 1 } }, 'management'],
    [{ management: { rateLimit: { times: -1 } } }, 'management.rateLimit.times'],
    [{ management: { scopes: ['clients'] } }, 'management.scopes.0'],
    [{ management: { failAfter: { calls: 1, status: 200 } } }, 'management.failAfter.status'],
    [{ entityLimit: '10' }, 'entityLimit'],
    [{ encryptTokens: 1 }, 'encryptTokens'],
    [{ rules: [{ enabled: true }] }, 'rules.0.name'],
    [{ hooks: [{ name: 'x', triggerId: 'login' }] }, 'hooks.0.triggerId'],
    [{ reset: false }, 'reset'],
    [{ settings: {} }, 'body'],
    [{ mode: 'loose' }, 'mode'],
  ])('rejects %j with the path of the error and changes nothing', async (body, path) => {
    const before = await tenant.admin.state()
    const response = await post({ outage: true, ...body })
    expect(response.status).toBe(400)
    const { error, message } = (await response.json()) as Record<string, string>
    expect(error).toBe('invalid_body')
    expect(message).toContain(`${path}: `)
    expect(await tenant.admin.state()).toEqual(before)
  })

  test('changes nothing if a switch is false', async () => {
    const before = await tenant.admin.state()
    expect((await post({ outage: false, rotateKeys: false })).status).toBe(200)
    expect(await tenant.admin.state()).toEqual(before)
  })

  test.each([
    ['HEAD', 200, null],
    ['PUT', 405, 'GET, HEAD, POST'],
    ['DELETE', 405, 'GET, HEAD, POST'],
  ])('responds to %s with %i', async (method, status, allow) => {
    const response = await fetch(`${tenant.issuer}__tenant`, { method })
    expect([response.status, response.headers.get('allow')]).toEqual([status, allow])
  })

  test('returns the staged faults and removes them with reset', async () => {
    const fresh = await tenant.admin.state()
    const staged = {
      management: {
        latencyMs: 1,
        rateLimit: { times: 3, retryAfterSeconds: 2 },
        failAfter: { calls: 5, status: 500 },
        scopes: ['read:clients'],
        newClientNotFoundMs: 10,
      },
      registration: { rateLimit: { times: 1, retryAfterSeconds: 1 }, perSecond: 5 },
      entityLimit: 10,
      encryptTokens: true,
      latencyMs: 1,
      rules: [{ name: 'a rule', enabled: false }],
      hooks: [{ name: 'a hook' }],
    }
    await tenant.registered()
    await tenant.admin.change(staged)
    expect(await tenant.admin.state()).toMatchObject(staged)
    await tenant.reset()
    const { connections, resourceServers, ...again } = await tenant.admin.state()
    const { connections: _, resourceServers: __, ...before } = fresh
    expect(again).toEqual(before)
    expect(connections).toMatchObject([{ name: 'google-oauth2', is_domain_connection: false }])
    expect(resourceServers).toMatchObject([{ identifier: AUDIENCE }])
  })

  test('returns no secrets', async () => {
    await tenant.registered({ token_endpoint_auth_method: 'client_secret_post' })
    tenant.setLogStream({ url: 'http://127.0.0.1:9/', authorization: 'Bearer hidden-from-here' })
    const shown = JSON.stringify(await tenant.admin.state())
    expect(shown).toContain('http://127.0.0.1:9/')
    expect(shown).not.toMatch(/client_secret"|signing_secret|hidden-from-here/)
  })
})

describe('the Management API of the Auth0 emulator', () => {
  test('returns rate limit headers', async () => {
    await listClients()
    const second = stopClock()
    await tenant.admin.change({ management: { callsPerSecond: 50 } })
    const { rawResponse } = await tenant.management.tenants.settings.get().withRawResponse()
    expect(rawResponse.headers.get('x-ratelimit-limit')).toBe('50')
    expect(rawResponse.headers.get('x-ratelimit-remaining')).toBe('49')
    expect(rawResponse.headers.get('x-ratelimit-reset')).toBe(String(second + 1))
  })

  test('responds with 429 and Retry-After as often as staged', async () => {
    const second = stopClock()
    await tenant.admin.change({ management: { rateLimit: { times: 2, retryAfterSeconds: 7 } } })
    const call = tenant.management.clients.list()
    await expect(call).rejects.toMatchObject({
      statusCode: 429,
      body: { statusCode: 429, error: 'Too Many Requests', errorCode: 'too_many_requests' },
    })
    const { headers } = await call.then(
      () => new Response(),
      (error: { rawResponse: Response }) => error.rawResponse,
    )
    expect(headers.get('retry-after')).toBe('7')
    expect(headers.get('x-ratelimit-remaining')).toBe('0')
    expect(headers.get('x-ratelimit-reset')).toBe(String(second + 7))
    await expect(listClients()).rejects.toMatchObject({ statusCode: 429 })
    expect((await listClients()).data).toHaveLength(1)
  })

  test('responds with 429 above the staged calls per second', async () => {
    await listClients()
    stopClock()
    await tenant.admin.change({ management: { callsPerSecond: 2 } })
    const calls = await Promise.allSettled(Array.from({ length: 8 }, listClients))
    expect(calls.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
  })

  test('fails after the staged number of calls until the fault is removed', async () => {
    await tenant.admin.change({ management: { failAfter: { calls: 2 } } })
    await listClients()
    await listClients()
    expect(await refusal(listClients())).toMatchObject({ statusCode: 503 })
    expect(await refusal(listClients())).toMatchObject({ statusCode: 503 })
    await tenant.admin.change({ management: { failAfter: null } })
    expect((await listClients()).data).toHaveLength(1)
  })

  test('has the staged latency, alone or together with the whole tenant', async () => {
    const discovery = () => fetch(`${tenant.issuer}.well-known/openid-configuration`)
    const { state } = tenant.admin
    await tenant.admin.change({ management: { latencyMs: 500 } })
    expect(await elapsed(listClients)).toBeGreaterThanOrEqual(499)
    expect(await inOrderOfEnd({ listClients, discovery })).toEqual(['discovery', 'listClients'])
    await tenant.admin.change({ management: { latencyMs: 0 }, latencyMs: 500 })
    expect(await elapsed(discovery)).toBeGreaterThanOrEqual(499)
    expect(await inOrderOfEnd({ discovery, state })).toEqual(['state', 'discovery'])
  })

  test('responds with 403 and the missing scope until the scope is granted', async () => {
    const { clients, tenants } = tenant.management
    await tenant.admin.change({ management: { scopes: ['read:tenant_settings'] } })
    expect(await refusal(clients.list())).toEqual({
      statusCode: 403,
      error: 'Forbidden',
      message: 'Insufficient scope, expected any of: read:clients',
      errorCode: 'insufficient_scope',
    })
    await expect(tenants.settings.get()).resolves.toBeDefined()
    await tenant.admin.change({ management: { scopes: null } })
    await expect(clients.list()).resolves.toBeDefined()
  })

  test('issues a token with the scopes of the client grant', async () => {
    const token = async () => {
      const response = await fetch(`${tenant.issuer}oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: MANAGEMENT.clientId,
          client_secret: MANAGEMENT.clientSecret,
          audience: `${tenant.issuer}api/v2/`,
        }),
      })
      return (await response.json()) as { access_token: string; scope: string }
    }
    const { clientGrants } = tenant.management
    const { data } = await clientGrants.list({ client_id: 'management' })
    expect((await token()).scope.split(' ').sort()).toEqual([...(data[0]?.scope ?? [])].sort())
    await tenant.admin.change({ management: { scopes: ['read:clients', 'update:clients'] } })
    const { access_token, scope } = await token()
    expect(scope).toBe('read:clients update:clients')
    expect(decodeJwt(access_token)).toMatchObject({
      sub: 'management@clients',
      gty: 'client-credentials',
      azp: 'management',
      scope,
    })
  })

  test('responds with 404 for a new client during the staged time', async () => {
    await tenant.admin.change({ management: { newClientNotFoundMs: 200 } })
    const second = stopClock()
    const clientId = await tenant.registered()
    const get = () => tenant.management.clients.get(clientId)
    expect(await refusal(get())).toMatchObject({ statusCode: 404, errorCode: 'inexistent_client' })
    expect(await refusal(tenant.admit(clientId))).toMatchObject({ statusCode: 404 })
    vi.setSystemTime(second * 1_000 + 199)
    expect(await refusal(get())).toMatchObject({ statusCode: 404 })
    vi.setSystemTime(second * 1_000 + 200)
    expect(await get()).toMatchObject({ client_id: clientId })
  })

  test('counts the calls and the token of a new client', async () => {
    const { clients } = new ManagementClient({
      domain: new URL(tenant.issuer).host,
      ...MANAGEMENT,
      maxRetries: 0,
      telemetry: false,
      fetch: (input, init) => fetch(String(input).replace('https:', 'http:'), init ?? {}),
    })
    const before = await tenant.admin.state()
    await clients.list()
    await clients.list()
    const after = await tenant.admin.state()
    expect(after.managementCalls - before.managementCalls).toBe(2)
    expect(after.managementTokens - before.managementTokens).toBe(1)
  })
})

describe('dynamic registration in the Auth0 emulator', () => {
  test('is refused at the entity limit with the error of Auth0, as is creation by the Management API', async () => {
    await tenant.admin.change({ entityLimit: 1 })
    const clientId = await tenant.registered()
    const full = {
      statusCode: 403,
      error: 'Forbidden',
      message: 'You reached the limit of entities of this type for this tenant.',
      errorCode: 'too_many_entities',
    }
    const refused = await tenant.register()
    expect(refused.status).toBe(403)
    expect(await refused.json()).toEqual(full)
    expect(await refusal(tenant.management.clients.create({ name: 'One more' }))).toEqual(full)
    await tenant.management.clients.delete(clientId)
    expect((await tenant.register()).status).toBe(201)
  })

  test('responds with 429 as often as staged, or above the staged rate per second', async () => {
    await tenant.admin.change({ registration: { rateLimit: { times: 1, retryAfterSeconds: 9 } } })
    const refused = await tenant.register()
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('9')
    expect(await refused.json()).toMatchObject({ errorCode: 'too_many_requests' })
    expect((await tenant.register()).status).toBe(201)

    stopClock()
    await tenant.admin.change({ registration: { perSecond: 5 } })
    const answers = await Promise.all(Array.from({ length: 20 }, () => tenant.register()))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5)
  })
})

describe('the sign-in in the Auth0 emulator', () => {
  test.each([
    ['an active Rule', { rules: [{ name: 'old' }] }, 'Rules are active'],
    ['an active Hook', { hooks: [{ name: 'old' }] }, 'Hooks are active'],
  ])(
    'of a strict client fails because of %s, which the Management API lists',
    async (_, change, fault) => {
      const clientId = await tenant.registered()
      await tenant.admit(clientId)
      await tenant.admin.change(change)
      expect(await alertOf(tenant.connect(clientId))).toContain(fault)
      const { rules, hooks } = tenant.management
      const lists = [await rules.list({ enabled: true }), await hooks.list({ enabled: true })]
      expect(lists.flatMap(({ data }) => data)).toMatchObject([{ name: 'old', enabled: true }])

      const off = { rules: [{ name: 'old', enabled: false }], hooks: [] }
      await tenant.admin.change(off)
      expect((await rules.list()).data).toMatchObject([{ name: 'old', enabled: false }])
      expect((await tenant.connect(clientId)).access_token).toMatch(/^ey/)
    },
  )

  test('returns encrypted tokens of five parts, with and without an API', async () => {
    const clientId = await tenant.registered()
    await tenant.admit(clientId)
    await tenant.admin.change({ encryptTokens: true })
    const tokens = [
      await tenant.connect(clientId),
      await tenant.connect(clientId, { resource: '' }),
    ]
    expect(tokens.map(({ access_token }) => access_token.split('.').length)).toEqual([5, 5])
    expect((await tenant.refresh(clientId, tokens[0] ?? { access_token: '' })).status).toBe(200)
  })
})

describe('an empty tenant of the Auth0 emulator', () => {
  const expectEmpty = async (empty: LocalTenant) => {
    const { management } = empty
    expect((await management.resourceServers.list({ identifiers: AUDIENCE })).data).toEqual([])
    expect(await management.logStreams.list()).toEqual([])
    expect((await management.clientGrants.list({ audience: AUDIENCE })).data).toEqual([])
    const settings = await management.tenants.settings.get()
    expect(settings).not.toHaveProperty('dynamic_client_registration_security_mode')
    expect(settings).toMatchObject({
      flags: { enable_dynamic_client_registration: false },
      resource_parameter_profile: 'audience',
      default_audience: '',
    })
    expect((await management.connections.list()).data).toMatchObject([
      { name: 'google-oauth2', is_domain_connection: false },
    ])
    expect((await empty.register()).status).toBe(404)
  }

  test('is created by POST /__tenant until a reset', async () => {
    await tenant.registered()
    await tenant.reset({ reset: undefined, empty: true })
    await expectEmpty(tenant)
    expect(await tenant.admin.state()).toMatchObject({ clients: [], resourceServers: [] })
    await tenant.reset()
    expect((await tenant.register()).status).toBe(201)
  })

  test('is the initial and the reset state with `empty`, and the Management API can set it up', async () => {
    const empty = await startLocalTenant({ empty: true })
    try {
      await expectEmpty(empty)
      const { resourceServers, tenants } = empty.management
      await resourceServers.create({
        identifier: AUDIENCE,
        scopes: [{ value: 'events:read' }],
        allow_offline_access: true,
      })
      await tenants.settings.update({
        flags: { enable_dynamic_client_registration: true },
        resource_parameter_profile: 'compatibility',
      })
      const clientId = await empty.registered()
      await empty.admit(clientId, ['events:read'])
      const { access_token } = await empty.connect(clientId)
      expect(decodeJwt(access_token)).toMatchObject({ aud: AUDIENCE, scope: 'events:read' })
      await empty.reset()
      await expectEmpty(empty)
    } finally {
      await empty.close()
    }
  })
})
