import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { StuckError } from '../../../deploy/connect/sign-in/form-sign-in.ts'
import { AUDIENCE, alertOf, tenantForThisFile } from '../../support/auth0/local-tenant.ts'
import { ALICE, BOB } from '../../support/people.ts'

const tenant = await tenantForThisFile()

async function published() {
  const response = await fetch(`${tenant.issuer}.well-known/jwks.json`)
  return createLocalJWKSet((await response.json()) as Parameters<typeof createLocalJWKSet>[0])
}

describe('the sign-in with a strict client', () => {
  test('is blocked after registration until the client is admitted', async () => {
    const response = await tenant.register()
    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({
      client_id: expect.stringMatching(/^tpc_[A-Za-z0-9]{32}$/),
      client_name: 'ChatGPT',
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    })

    const clientId = await tenant.registered()
    expect(await alertOf(tenant.connect(clientId))).toContain('no connections enabled')
    await tenant.management.connections.update(await tenant.connection(), {
      is_domain_connection: true,
    })
    expect(await alertOf(tenant.connect(clientId))).toBe(
      `unauthorized_client: Client "${clientId}" is not authorized to access resource server "${AUDIENCE}".`,
    )
    await tenant.admit(clientId)

    const { access_token, scope } = await tenant.connect(clientId)
    const { payload, protectedHeader } = await jwtVerify(access_token, await published(), {
      issuer: tenant.issuer,
      audience: AUDIENCE,
    })
    expect(protectedHeader).toMatchObject({ alg: 'RS256', typ: 'at+jwt' })
    expect(payload).toMatchObject({
      sub: 'auth0|alice',
      client_id: clientId,
      scope: 'events:read events:write',
      permissions: ['events:read', 'events:write'],
    })
    expect(scope).toBe('events:read events:write')
  })

  test('returns only scopes that the client requested, its grant allows and the user has', async () => {
    const clientId = await tenant.registered()
    await tenant.admit(clientId, ['events:read'])
    const all = decodeJwt((await tenant.connect(clientId)).access_token)
    expect(all).toMatchObject({
      scope: 'events:read',
      permissions: ['events:read', 'events:write'],
    })

    const other = await tenant.registered()
    await tenant.admit(other)
    const asked = { scope: 'events:read' }
    expect(decodeJwt((await tenant.connect(other, asked)).access_token)['scope']).toBe(
      'events:read',
    )
    const bobs = decodeJwt((await tenant.connect(other, {}, BOB)).access_token)
    expect(bobs).toMatchObject({ scope: 'events:read', permissions: ['events:read'] })
  })

  test.each([
    ['without PKCE', { code_challenge: '', code_challenge_method: '' }],
    ['with id_token_hint', { id_token_hint: 'x' }],
    ['with claims', { claims: '{}' }],
    ['with another redirect URI', { redirect_uri: 'https://chatgpt.com/other' }],
  ])('shows an error page of the tenant %s', async (_, asked) => {
    const clientId = await tenant.registered()
    await tenant.admit(clientId)
    await expect(tenant.connect(clientId, asked)).rejects.toThrow(StuckError)
  })

  test.each([
    ['prompt', 'select_account'],
    ['prompt', 'login consent'],
    ['prompt', 'one-that-nobody-knows constructor'],
    ['max_age', '0'],
    ['max_age', '3600'],
    ['connection', 'google-oauth2'],
  ])('succeeds with %s=%s', async (name, value) => {
    const clientId = await tenant.registered()
    await tenant.admit(clientId)
    const { refresh_token } = await tenant.connect(clientId, { [name]: value })
    expect(refresh_token).toMatch(/./)
  })

  test('creates no user grant with a wrong password', async () => {
    const clientId = await tenant.registered()
    await tenant.admit(clientId)
    const wrong = { ...ALICE, password: 'wrong' }
    expect(await alertOf(tenant.connect(clientId, {}, wrong))).toBe('Wrong email or password')
    expect((await tenant.management.userGrants.list({ client_id: clientId })).data).toEqual([])
  })
})

test('the sign-in with a permissive client requires a promotion and an enabled connection', async () => {
  await tenant.admin.change({ mode: 'permissive' })
  const clientId = await tenant.registered({ token_endpoint_auth_method: 'client_secret_post' })
  expect(clientId).not.toContain('tpc_')
  expect(await alertOf(tenant.connect(clientId))).toContain('no connections enabled')

  await tenant.management.clients.update(clientId, {
    is_first_party: true,
    token_endpoint_auth_method: 'none',
  })
  await tenant.management.connections.clients.update(await tenant.connection(), [
    { client_id: clientId, status: true },
  ])
  const { access_token } = await tenant.connect(clientId)
  expect(decodeJwt(access_token)).toMatchObject({ scope: 'events:read events:write' })
})

describe('refresh tokens of a registered client', () => {
  test('rotate, and reuse revokes the whole token family', async () => {
    const clientId = await tenant.registered()
    await tenant.admit(clientId)
    const first = await tenant.connect(clientId)
    const second = await tenant.refresh(clientId, first)
    expect(second.status).toBe(200)
    const tokens = (await second.json()) as typeof first
    expect(tokens.refresh_token).not.toBe(first.refresh_token)
    expect(decodeJwt(tokens.access_token)).toMatchObject({ scope: 'events:read events:write' })

    const reused = await tenant.refresh(clientId, first)
    expect(reused.status).toBe(400)
    expect(await reused.json()).toMatchObject({ error: 'invalid_grant' })
    expect((await tenant.refresh(clientId, tokens)).status).toBe(400)
  })

  test('are issued only with offline_access and only if the API allows them', async () => {
    const clientId = await tenant.registered()
    await tenant.admit(clientId)
    expect((await tenant.connect(clientId, { scope: 'events:read' })).refresh_token).toBeUndefined()
    const { id } = await tenant.api()
    await tenant.management.resourceServers.update(id, { allow_offline_access: false })
    expect((await tenant.connect(clientId)).refresh_token).toBeUndefined()
  })

  test('become invalid when the user grant or the client is deleted', async () => {
    const clientId = await tenant.registered()
    await tenant.admit(clientId)
    const tokens = await tenant.connect(clientId)
    const { data } = await tenant.management.userGrants.list({ client_id: clientId })
    expect(data).toMatchObject([
      {
        clientID: clientId,
        user_id: 'auth0|alice',
        audience: AUDIENCE,
        scope: ['offline_access', 'events:read', 'events:write'],
      },
    ])
    await tenant.management.userGrants.delete(data[0]?.id ?? '')
    expect((await tenant.refresh(clientId, tokens)).status).toBe(400)

    const again = await tenant.connect(clientId)
    await tenant.management.clients.delete(clientId)
    expect((await tenant.refresh(clientId, again)).status).toBe(401)
  })
})

test('key rotation publishes the next key in advance and keeps the previous one', async () => {
  const clientId = await tenant.registered()
  await tenant.admit(clientId)
  const before = await tenant.connect(clientId)
  const known = await published()
  await tenant.admin.change({ rotateKeys: true })
  const after = await tenant.connect(clientId)
  const kids = [before, after].map(({ access_token }) => decodeProtectedHeader(access_token).kid)
  expect(new Set(kids).size).toBe(2)
  for (const { access_token } of [before, after]) {
    await expect(jwtVerify(access_token, known)).resolves.toBeDefined()
    await expect(jwtVerify(access_token, await published())).resolves.toBeDefined()
  }
})

test('an outage affects only discovery, keys and the Management API', async () => {
  const clientId = await tenant.registered()
  await tenant.admit(clientId)
  const tokens = await tenant.connect(clientId)
  await tenant.admin.change({ outage: true })
  const paths = ['.well-known/openid-configuration', '.well-known/jwks.json', 'api/v2/clients']
  for (const path of paths) expect((await fetch(`${tenant.issuer}${path}`)).status).toBe(503)
  expect((await tenant.refresh(clientId, tokens)).status).toBe(200)
  await tenant.admin.change({ outage: false })
  expect((await fetch(`${tenant.issuer}${paths[0]}`)).status).toBe(200)
})
