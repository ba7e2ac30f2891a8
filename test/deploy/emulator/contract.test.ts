import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import { AUDIENCE, refusal, tenantForThisFile } from '../../support/auth0/local-tenant.ts'
import { exchangeFaults, requestFaults } from '../../support/auth0-contract/faults.ts'

const tenant = await tenantForThisFile()

const get = (clientId: string) => tenant.management.clients.get(clientId)
const register = async (metadata: object = {}) =>
  (await (await tenant.register(metadata)).json()) as Record<string, unknown>

describe('the contract from the OpenAPI document of Auth0', () => {
  const call = { query: new URLSearchParams(), status: 200, body: undefined }
  test.each([
    [{ ...call, method: 'GET', path: '/clients/x', answer: { client_id: 'x' } }, []],
    [
      { ...call, method: 'GET', path: '/clients/x', answer: { client_id: 1 } },
      ['answer/client_id must be string'],
    ],
    [
      { ...call, method: 'POST', path: '/roles', body: { title: 'x' }, answer: {} },
      ["request must have required property 'name'", 'additional properties title'],
    ],
    [
      { ...call, method: 'GET', path: '/roles', query: new URLSearchParams('q=x'), answer: [] },
      ['query: q'],
    ],
    [{ ...call, method: 'POST', path: '/roles', body: { name: 'x' }, status: 201 }, ['201']],
    [{ ...call, method: 'GET', path: '/nothing', answer: {} }, ['not in the table']],
    [{ ...call, method: 'GET', path: '/roles', status: 403, answer: {} }, ['form of an error']],
    [{ ...call, method: 'DELETE', path: '/clients/x', status: 204, answer: {} }, ['none']],
  ])('finds the faults of %j', (exchange, faults) => {
    const found = exchangeFaults({ answer: undefined, ...exchange })
    expect(found).toEqual(faults.map((fault) => expect.stringContaining(fault)))
  })

  test('finds the faults of a request without a response', () => {
    const body = { name: 'x', type: 'http', sink: { httpContentFormat: 'XML' } }
    const request = { method: 'POST', path: '/log-streams', query: new URLSearchParams(), body }
    expect(requestFaults(request)).toContainEqual(expect.stringContaining('httpEndpoint'))
    expect(requestFaults(request)).toContainEqual(expect.stringContaining('allowed values'))
  })
})

describe('the security mode of registration in the Auth0 emulator', () => {
  const mode = 'dynamic_client_registration_security_mode'
  const set = (value: 'strict' | 'permissive') =>
    tenant.management.tenants.settings.update({ [mode]: value })
  const made = async () => (await register())['client_id']

  test('is absent, and an update has no effect', async () => {
    await tenant.admin.change({ mode: 'permissive' })
    expect(await tenant.management.tenants.settings.get()).not.toHaveProperty(mode)
    expect(await set('strict')).not.toHaveProperty(mode)
    expect(await made()).toEqual(expect.not.stringMatching(/^tpc_/))
  })

  test('is returned and can be set in an older tenant', async () => {
    await tenant.admin.change({ securityModeSetting: 'settable', mode: 'permissive' })
    expect(await tenant.management.tenants.settings.get()).toHaveProperty(mode, 'permissive')
    expect(await set('strict')).toHaveProperty(mode, 'strict')
    expect(await made()).toEqual(expect.stringMatching(/^tpc_/))
  })

  test('makes an update fail without any change if it is refused', async () => {
    await tenant.admin.change({ securityModeSetting: 'refused' })
    const { settings } = tenant.management.tenants
    const change = settings.update({ [mode]: 'strict', default_audience: AUDIENCE })
    expect(await refusal(change)).toMatchObject({ statusCode: 403 })
    expect(await settings.get()).toMatchObject({ default_audience: '' })
    expect(await settings.get()).not.toHaveProperty(mode)
  })
})

describe('the promotion of a client in the Auth0 emulator', () => {
  test.each([400, 403, 409])('can be refused with %i for a permissive client', async (status) => {
    await tenant.admin.change({ mode: 'permissive', promotion: status })
    const clientId = await tenant.registered()
    const { clients } = tenant.management
    const call = clients.update(clientId, { is_first_party: true })
    expect(await refusal(call)).toMatchObject({ statusCode: status })
    expect(await get(clientId)).toMatchObject({ is_first_party: false })
    await clients.update(clientId, { token_endpoint_auth_method: 'none' })

    // A domain-level connection lets a third-party client sign in without a promotion.
    await tenant.management.connections.update(await tenant.connection(), {
      is_domain_connection: true,
    })
    expect((await tenant.connect(clientId)).access_token).toMatch(/^ey/)
  })

  test('is always refused for a strict client', async () => {
    const call = tenant.management.clients.update(await tenant.registered(), {
      is_first_party: true,
    })
    expect(await refusal(call)).toMatchObject({ statusCode: 400 })
  })
})

describe('log streams in the Auth0 emulator', () => {
  const stream = {
    type: 'http' as const,
    name: 'one more',
    sink: { httpEndpoint: 'https://a.example/hook' },
  }

  test('can be refused by the Auth0 plan, and then nothing is delivered', async () => {
    const { logStreams } = tenant.management
    const { id = '' } = await logStreams.create(stream)
    await tenant.admin.change({ logStreams: 'refused' })
    const refusals = await Promise.all([
      refusal(logStreams.list()),
      refusal(logStreams.create(stream)),
      refusal(logStreams.update(id, { status: 'paused' })),
    ])
    for (const refused of refusals) {
      expect(refused).toMatchObject({
        statusCode: 403,
        message: 'The account is not allowed to perform this operation.',
      })
    }
    const before = (await tenant.admin.state()).logStream.deliveries.length
    await tenant.registered()
    expect((await tenant.admin.state()).logStream.deliveries).toHaveLength(before)
    await tenant.admin.change({ logStreams: 'allowed' })
    expect(await logStreams.list()).toHaveLength(1)
  })

  test('have a limit', async () => {
    await tenant.admin.change({ logStreamLimit: 1 })
    await tenant.management.logStreams.create(stream)
    const second = tenant.management.logStreams.create(stream)
    expect(await refusal(second)).toMatchObject({ statusCode: 403 })
  })

  test('are not required for the sign-in of a strict client', async () => {
    await tenant.admin.change({ logStreams: 'refused' })
    await tenant.management.clientGrants.create({
      audience: AUDIENCE,
      default_for: 'third_party_clients',
      subject_type: 'user',
      allow_all_scopes: true,
    })
    await tenant.management.connections.update(await tenant.connection(), {
      is_domain_connection: true,
    })
    const { access_token } = await tenant.connect(await tenant.registered())
    expect(decodeJwt(access_token)['scope']).toBe('events:read events:write')
  })
})

test('the Auth0 emulator limits the number of client grants', async () => {
  const { clientGrants } = tenant.management
  await tenant.admin.change({ clientGrantLimit: 1 })
  const grant = { audience: AUDIENCE, subject_type: 'user' } as const
  const client_id = await tenant.registered()
  await clientGrants.create({ ...grant, client_id })
  const second = clientGrants.create({ ...grant, default_for: 'third_party_clients' })
  expect(await refusal(second)).toMatchObject({
    statusCode: 403,
    errorCode: 'too_many_entities',
  })
})

test.each([410, 404, 403])(
  'the Auth0 emulator can respond with %i to calls of Rules and Hooks',
  async (status) => {
    const fail = ['/rules', '/hooks'].map((path) => ({ method: 'GET', path, status }))
    await tenant.admin.change({ management: { fail } })
    for (const list of [tenant.management.rules.list(), tenant.management.hooks.list()]) {
      expect(await refusal(list)).toMatchObject({ statusCode: status })
    }
  },
)

describe('undocumented behaviour in the Auth0 emulator', () => {
  test('clients may lack created_at', async () => {
    const clientId = await tenant.registered()
    expect(await get(clientId)).toHaveProperty('created_at')
    await tenant.admin.change({ clientDates: false })
    expect(await get(clientId)).not.toHaveProperty('created_at')
    const { data } = await tenant.management.clients.list({ fields: 'client_id,created_at' })
    expect(data.map((client) => Object.keys(client))).toEqual([['client_id'], ['client_id']])
  })

  test('shows the login experience of the tenant', async () => {
    const { prompts } = tenant.management
    expect(await prompts.getSettings()).toMatchObject({ universal_login_experience: 'new' })
    await tenant.admin.change({ loginExperience: 'classic' })
    expect(await prompts.getSettings()).toMatchObject({ universal_login_experience: 'classic' })
  })

  test('an update of a connection keeps the other properties', async () => {
    const { connections } = tenant.management
    const id = await tenant.connection()
    const before = await connections.get(id)
    await connections.update(id, { is_domain_connection: true })
    expect(await connections.get(id)).toEqual({ ...before, is_domain_connection: true })
  })
})

describe('a staged failure of the Management API', () => {
  test('affects one endpoint, the given number of times, with the given message', async () => {
    const clientId = await tenant.registered()
    const fail = {
      method: 'PATCH',
      path: '/clients/{id}',
      status: 409,
      message: 'Not now.',
      errorCode: 'client_conflict',
      times: 1,
    }
    await tenant.admin.change({ management: { fail } })
    expect(await get(clientId)).toMatchObject({ client_id: clientId })
    const update = () => tenant.management.clients.update(clientId, { name: 'x' })
    expect(await refusal(update())).toMatchObject({
      statusCode: 409,
      error: 'Conflict',
      message: 'Not now.',
      errorCode: 'client_conflict',
    })
    expect(await update()).toMatchObject({ name: 'x' })
  })

  test.each([400, 401, 403, 404, 409, 429, 500, 503])('can have the status %i', async (status) => {
    const fail = { method: 'GET', path: '/tenants/settings', status }
    await tenant.admin.change({ management: { fail } })
    const { settings } = tenant.management.tenants
    expect(await refusal(settings.get())).toMatchObject({ statusCode: status })
    await tenant.admin.change({ management: { fail: null } })
    await expect(settings.get()).resolves.toBeDefined()
  })
})
