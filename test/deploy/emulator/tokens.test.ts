import { generateKeyPairSync } from 'node:crypto'
import type { Management } from 'auth0'
import { compactDecrypt, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import { AUDIENCE, alertOf, tenantForThisFile } from '../../support/auth0/local-tenant.ts'
import { BOB } from '../../support/people.ts'

const tenant = await tenantForThisFile()
let clientId: string
beforeEach(async () => {
  clientId = await tenant.registered()
  await tenant.admit(clientId)
})

async function changeApi(changes: Management.UpdateResourceServerRequestContent): Promise<void> {
  await tenant.management.resourceServers.update((await tenant.api()).id, changes)
}
const changeSettings = (changes: Management.UpdateTenantSettingsRequestContent) =>
  tenant.management.tenants.settings.update(changes)

describe('the settings of an API in the Auth0 emulator', () => {
  test.each([
    ['access_token', 'JWT', 'azp', false],
    ['access_token_authz', 'JWT', 'azp', true],
    ['rfc9068_profile', 'at+jwt', 'client_id', false],
    ['rfc9068_profile_authz', 'at+jwt', 'client_id', true],
  ] as const)(
    'the token dialect %s results in tokens of type %s with %s',
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

  test('tokens without RBAC contain all requested scopes and no permissions', async () => {
    await changeApi({ enforce_policies: false })
    const claims = decodeJwt((await tenant.connect(clientId, {}, BOB)).access_token)
    expect(claims['scope']).toBe('events:read events:write')
    expect(claims).not.toHaveProperty('permissions')
  })

  test('signing_alg HS256 signs tokens with the signing secret of the API', async () => {
    const signing_secret = 'a-secret-of-the-api-for-symmetric-keys'
    await changeApi({ signing_alg: 'HS256', signing_secret })
    const { access_token } = await tenant.connect(clientId)
    const { protectedHeader } = await jwtVerify(access_token, Buffer.from(signing_secret))
    expect(protectedHeader.alg).toBe('HS256')
  })

  test('token_encryption encrypts tokens for the given public key', async () => {
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

  test('token_lifetime and scopes determine the lifetime and the scopes of tokens', async () => {
    await changeApi({ token_lifetime: 90, scopes: [{ value: 'events:read' }] })
    const { exp = 0, iat = 0, ...claims } = decodeJwt((await tenant.connect(clientId)).access_token)
    expect(exp - iat).toBe(90)
    expect(claims).toMatchObject({ scope: 'events:read', permissions: ['events:read'] })
  })

  test.each([
    ['require_client_grant', 'not authorized to access resource server'],
    ['deny_all', 'not authorized to access resource server'],
  ] as const)(
    'the policy %s rejects a first-party client without a client grant',
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

  test('an API without skipped consent requires consent for a first-party client', async () => {
    const { client_id: id = '' } = await tenant.management.clients.create({
      name: 'Predefined',
      callbacks: ['https://chatgpt.com/connector/oauth/abc123XYZ'],
      token_endpoint_auth_method: 'none',
    })
    const silent = { prompt: 'none' }
    const returned = async () => (await tenant.authorize(id, silent)).returned.searchParams
    // No user is signed in, so the response does not show whether consent is required.
    expect((await returned()).get('error')).toBe('login_required')
    await changeApi({ skip_consent_for_verifiable_first_party_clients: false })
    expect((await tenant.connect(id)).access_token).toMatch(/^ey/)
  })
})

describe('the audience of a token', () => {
  test.each([
    ['neither resource nor audience', { resource: '' }],
    ['a resource in the audience profile', {}],
  ])('is missing in an opaque token with %s', async (what, asked) => {
    if (what.startsWith('a ')) await changeSettings({ resource_parameter_profile: 'audience' })
    const { access_token } = await tenant.connect(clientId, asked)
    expect(access_token).not.toContain('.')
  })

  test.each([
    ['audience in the audience profile', { resource: '', audience: AUDIENCE }, 'audience'],
    [
      'audience and another resource',
      { resource: 'https://other.example', audience: AUDIENCE },
      undefined,
    ],
  ] as const)('is the requested audience with %s', async (_, asked, profile) => {
    if (profile) await changeSettings({ resource_parameter_profile: profile })
    expect(decodeJwt((await tenant.connect(clientId, asked)).access_token).aud).toBe(AUDIENCE)
  })

  test('is the default audience without audience and resource', async () => {
    await changeSettings({ default_audience: AUDIENCE })
    const { access_token } = await tenant.connect(clientId, { resource: '' })
    expect(decodeJwt(access_token).aud).toBe(AUDIENCE)
  })

  test.each([`${AUDIENCE}/`, 'https://nobody.example'])(
    'cannot be the unknown API %s',
    async (resource) => {
      expect(await alertOf(tenant.connect(clientId, { resource }))).toBe(
        `access_denied: Service not found: ${resource}`,
      )
    },
  )
})

describe('the scopes of client grants', () => {
  const forThirdParties = {
    audience: AUDIENCE,
    default_for: 'third_party_clients',
    subject_type: 'user',
  } as const
  const scopeOf = async (id: string) => decodeJwt((await tenant.connect(id)).access_token)['scope']

  test('come from the default grant unless a third-party client has its own', async () => {
    await tenant.management.clientGrants.create({ ...forThirdParties, scope: ['events:read'] })
    const other = await tenant.registered()
    expect(await scopeOf(other)).toBe('events:read')
    expect(await scopeOf(clientId)).toBe('events:read events:write')
  })

  test('are limited to the own grant of a client, even if the default grant allows more', async () => {
    await tenant.management.clientGrants.create({ ...forThirdParties, allow_all_scopes: true })
    const other = await tenant.registered()
    expect(await scopeOf(other)).toBe('events:read events:write')
    await tenant.admit(other, ['events:write'])
    expect(await scopeOf(other)).toBe('events:write')
  })

  test('include scopes that are added to the API later with allow_all_scopes', async () => {
    const { data } = await tenant.management.clientGrants.list({ client_id: clientId })
    await tenant.management.clientGrants.update(data[0]?.id ?? '', { allow_all_scopes: true })
    await changeApi({ enforce_policies: false, scopes: [{ value: 'later' }] })
    const { access_token } = await tenant.connect(clientId, { scope: 'later' })
    expect(decodeJwt(access_token)['scope']).toBe('later')
  })
})

describe('the tenant settings in the Auth0 emulator', () => {
  test('close and open dynamic registration', async () => {
    await changeSettings({ flags: { enable_dynamic_client_registration: false } })
    expect((await tenant.register()).status).toBe(404)
    await changeSettings({ flags: { enable_dynamic_client_registration: true } })
    expect((await tenant.register()).status).toBe(201)
  })

  test('determine the security mode of registered clients in an older tenant', async () => {
    await tenant.admin.change({ securityModeSetting: 'settable' })
    await changeSettings({ dynamic_client_registration_security_mode: 'permissive' })
    expect(await tenant.registered()).not.toMatch(/^tpc_/)
    expect((await tenant.admin.state()).mode).toBe('permissive')
  })

  test('add iss and CIMD support to the metadata and iss to the response', async () => {
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
