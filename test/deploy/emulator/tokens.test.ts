import { generateKeyPairSync } from 'node:crypto'
import type { Management } from 'auth0'
import { compactDecrypt, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  AUDIENCE,
  alertOf,
  type LocalTenant,
  startLocalTenant,
} from '../../support/auth0/local-tenant.ts'
import { BOB } from '../../support/people.ts'

let tenant: LocalTenant
let clientId: string
beforeAll(async () => {
  tenant = await startLocalTenant()
})
beforeEach(async () => {
  await tenant.reset()
  clientId = await tenant.registered()
  await tenant.admit(clientId)
})
afterAll(() => tenant?.close())

async function changeApi(changes: Management.UpdateResourceServerRequestContent): Promise<void> {
  await tenant.management.resourceServers.update((await tenant.api()).id, changes)
}
const changeSettings = (changes: Management.UpdateTenantSettingsRequestContent) =>
  tenant.management.tenants.settings.update(changes)

describe('the API', () => {
  test.each([
    ['access_token', 'JWT', 'azp', false],
    ['access_token_authz', 'JWT', 'azp', true],
    ['rfc9068_profile', 'at+jwt', 'client_id', false],
    ['rfc9068_profile_authz', 'at+jwt', 'client_id', true],
  ] as const)(
    'in the dialect %s gives tokens of type %s with %s',
    async (dialect, typ, id, has) => {
      await changeApi({ token_dialect: dialect })
      const { access_token } = await tenant.connect(clientId)
      const claims = decodeJwt(access_token)
      expect(decodeProtectedHeader(access_token)).toMatchObject({ alg: 'RS256', typ })
      expect(claims).toMatchObject({ [id]: clientId, scope: 'events:read events:write' })
      expect(Object.keys(claims)).not.toContain(id === 'azp' ? 'client_id' : 'azp')
      expect('permissions' in claims).toBe(has)
    },
  )

  test('without RBAC gives everybody what the client asks for, and no permissions', async () => {
    await changeApi({ enforce_policies: false })
    const claims = decodeJwt((await tenant.connect(clientId, {}, BOB)).access_token)
    expect(claims['scope']).toBe('events:read events:write')
    expect(claims).not.toHaveProperty('permissions')
  })

  test('signs with HS256 and its own secret when it is told so', async () => {
    const signing_secret = 'a-secret-of-the-api-for-symmetric-keys'
    await changeApi({ signing_alg: 'HS256', signing_secret })
    const { access_token } = await tenant.connect(clientId)
    const { protectedHeader } = await jwtVerify(access_token, Buffer.from(signing_secret))
    expect(protectedHeader.alg).toBe('HS256')
  })

  test('encrypts for whoever has the private key', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
    await changeApi({
      token_encryption: {
        format: 'compact-nested-jwe',
        encryption_key: { alg: 'RSA-OAEP-256', kid: 'theirs', pem },
      },
    })
    const { access_token } = await tenant.connect(clientId)
    expect(access_token.split('.')).toHaveLength(5)
    const { plaintext, protectedHeader } = await compactDecrypt(access_token, privateKey)
    expect(protectedHeader).toMatchObject({ alg: 'RSA-OAEP-256', kid: 'theirs' })
    expect(decodeJwt(Buffer.from(plaintext).toString())).toMatchObject({ aud: AUDIENCE })
  })

  test('says how long its tokens are good, and what a scope is', async () => {
    await changeApi({ token_lifetime: 90, scopes: [{ value: 'events:read' }] })
    const { exp = 0, iat = 0, ...claims } = decodeJwt((await tenant.connect(clientId)).access_token)
    expect(exp - iat).toBe(90)
    expect(claims).toMatchObject({ scope: 'events:read', permissions: ['events:read'] })
  })

  test.each([
    ['require_client_grant', 'not authorized to access resource server'],
    ['deny_all', 'not authorized to access resource server'],
  ] as const)(
    'with the policy %s takes no first-party client without grant',
    async (policy, fault) => {
      const { client_id: id = '' } = await tenant.management.clients.create({
        name: 'Predefined',
        callbacks: ['https://chatgpt.com/connector/oauth/abc123XYZ'],
        token_endpoint_auth_method: 'none',
      })
      expect(decodeJwt((await tenant.connect(id)).access_token)['client_id']).toBe(id)
      await changeApi({ subject_type_authorization: { user: { policy } } })
      expect(await alertOf(tenant.connect(id))).toContain(fault)
    },
  )

  test('asks for consent in the name of a first-party client too, if it is to', async () => {
    const { client_id: id = '' } = await tenant.management.clients.create({
      name: 'Predefined',
      callbacks: ['https://chatgpt.com/connector/oauth/abc123XYZ'],
      token_endpoint_auth_method: 'none',
    })
    const silent = { prompt: 'none' }
    const returned = async () => (await tenant.authorize(id, silent)).returned.searchParams
    // Nobody is signed in: Auth0 cannot say whether it would have asked.
    expect((await returned()).get('error')).toBe('login_required')
    await changeApi({ skip_consent_for_verifiable_first_party_clients: false })
    expect((await tenant.connect(id)).access_token).toMatch(/^ey/)
  })
})

describe('who is named', () => {
  test.each([
    ['neither resource nor audience', { resource: '' }],
    ['a resource in the audience profile', {}],
  ])('%s: the token is opaque', async (what, asked) => {
    if (what.startsWith('a ')) await changeSettings({ resource_parameter_profile: 'audience' })
    const { access_token } = await tenant.connect(clientId, asked)
    expect(access_token).not.toContain('.')
  })

  test.each([
    ['audience, in either profile', { resource: '', audience: AUDIENCE }, 'audience'],
    ['audience, which wins', { resource: 'https://other.example', audience: AUDIENCE }, undefined],
  ] as const)('%s', async (_, asked, profile) => {
    if (profile) await changeSettings({ resource_parameter_profile: profile })
    expect(decodeJwt((await tenant.connect(clientId, asked)).access_token).aud).toBe(AUDIENCE)
  })

  test('nobody, with a default audience', async () => {
    await changeSettings({ default_audience: AUDIENCE })
    const { access_token } = await tenant.connect(clientId, { resource: '' })
    expect(decodeJwt(access_token).aud).toBe(AUDIENCE)
  })

  test.each([`${AUDIENCE}/`, 'https://nobody.example'])('%s, which is no API', async (resource) => {
    expect(await alertOf(tenant.connect(clientId, { resource }))).toBe(
      `access_denied: Service not found: ${resource}`,
    )
  })
})

describe('client grants', () => {
  const forThirdParties = {
    audience: AUDIENCE,
    default_for: 'third_party_clients',
    subject_type: 'user',
  } as const
  const scopeOf = async (id: string) => decodeJwt((await tenant.connect(id)).access_token)['scope']

  test('the default one serves every third-party client, and a grant of its own goes before it', async () => {
    await tenant.management.clientGrants.create({ ...forThirdParties, scope: ['events:read'] })
    const other = await tenant.registered()
    expect(await scopeOf(other)).toBe('events:read')
    expect(await scopeOf(clientId)).toBe('events:read events:write')
  })

  test('a client’s own grant also takes away what the default gives', async () => {
    await tenant.management.clientGrants.create({ ...forThirdParties, allow_all_scopes: true })
    const other = await tenant.registered()
    expect(await scopeOf(other)).toBe('events:read events:write')
    await tenant.admit(other, ['events:write'])
    expect(await scopeOf(other)).toBe('events:write')
  })

  test('allow_all_scopes holds for a scope that the API gets later', async () => {
    const { data } = await tenant.management.clientGrants.list({ client_id: clientId })
    await tenant.management.clientGrants.update(data[0]?.id ?? '', { allow_all_scopes: true })
    await changeApi({ enforce_policies: false, scopes: [{ value: 'later' }] })
    const { access_token } = await tenant.connect(clientId, { scope: 'later' })
    expect(decodeJwt(access_token)['scope']).toBe('later')
  })
})

describe('the settings', () => {
  test('close and open the registration', async () => {
    await changeSettings({ flags: { enable_dynamic_client_registration: false } })
    expect((await tenant.register()).status).toBe(404)
    await changeSettings({ flags: { enable_dynamic_client_registration: true } })
    expect((await tenant.register()).status).toBe(201)
  })

  test('say what registration makes, where they have a mode', async () => {
    await tenant.admin.change({ securityModeSetting: 'settable' })
    await changeSettings({ dynamic_client_registration_security_mode: 'permissive' })
    expect(await tenant.registered()).not.toMatch(/^tpc_/)
    expect((await tenant.admin.state()).mode).toBe('permissive')
  })

  test('put iss and CIMD into the metadata, and iss into the answer', async () => {
    const metadata = async () => {
      const response = await fetch(`${tenant.issuer}.well-known/openid-configuration`)
      return (await response.json()) as Record<string, unknown>
    }
    expect(await metadata()).toHaveProperty('registration_endpoint')
    expect(Object.keys(await metadata())).not.toContain('client_id_metadata_document_supported')
    expect((await tenant.authorize(clientId)).returned.searchParams.has('iss')).toBe(false)
    await changeSettings({
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
    })
    expect(await metadata()).toMatchObject({
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
    })
    const { returned } = await tenant.authorize(clientId)
    expect(returned.searchParams.get('iss')).toBe(tenant.issuer)
  })
})
