import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { exchangeFaults, requestFaults } from '../support/auth0-contract/faults.ts'
import {
  AUDIENCE,
  alertOf,
  CALLBACK,
  type LocalTenant,
  refusal,
  startLocalTenant,
} from '../support/local-tenant.ts'

let tenant: LocalTenant
beforeAll(async () => {
  tenant = await startLocalTenant()
})
beforeEach(() => tenant.reset())
afterAll(() => tenant?.close())

const DOCUMENT_URL = 'https://chatgpt.com/oauth/client.json'
const DOCUMENT = {
  client_id: DOCUMENT_URL,
  client_name: 'ChatGPT',
  redirect_uris: [CALLBACK],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
}
const get = (clientId: string) => tenant.management.clients.get(clientId)
const staged = (document: object) =>
  tenant.admin.change({ cimdDocuments: { [DOCUMENT_URL]: { ...DOCUMENT, ...document } } })
const importDocument = () =>
  tenant.management.clients.registerCimdClient({ external_client_id: DOCUMENT_URL })
const register = async (metadata: object = {}) =>
  (await (await tenant.register(metadata)).json()) as Record<string, unknown>

describe('the table of Auth0’s document', () => {
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
  ])('finds what is wrong with %j', (exchange, faults) => {
    const found = exchangeFaults({ answer: undefined, ...exchange })
    expect(found).toEqual(faults.map((fault) => expect.stringContaining(fault)))
  })

  test('knows of a request alone what is wrong with it', () => {
    const body = { name: 'x', type: 'http', sink: { httpContentFormat: 'XML' } }
    const request = { method: 'POST', path: '/log-streams', query: new URLSearchParams(), body }
    expect(requestFaults(request)).toContainEqual(expect.stringContaining('httpEndpoint'))
    expect(requestFaults(request)).toContainEqual(expect.stringContaining('allowed values'))
  })
})

describe('the marker of a client (F1)', () => {
  test('tells a registration from an import', async () => {
    expect(await get(await tenant.registered())).toMatchObject({
      external_metadata_type: 'dcr',
      external_metadata_created_by: 'client',
    })
    await staged({})
    expect(await get((await importDocument()).client_id)).toMatchObject({
      external_metadata_type: 'cimd',
      external_metadata_created_by: 'admin',
    })
    const { client_id = '' } = await tenant.management.clients.create({ name: 'Made by API' })
    expect(await get(client_id)).not.toHaveProperty('external_metadata_type')
  })

  test('is missing of older clients', async () => {
    await tenant.admin.change({ clientMarker: false })
    expect(await get(await tenant.registered())).not.toHaveProperty('external_metadata_type')
    await staged({})
    const imported = await get((await importDocument()).client_id)
    expect(imported).toMatchObject({ external_client_id: DOCUMENT_URL })
    expect(imported).not.toHaveProperty('external_metadata_type')
  })
})

describe('a metadata document (F2)', () => {
  test('with private_key_jwt needs another plan, whatever else it offers', async () => {
    await staged({
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
      jwks_uri: 'https://chatgpt.com/oauth/jwks.json',
    })
    const upgrade = {
      statusCode: 403,
      message: 'Please upgrade your subscription to use private_key_jwt.',
    }
    expect(await refusal(importDocument())).toMatchObject(upgrade)
    const preview = { external_client_id: DOCUMENT_URL }
    const call = tenant.management.clients.previewCimdMetadata(preview)
    expect(await refusal(call)).toMatchObject(upgrade)
    expect((await tenant.management.clients.list(preview)).data).toEqual([])

    await tenant.admin.change({ plan: 'enterprise' })
    const { client_id } = await importDocument()
    expect(await get(client_id)).toMatchObject({ jwks_uri: 'https://chatgpt.com/oauth/jwks.json' })
  })

  test('is 201 the first time and 200 after, and brings the client up to date', async () => {
    await staged({})
    const first = await tenant.management.clients
      .registerCimdClient({ external_client_id: DOCUMENT_URL })
      .withRawResponse()
    await staged({ client_name: 'ChatGPT again' })
    const second = await tenant.management.clients
      .registerCimdClient({ external_client_id: DOCUMENT_URL })
      .withRawResponse()
    expect([first.rawResponse.status, second.rawResponse.status]).toEqual([201, 200])
    expect(second.data.client_id).toBe(first.data.client_id)
    expect((await get(first.data.client_id)).name).toBe('ChatGPT again')
  })

  test('has 5 KB at most', async () => {
    await staged({ padding: 'x'.repeat(5 * 1024) })
    expect(await refusal(importDocument())).toMatchObject({ statusCode: 400 })
  })

  test('loses what Auth0 does not support, with a warning', async () => {
    await staged({
      grant_types: [...DOCUMENT.grant_types, 'implicit'],
      tos_uri: 'https://a.example',
    })
    const { mapped_fields, validation } = await importDocument()
    expect(mapped_fields).toMatchObject({ grant_types: DOCUMENT.grant_types })
    expect(validation).toMatchObject({
      valid: true,
      warnings: ["Grant type not supported: 'implicit'", "Property not supported: 'tos_uri'"],
    })
  })

  test.each([
    'http://chatgpt.com/client.json',
    'https://chatgpt.com/',
    'https://localhost/client.json',
    'https://chatgpt.com/client.json?a=1',
    'https://chatgpt.com/a/%2e%2e/client.json',
  ])('is not to be at %s', async (url) => {
    const preview = { external_client_id: url }
    const { errors } = await tenant.management.clients.previewCimdMetadata(preview)
    expect(errors).toHaveLength(1)
  })

  test('is the client id in its tokens', async () => {
    await staged({})
    const { client_id } = await importDocument()
    await tenant.admit(client_id)
    const { access_token } = await tenant.connect(DOCUMENT_URL)
    expect(decodeJwt(access_token)['client_id']).toBe(DOCUMENT_URL)
  })

  test('registers itself where the tenant has that, and is logged', async () => {
    await staged({})
    const signIn = () => alertOf(tenant.connect(DOCUMENT_URL))
    expect(await signIn()).toContain('invalid_client')
    await tenant.admin.change({ cimdSelfRegistration: true })
    // Not before the tenant says that it takes such documents.
    expect(await signIn()).toContain('invalid_client')
    await tenant.management.tenants.settings.update({ client_id_metadata_document_supported: true })
    expect(await signIn()).toContain('no connections enabled')
    const { data } = await tenant.management.clients.list({ external_client_id: DOCUMENT_URL })
    expect(data).toMatchObject([
      { external_metadata_type: 'cimd', external_metadata_created_by: 'client' },
    ])
    const clientId = data[0]?.client_id ?? ''
    const search = `type:sapi AND client_id:"${clientId}"`
    expect((await tenant.management.logs.list({ search })).data).toHaveLength(1)
    await tenant.admit(clientId)
    await staged({ client_name: 'Renamed' })
    expect((await tenant.connect(DOCUMENT_URL)).access_token).toMatch(/^ey/)
    expect((await get(clientId)).name).toBe('Renamed')
  })
})

describe('the mode of registration (F3)', () => {
  const mode = 'dynamic_client_registration_security_mode'
  const set = (value: 'strict' | 'permissive') =>
    tenant.management.tenants.settings.update({ [mode]: value })
  const made = async () => (await register())['client_id']

  test('is absent, and setting it changes nothing', async () => {
    await tenant.admin.change({ mode: 'permissive' })
    expect(await tenant.management.tenants.settings.get()).not.toHaveProperty(mode)
    expect(await set('strict')).not.toHaveProperty(mode)
    expect(await made()).toEqual(expect.not.stringMatching(/^tpc_/))
  })

  test('is shown and set in an older tenant', async () => {
    await tenant.admin.change({ securityModeSetting: 'settable', mode: 'permissive' })
    expect(await tenant.management.tenants.settings.get()).toHaveProperty(mode, 'permissive')
    expect(await set('strict')).toHaveProperty(mode, 'strict')
    expect(await made()).toEqual(expect.stringMatching(/^tpc_/))
  })

  test('may be refused, and nothing else of the change is made then', async () => {
    await tenant.admin.change({ securityModeSetting: 'refused' })
    const { settings } = tenant.management.tenants
    const change = settings.update({ [mode]: 'strict', default_audience: AUDIENCE })
    expect(await refusal(change)).toMatchObject({ statusCode: 403 })
    expect(await settings.get()).toMatchObject({ default_audience: '' })
    expect(await settings.get()).not.toHaveProperty(mode)
  })
})

describe('promotion (F4)', () => {
  test.each([400, 403, 409])('of a permissive client is refused with %i', async (status) => {
    await tenant.admin.change({ mode: 'permissive', promotion: status })
    const clientId = await tenant.registered()
    const { clients } = tenant.management
    const call = clients.update(clientId, { is_first_party: true })
    expect(await refusal(call)).toMatchObject({ statusCode: status })
    expect(await get(clientId)).toMatchObject({ is_first_party: false })
    await clients.update(clientId, { token_endpoint_auth_method: 'none' })

    // The other way: what a third-party client may use without.
    await tenant.management.connections.update(await tenant.connection(), {
      is_domain_connection: true,
    })
    expect((await tenant.connect(clientId)).access_token).toMatch(/^ey/)
  })

  test('of a strict client is always refused', async () => {
    const call = tenant.management.clients.update(await tenant.registered(), {
      is_first_party: true,
    })
    expect(await refusal(call)).toMatchObject({ statusCode: 400 })
  })
})

describe('log streams (F5)', () => {
  const stream = {
    type: 'http' as const,
    name: 'one more',
    sink: { httpEndpoint: 'https://a.example/hook' },
  }

  test('are refused by the plan, and nothing is delivered', async () => {
    const { logStreams } = tenant.management
    const { id = '' } = await logStreams.create(stream)
    await tenant.admin.change({ logStreams: 'refused' })
    const calls = [
      logStreams.list(),
      logStreams.create(stream),
      logStreams.update(id, { status: 'paused' }),
    ]
    for (const call of calls) {
      expect(await refusal(call)).toMatchObject({
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

  test('have a number that the plan allows', async () => {
    await tenant.admin.change({ logStreamLimit: 1 })
    await tenant.management.logStreams.create(stream)
    const second = tenant.management.logStreams.create(stream)
    expect(await refusal(second)).toMatchObject({ statusCode: 403 })
  })

  test('are not what a strict client needs to sign people in', async () => {
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

test('the consent page names scopes, until the tenant shows descriptions (F6)', async () => {
  const clientId = await tenant.registered()
  await tenant.admit(clientId)
  const page = async () => {
    const pages: string[] = []
    await tenant.connect(clientId, {}, undefined, async (input, init) => {
      const response = await fetch(input, init)
      pages.push(await response.clone().text())
      return response
    })
    return pages.find((html) => html.includes('Authorize app')) ?? ''
  }
  expect(await page()).toContain('<li>events:read</li>')
  // Documented, but missing in the package's types.
  const flags: object = { use_scope_descriptions_for_consent: true }
  await tenant.management.tenants.settings.update({ flags })
  expect(await page()).toContain('<li>Read events</li>')
})

describe('refresh tokens (F7)', () => {
  test('of a client made by API neither rotate nor expire, unless it says so', async () => {
    const { clients } = tenant.management
    const predefined = { name: 'ChatGPT', callbacks: [CALLBACK] }
    const { client_id: clientId = '' } = await clients.create({
      ...predefined,
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    })
    expect((await get(clientId)).refresh_token).toMatchObject({
      rotation_type: 'non-rotating',
      expiration_type: 'non-expiring',
      infinite_token_lifetime: true,
      infinite_idle_token_lifetime: true,
    })
    const tokens = await tenant.connect(clientId)
    for (let count = 0; count < 2; count++) {
      const answer = await tenant.refresh(clientId, tokens)
      expect(answer.status).toBe(200)
      expect(await answer.json()).not.toHaveProperty('refresh_token')
    }
    await clients.update(clientId, {
      refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', token_lifetime: 60 },
    })
    const rotated = await tenant.refresh(clientId, await tenant.connect(clientId))
    expect(await rotated.json()).toHaveProperty('refresh_token')
  })

  test('of strict clients expire, and rotate where the client is public', async () => {
    const rotation = async (method: string) =>
      (await get(await tenant.registered({ token_endpoint_auth_method: method }))).refresh_token
    expect(await rotation('none')).toMatchObject({
      rotation_type: 'rotating',
      expiration_type: 'expiring',
    })
    expect(await rotation('client_secret_post')).toMatchObject({
      rotation_type: 'non-rotating',
      expiration_type: 'expiring',
    })
  })

  test('every connection is on for a client made by API, unless the tenant says otherwise', async () => {
    const { clients, connections, tenants } = tenant.management
    const enabled = async () =>
      (await connections.clients.get(await tenant.connection())).data.length
    await clients.create({ name: 'First' })
    expect(await enabled()).toBe(1)
    await tenants.settings.update({ flags: { enable_client_connections: false } })
    await clients.create({ name: 'Second' })
    expect(await enabled()).toBe(1)
  })
})

test('a person without permissions gets a token without scope (F8)', async () => {
  await tenant.admin.change({ userPermissions: { 'alice@example.com': [] } })
  const clientId = await tenant.registered()
  await tenant.admit(clientId)
  const claims = decodeJwt((await tenant.connect(clientId)).access_token)
  expect(claims).toMatchObject({ scope: '', permissions: [] })
})

test('the number of client grants is limited (F9)', async () => {
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

test('a default audience goes before resource, and after audience (F10)', async () => {
  const { resourceServers, tenants, clientGrants } = tenant.management
  const other = 'https://other.example'
  await resourceServers.create({ identifier: other })
  await tenants.settings.update({ default_audience: other })
  const clientId = await tenant.registered()
  await tenant.admit(clientId)
  await clientGrants.create({
    client_id: clientId,
    audience: other,
    scope: [],
    subject_type: 'user',
  })
  const aud = async (asked: Record<string, string>) =>
    decodeJwt((await tenant.connect(clientId, asked)).access_token).aud
  expect(await aud({ resource: AUDIENCE })).toBe(other)
  expect(await aud({ resource: AUDIENCE, audience: AUDIENCE })).toBe(AUDIENCE)
})

test('tokens of an API are good for a day unless it says otherwise (F11)', async () => {
  const { resourceServers, clientGrants } = tenant.management
  const identifier = 'https://other.example'
  const { id = '', token_lifetime } = await resourceServers.create({ identifier })
  expect(token_lifetime).toBe(86_400)
  const clientId = await tenant.registered()
  await tenant.admit(clientId)
  await clientGrants.create({
    client_id: clientId,
    audience: identifier,
    scope: [],
    subject_type: 'user',
  })
  const seconds = async () => {
    const { access_token } = await tenant.connect(clientId, { resource: identifier })
    const { exp = 0, iat = 0 } = decodeJwt(access_token)
    return exp - iat
  }
  expect(await seconds()).toBe(86_400)
  await resourceServers.update(id, { token_lifetime: 600 })
  expect(await seconds()).toBe(600)
})

test.each([410, 404, 403])('Rules and Hooks may be gone: %i (F12, F13)', async (status) => {
  const fail = ['/rules', '/hooks'].map((path) => ({ method: 'GET', path, status }))
  await tenant.admin.change({ management: { fail } })
  for (const list of [tenant.management.rules.list(), tenant.management.hooks.list()]) {
    expect(await refusal(list)).toMatchObject({ statusCode: status })
  }
})

test('an API made by API asks for consent of first-party clients too (F14)', async () => {
  const { resourceServers, clients, userGrants } = tenant.management
  const made = await resourceServers.create({ identifier: 'https://other.example' })
  expect(made.skip_consent_for_verifiable_first_party_clients).toBe(false)
  const { client_id: clientId = '' } = await clients.create({
    name: 'ChatGPT',
    callbacks: [CALLBACK],
    token_endpoint_auth_method: 'none',
  })
  await tenant.connect(clientId)
  expect((await userGrants.list({ client_id: clientId })).data).toHaveLength(1)
})

describe('what nobody could establish (F15)', () => {
  test('clients may tell nothing of when they were made', async () => {
    const clientId = await tenant.registered()
    expect(await get(clientId)).toHaveProperty('created_at')
    await tenant.admin.change({ clientDates: false })
    expect(await get(clientId)).not.toHaveProperty('created_at')
    const { data } = await tenant.management.clients.list({ fields: 'client_id,created_at' })
    expect(data.map((client) => Object.keys(client))).toEqual([['client_id'], ['client_id']])
  })

  test('a change of a connection keeps what it does not name', async () => {
    const { connections } = tenant.management
    const id = await tenant.connection()
    const before = await connections.get(id)
    await connections.update(id, { is_domain_connection: true })
    expect(await connections.get(id)).toEqual({ ...before, is_domain_connection: true })
  })
})

describe('registration', () => {
  test('leaves out the grant types that it does not give', async () => {
    const asked = { grant_types: ['authorization_code', 'client_credentials', 'implicit'] }
    expect(await register(asked)).toMatchObject({ grant_types: ['authorization_code'] })
    await tenant.admin.change({ mode: 'permissive' })
    expect(await register({ grant_types: [...asked.grant_types, 'password'] })).toMatchObject(asked)
  })

  test('makes a confidential client of one that says nothing', async () => {
    const made = await register({ token_endpoint_auth_method: undefined })
    expect(made).toMatchObject({
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_post',
      client_secret: expect.any(String),
      client_secret_expires_at: 0,
    })
  })
})

describe('/authorize of a strict client', () => {
  test.each([
    ['id_token_hint', false],
    ['request_uri', false],
    ['invitation', false],
    ['something_of_its_own', false],
    ['ext-campaign', true],
    ['ui_locales', true],
    ['correlation_id', true],
  ])('with %s: %s', async (name, isTaken) => {
    const clientId = await tenant.registered()
    await tenant.admit(clientId)
    const signingIn = tenant.connect(clientId, { [name]: 'x' })
    if (isTaken) expect((await signingIn).access_token).toMatch(/^ey/)
    else expect(await alertOf(signingIn)).toBe(`invalid_request: Unsupported parameter: ${name}`)
  })

  test('may be changed as far as Auth0’s list goes', async () => {
    const clientId = await tenant.registered({ token_endpoint_auth_method: 'client_secret_post' })
    const changed = await tenant.management.clients.update(clientId, {
      app_type: 'spa',
      token_endpoint_auth_method: 'none',
      web_origins: ['https://chatgpt.com'],
      jwt_configuration: { alg: 'RS256', lifetime_in_seconds: 600 },
      organization_usage: 'allow',
    })
    expect(changed).toMatchObject({ app_type: 'spa', organization_usage: 'allow' })
    await staged({})
    const { client_id } = await importDocument()
    await tenant.management.clients.update(client_id, { description: 'Imported' })
    const call = tenant.management.clients.update(client_id, { callbacks: [CALLBACK] })
    expect(await refusal(call)).toMatchObject({ statusCode: 400 })
  })
})

describe('iss in authorization responses', () => {
  test('is in errors too', async () => {
    const { client_id: clientId = '' } = await tenant.management.clients.create({
      name: 'ChatGPT',
      callbacks: [CALLBACK],
      token_endpoint_auth_method: 'none',
    })
    const returned = async () =>
      (await tenant.authorize(clientId, { prompt: 'none' })).returned.searchParams
    expect((await returned()).has('iss')).toBe(false)
    await tenant.management.tenants.settings.update({
      authorization_response_iss_parameter_supported: true,
    })
    const error = await returned()
    expect([error.get('error'), error.get('iss')]).toEqual(['login_required', tenant.issuer])
  })
})

describe('a staged failure', () => {
  test('is of one call, so often as it is said, in the words that are given', async () => {
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

  test.each([400, 401, 403, 404, 409, 429, 500, 503])('has any status: %i', async (status) => {
    const fail = { method: 'GET', path: '/tenants/settings', status }
    await tenant.admin.change({ management: { fail } })
    const { settings } = tenant.management.tenants
    expect(await refusal(settings.get())).toMatchObject({ statusCode: status })
    await tenant.admin.change({ management: { fail: null } })
    await expect(settings.get()).resolves.toBeDefined()
  })
})
