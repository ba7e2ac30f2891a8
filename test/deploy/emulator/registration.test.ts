import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import { alertOf, refusal, tenantForThisFile } from '../../support/auth0/local-tenant.ts'
import {
  DOCUMENT,
  DOCUMENT_URL,
  metadataDocumentFor,
} from '../../support/auth0/metadata-document.ts'

const tenant = await tenantForThisFile()

const document = metadataDocumentFor(tenant)
const get = (clientId: string) => tenant.management.clients.get(clientId)
const register = async (metadata: object = {}) =>
  (await (await tenant.register(metadata)).json()) as Record<string, unknown>

describe('the registration marker of a client in the Auth0 emulator', () => {
  test('distinguishes registered from imported clients', async () => {
    expect(await get(await tenant.registered())).toMatchObject({
      external_metadata_type: 'dcr',
      external_metadata_created_by: 'client',
    })
    await document.publish({})
    expect(await get((await document.import()).client_id)).toMatchObject({
      external_metadata_type: 'cimd',
      external_metadata_created_by: 'admin',
    })
    const { client_id = '' } = await tenant.management.clients.create({ name: 'Made by API' })
    expect(await get(client_id)).not.toHaveProperty('external_metadata_type')
  })

  test('is missing with clientMarker false', async () => {
    await tenant.admin.change({ clientMarker: false })
    expect(await get(await tenant.registered())).not.toHaveProperty('external_metadata_type')
    await document.publish({})
    const imported = await get((await document.import()).client_id)
    expect(imported).toMatchObject({ external_client_id: DOCUMENT_URL })
    expect(imported).not.toHaveProperty('external_metadata_type')
  })
})

describe('a client metadata document in the Auth0 emulator', () => {
  test('requires the Enterprise plan with private_key_jwt, even if it supports other methods', async () => {
    await document.publish({
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
      jwks_uri: 'https://chatgpt.com/oauth/jwks.json',
    })
    const upgrade = {
      statusCode: 403,
      message: 'Please upgrade your subscription to use private_key_jwt.',
    }
    expect(await refusal(document.import())).toMatchObject(upgrade)
    const preview = { external_client_id: DOCUMENT_URL }
    const call = tenant.management.clients.previewCimdMetadata(preview)
    expect(await refusal(call)).toMatchObject(upgrade)
    expect((await tenant.management.clients.list(preview)).data).toEqual([])

    await tenant.admin.change({ plan: 'enterprise' })
    const { client_id } = await document.import()
    expect(await get(client_id)).toMatchObject({ jwks_uri: 'https://chatgpt.com/oauth/jwks.json' })
  })

  test('is imported with 201 and later updates the client with 200', async () => {
    await document.publish({})
    const first = await tenant.management.clients
      .registerCimdClient({ external_client_id: DOCUMENT_URL })
      .withRawResponse()
    await document.publish({ client_name: 'ChatGPT again' })
    const second = await tenant.management.clients
      .registerCimdClient({ external_client_id: DOCUMENT_URL })
      .withRawResponse()
    expect([first.rawResponse.status, second.rawResponse.status]).toEqual([201, 200])
    expect(second.data.client_id).toBe(first.data.client_id)
    expect((await get(first.data.client_id)).name).toBe('ChatGPT again')
  })

  test('is rejected above 5 KB', async () => {
    await document.publish({ padding: 'x'.repeat(5 * 1024) })
    expect(await refusal(document.import())).toMatchObject({ statusCode: 400 })
  })

  test('is imported without unsupported properties and with warnings about them', async () => {
    await document.publish({
      grant_types: [...DOCUMENT.grant_types, 'implicit'],
      tos_uri: 'https://a.example',
    })
    const { mapped_fields, validation } = await document.import()
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
  ])('is rejected at the URL %s', async (url) => {
    const preview = { external_client_id: url }
    const { errors } = await tenant.management.clients.previewCimdMetadata(preview)
    expect(errors).toHaveLength(1)
  })

  test('is the client id in its tokens', async () => {
    await document.publish({})
    const { client_id } = await document.import()
    await tenant.admit(client_id)
    const { access_token } = await tenant.connect(DOCUMENT_URL)
    expect(decodeJwt(access_token)['client_id']).toBe(DOCUMENT_URL)
  })

  test('registers itself at the sign-in if the tenant supports that, with a log entry', async () => {
    await document.publish({})
    const signIn = () => alertOf(tenant.connect(DOCUMENT_URL))
    expect(await signIn()).toContain('invalid_client')
    await tenant.admin.change({ cimdSelfRegistration: true })
    // The tenant must also advertise metadata documents.
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
    await document.publish({ client_name: 'Renamed' })
    expect((await tenant.connect(DOCUMENT_URL)).access_token).toMatch(/^ey/)
    expect((await get(clientId)).name).toBe('Renamed')
  })
})

describe('dynamic registration of a client in the Auth0 emulator', () => {
  test('ignores unsupported grant types', async () => {
    const asked = { grant_types: ['authorization_code', 'client_credentials', 'implicit'] }
    expect(await register(asked)).toMatchObject({ grant_types: ['authorization_code'] })
    await tenant.admin.change({ mode: 'permissive' })
    expect(await register({ grant_types: [...asked.grant_types, 'password'] })).toMatchObject(asked)
  })

  test('creates a confidential client if token_endpoint_auth_method is missing', async () => {
    const made = await register({ token_endpoint_auth_method: undefined })
    expect(made).toMatchObject({
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_post',
      client_secret: expect.any(String),
      client_secret_expires_at: 0,
    })
  })
})
