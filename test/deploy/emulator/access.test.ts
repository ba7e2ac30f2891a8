import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  AUDIENCE,
  alertOf,
  CALLBACK,
  refusal,
  tenantForThisFile,
} from '../../support/auth0/local-tenant.ts'
import { metadataDocumentFor } from '../../support/auth0/metadata-document.ts'

const tenant = await tenantForThisFile()

const document = metadataDocumentFor(tenant)
const get = (clientId: string) => tenant.management.clients.get(clientId)

test('the consent page shows scopes, or their descriptions if the tenant is set to show them', async () => {
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

describe('refresh tokens and connections in the Auth0 emulator', () => {
  test('refresh tokens of a client from the Management API neither rotate nor expire by default', async () => {
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

  test('refresh tokens of strict clients expire, and rotate if the client is public', async () => {
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

  test('every connection is enabled for a client from the Management API by default', async () => {
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

test('a user without permissions gets an access token without scopes', async () => {
  await tenant.admin.change({ userPermissions: { 'alice@example.com': [] } })
  const clientId = await tenant.registered()
  await tenant.admit(clientId)
  const claims = decodeJwt((await tenant.connect(clientId)).access_token)
  expect(claims).toMatchObject({ scope: '', permissions: [] })
})

test('the default audience takes precedence over resource but not over audience', async () => {
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

test('access tokens of an API are valid for a day by default', async () => {
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

test('an API from the Management API requires consent for first-party clients', async () => {
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

describe('a strict client in the Auth0 emulator', () => {
  test.each([
    ['id_token_hint', false],
    ['request_uri', false],
    ['invitation', false],
    ['something_of_its_own', false],
    ['ext-campaign', true],
    ['ui_locales', true],
    ['correlation_id', true],
  ])('may send the parameter %s to /authorize: %s', async (name, isTaken) => {
    const clientId = await tenant.registered()
    await tenant.admit(clientId)
    const signingIn = tenant.connect(clientId, { [name]: 'x' })
    if (isTaken) expect((await signingIn).access_token).toMatch(/^ey/)
    else expect(await alertOf(signingIn)).toBe(`invalid_request: Unsupported parameter: ${name}`)
  })

  test('allows changes only of the properties that Auth0 lists', async () => {
    const clientId = await tenant.registered({ token_endpoint_auth_method: 'client_secret_post' })
    const changed = await tenant.management.clients.update(clientId, {
      app_type: 'spa',
      token_endpoint_auth_method: 'none',
      web_origins: ['https://chatgpt.com'],
      jwt_configuration: { alg: 'RS256', lifetime_in_seconds: 600 },
      organization_usage: 'allow',
    })
    expect(changed).toMatchObject({ app_type: 'spa', organization_usage: 'allow' })
    await document.publish({})
    const { client_id } = await document.import()
    await tenant.management.clients.update(client_id, { description: 'Imported' })
    const call = tenant.management.clients.update(client_id, { callbacks: [CALLBACK] })
    expect(await refusal(call)).toMatchObject({ statusCode: 400 })
  })
})

describe('authorization responses with iss', () => {
  test('contain iss in error responses', async () => {
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
