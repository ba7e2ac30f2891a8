import { describe, expect, test } from 'vitest'
import { AUDIENCE, CALLBACK, refusal, tenantForThisFile } from '../../support/auth0/local-tenant.ts'

const tenant = await tenantForThisFile()

/** Sends a call that the auth0 package does not allow. */
async function call(method: string, path: string, body?: unknown): Promise<Response> {
  const answer = await fetch(`${tenant.issuer}oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      grant_type: 'client_credentials',
      client_id: 'management',
      client_secret: 'secret-of-the-management-client',
      audience: `${tenant.issuer}api/v2/`,
    }),
  })
  const { access_token } = (await answer.json()) as { access_token: string }
  return fetch(`${tenant.issuer}api/v2${path}`, {
    method,
    headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  })
}

async function collect<Item>(items: PromiseLike<AsyncIterable<Item>>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of await items) all.push(item)
  return all
}

describe('the Management API of the Auth0 emulator rejects', () => {
  test.each([
    ['PATCH', '/tenants/settings', { enable_dynamic_client_registration: true }],
    ['PATCH', '/tenants/settings', { flags: { enable_everything: true } }],
    ['POST', '/resource-servers', { identifier: 'https://a.example', audience: 'x' }],
    ['POST', '/resource-servers', { identifier: 'https://a.example', scopes: [{ name: 'x' }] }],
    ['POST', '/client-grants', { audience: AUDIENCE, default_for: 'third_party_clients', x: 1 }],
    ['POST', '/clients', { name: 'a', client_id: 'mine' }],
    ['POST', '/log-streams', { type: 'http', url: 'https://a.example' }],
    ['POST', '/clients/cimd/register', { url: 'https://a.example/client.json' }],
  ])('%s %s with an unknown property: %j', async (method, path, body) => {
    const response = await call(method, path, body)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      statusCode: 400,
      error: 'Bad Request',
      message: expect.stringMatching(
        /^Payload validation error: '.*Additional properties not allowed: /,
      ),
      errorCode: 'invalid_body',
    })
  })

  test.each([
    ['POST', '/resource-servers', {}, 'Missing required property: identifier'],
    [
      'PATCH',
      '/tenants/settings',
      { flags: { enable_dynamic_client_registration: 'yes' } },
      'on property flags.enable_dynamic_client_registration',
    ],
    ['GET', '/connections?take=101', undefined, 'must be 1 to 100 on property take'],
    ['GET', '/clients?per_page=101', undefined, 'must be 1 to 100 on property per_page'],
  ])('%s %s %j with a message that names the error', async (method, path, body, fault) => {
    const response = await call(method, path, body)
    expect(response.status).toBe(400)
    const { message } = (await response.json()) as { message: string }
    expect(message).toContain(fault)
    expect(message.includes('Missing')).toBe(fault.includes('Missing'))
  })

  test.each([
    ['GET', '/clients?name=x', 400, 'invalid_query_string'],
    ['GET', '/clients?per_page=101', 400, 'invalid_query_string'],
    ['GET', '/connections?from=elsewhere', 400, 'invalid_query_string'],
    ['GET', '/logs?q=type:', 400, 'invalid_query_string'],
    ['GET', '/clients/nobody', 404, 'inexistent_client'],
    ['GET', '/client-grants/nothing', 404, 'inexistent_client_grant'],
    ['GET', '/connections/nothing', 404, 'inexistent_connection'],
    ['GET', '/resource-servers/nothing', 404, 'inexistent_resource_server'],
    ['GET', '/log-streams/nothing', 404, 'inexistent_log_stream'],
    ['GET', '/rules/nothing', 404, 'inexistent_rule'],
    ['GET', '/hooks/nothing', 404, 'inexistent_hook'],
    ['GET', '/logs/nothing', 404, 'inexistent_log'],
    ['GET', '/tickets', 404, 'not_found'],
    ['GET', '/clients/%zz', 400, 'invalid_uri'],
    ['PATCH', '/resource-servers/000000000000000000000000', 400, 'operation_not_supported'],
  ])('%s %s with %i %s', async (method, path, statusCode, errorCode) => {
    const response = await call(method, path, method === 'PATCH' ? { name: 'x' } : undefined)
    expect(response.status).toBe(statusCode)
    expect(await response.json()).toMatchObject({ statusCode, errorCode })
  })

  test('a call without a token or with a foreign token', async () => {
    const url = `${tenant.issuer}api/v2/clients`
    expect((await fetch(url)).status).toBe(401)
    const headers = { authorization: 'Bearer x' }
    expect((await fetch(url, { headers })).status).toBe(401)
  })
})

test('the Management API creates, updates, lists and deletes Rules and Hooks', async () => {
  const { rules, hooks } = tenant.management
  const rule = await rules.create({ name: 'old rule', script: '() => {}' })
  expect(rule).toMatchObject({ enabled: true, stage: 'login_success' })
  await rules.update(rule.id ?? '', { enabled: false })
  expect((await rules.list({ enabled: true })).data).toEqual([])
  await rules.delete(rule.id ?? '')
  expect((await rules.list()).data).toEqual([])

  const triggerId = 'credentials-exchange'
  const hook = await hooks.create({ name: 'old-hook', script: '() => {}', triggerId })
  expect(hook).toMatchObject({ enabled: false, triggerId })
  await hooks.update(hook.id ?? '', { enabled: true })
  expect((await hooks.list({ triggerId, enabled: true })).data).toHaveLength(1)
  await hooks.delete(hook.id ?? '')
  expect((await hooks.list()).data).toEqual([])
})

test('a client grant with allow_all_scopes rejects a list of scopes', async () => {
  const { clientGrants, resourceServers } = tenant.management
  const identifier = 'https://scopes.example'
  await resourceServers.create({ identifier, scopes: [{ value: 'x' }] })
  const all = { default_for: 'third_party_clients', audience: identifier } as const
  const both = { ...all, allow_all_scopes: true, scope: ['x'] }
  await expect(clientGrants.create(both)).rejects.toMatchObject({ statusCode: 400 })
  const { id = '' } = await clientGrants.create({ ...all, allow_all_scopes: true })
  await expect(clientGrants.update(id, { scope: ['x'] })).rejects.toMatchObject({ statusCode: 400 })
})

test('the Management API creates, reads, updates and deletes resource servers by id and identifier', async () => {
  const { resourceServers, clientGrants } = tenant.management
  const made = await resourceServers.create({ identifier: 'https://other.example' })
  expect(made).toMatchObject({
    signing_alg: 'RS256',
    token_dialect: 'access_token',
    enforce_policies: false,
    subject_type_authorization: { user: { policy: 'allow_all' } },
  })
  const conflict = await refusal(resourceServers.create({ identifier: 'https://other.example' }))
  expect(conflict).toMatchObject({ statusCode: 409, error: 'Conflict' })
  expect(await resourceServers.get('https://other.example')).toEqual(made)

  const changes = { scopes: [{ value: 'a', description: 'A' }], enforce_policies: true }
  await resourceServers.update(made.id ?? '', changes)
  expect(await resourceServers.get(made.id ?? '')).toEqual({ ...made, ...changes })
  const found = await resourceServers.list({ identifiers: 'https://other.example' })
  expect(found.data).toHaveLength(1)
  expect((await resourceServers.list()).data.map(({ identifier }) => identifier)).toEqual([
    `${tenant.issuer}api/v2/`,
    AUDIENCE,
    'https://other.example',
  ])

  const grant = { audience: 'https://other.example', default_for: 'third_party_clients' } as const
  await clientGrants.create(grant)
  await resourceServers.delete(made.id ?? '')
  expect((await clientGrants.list({ audience: grant.audience })).data).toEqual([])
})

test('an update of the tenant settings keeps the other settings', async () => {
  const { settings } = tenant.management.tenants
  const before = await settings.get()
  await settings.update({ flags: { enable_sso: true }, default_audience: AUDIENCE })
  expect(await settings.get()).toEqual({
    ...before,
    flags: { ...before.flags, enable_sso: true },
    default_audience: AUDIENCE,
  })
  expect(await settings.get({ fields: 'default_audience' })).toEqual({ default_audience: AUDIENCE })
})

describe('client grants in the Auth0 emulator', () => {
  test('are unique per client, API and subject type', async () => {
    const { clientGrants } = tenant.management
    const clientId = await tenant.registered()
    await tenant.admit(clientId)
    const forPeople = { default_for: 'third_party_clients', subject_type: 'user' } as const
    await clientGrants.create({ audience: AUDIENCE, ...forPeople })
    expect(await refusal(tenant.admit(clientId))).toMatchObject({ statusCode: 409 })
    const lists = [
      { client_id: clientId },
      { default_for: 'third_party_clients' },
      { audience: AUDIENCE, subject_type: 'user' },
      { audience: AUDIENCE, subject_type: 'client' },
    ] as const
    const counts = lists.map(async (query) => (await clientGrants.list(query)).data.length)
    expect(await Promise.all(counts)).toEqual([1, 1, 2, 0])

    const [grant] = (await clientGrants.list({ client_id: clientId })).data
    await clientGrants.update(grant?.id ?? '', { scope: [] })
    expect(await clientGrants.get(grant?.id ?? '')).toEqual({ ...grant, scope: [] })
    await clientGrants.delete(grant?.id ?? '')
    expect((await clientGrants.list({ client_id: clientId })).data).toEqual([])
  })

  test.each([
    ['an unknown scope', 400, { audience: AUDIENCE, scope: ['x'] }],
    ['an unknown API', 404, { audience: 'https://nobody.example' }],
  ])('are rejected for %s', async (_, statusCode, wanted) => {
    const grant = { ...wanted, default_for: 'third_party_clients' } as const
    expect(await refusal(tenant.management.clientGrants.create(grant))).toMatchObject({
      statusCode,
    })
  })

  test('are rejected for users of a system API and of an API with deny_all', async () => {
    const { clientGrants, resourceServers } = tenant.management
    const grant = { default_for: 'third_party_clients', subject_type: 'user' } as const
    const ofSystem = clientGrants.create({ ...grant, audience: `${tenant.issuer}api/v2/` })
    expect(await refusal(ofSystem)).toMatchObject({ statusCode: 400 })
    await resourceServers.update((await tenant.api()).id, {
      subject_type_authorization: { user: { policy: 'deny_all' } },
    })
    const denied = clientGrants.create({ ...grant, audience: AUDIENCE })
    expect(await refusal(denied)).toMatchObject({ statusCode: 400 })
  })
})

describe('clients in the Auth0 emulator', () => {
  test('are created as first-party with every connection and returned without their secret', async () => {
    const { clients, connections } = tenant.management
    const made = await clients.create({ name: 'ChatGPT', callbacks: [CALLBACK] })
    expect(made).toMatchObject({ is_first_party: true, client_secret: expect.any(String) })
    expect(await clients.get(made.client_id ?? '')).not.toHaveProperty('client_secret')
    const enabled = await connections.clients.get(await tenant.connection())
    expect(enabled.data).toEqual([{ client_id: made.client_id }])
    await clients.delete(made.client_id ?? '')
    expect((await connections.clients.get(await tenant.connection())).data).toEqual([])
    expect(await refusal(clients.get(made.client_id ?? ''))).toMatchObject({ statusCode: 404 })
  })

  test('are created as strict if they are third-party', async () => {
    const wanted = { name: 'Theirs', is_first_party: false, callbacks: [CALLBACK] }
    const made = await tenant.management.clients.create(wanted)
    expect(made).toMatchObject({
      client_id: expect.stringMatching(/^tpc_/),
      third_party_security_mode: 'strict',
    })
    const machine = {
      ...wanted,
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'none' as const,
    }
    expect(await refusal(tenant.management.clients.create(machine))).toMatchObject({
      statusCode: 400,
    })
  })

  test.each([
    { is_first_party: true },
    { grant_types: ['client_credentials'] },
    { third_party_security_mode: 'permissive' as const },
    { jwt_configuration: { alg: 'HS256' as const } },
    { allowed_logout_urls: ['https://chatgpt.com/out'] },
    { callbacks: ['https://*.chatgpt.com/'] },
    { refresh_token: { rotation_type: 'rotating', expiration_type: 'non-expiring' } as const },
    {
      refresh_token: {
        rotation_type: 'rotating',
        expiration_type: 'expiring',
        infinite_idle_token_lifetime: true,
      } as const,
    },
  ])('cannot be changed to %j if they are strict', async (changes) => {
    const clientId = await tenant.registered()
    const call = tenant.management.clients.update(clientId, changes)
    expect(await refusal(call)).toMatchObject({ statusCode: 400, errorCode: 'invalid_body' })
  })

  test('merge updates of client_metadata and remove null values', async () => {
    const { clients } = tenant.management
    const clientId = await tenant.registered()
    await clients.update(clientId, { client_metadata: { a: '1', b: '2' } })
    await clients.update(clientId, { client_metadata: { a: null, c: '3' } })
    expect((await clients.get(clientId)).client_metadata).toEqual({ b: '2', c: '3' })
  })

  test('are listed with pages, filters and fields', async () => {
    const { clients } = tenant.management
    const ids = await Promise.all(Array.from({ length: 7 }, () => tenant.registered()))
    const listed = await collect(clients.list({ is_first_party: false, per_page: 3 }))
    expect(listed.map(({ client_id }) => client_id).sort()).toEqual(ids.sort())
    const page = await clients.list({ is_first_party: false, per_page: 3, page: 2 })
    expect(page.response).toMatchObject({ start: 6, limit: 3, total: 7 })
    const fields = { fields: 'client_id', include_fields: true, per_page: 1 }
    expect((await clients.list(fields)).data).toEqual([{ client_id: 'management' }])
  })
})

test('the Management API lists connections by name and strategy and updates them', async () => {
  const { connections } = tenant.management
  const id = await tenant.connection()
  expect((await connections.list({ name: 'none' })).data).toEqual([])
  expect((await connections.list({ strategy: ['google-oauth2'] })).data).toMatchObject([
    { id, strategy: 'google-oauth2', is_domain_connection: false },
  ])
  await connections.update(id, { is_domain_connection: true, display_name: 'Google' })
  expect(await connections.get(id)).toMatchObject({
    is_domain_connection: true,
    display_name: 'Google',
  })

  const ids = await Promise.all(Array.from({ length: 5 }, () => tenant.registered()))
  await connections.clients.update(
    id,
    ids.map((client_id) => ({ client_id, status: true })),
  )
  const enabled = await collect(connections.clients.get(id, { take: 2 }))
  expect(enabled.map(({ client_id }) => client_id)).toEqual(ids)
  const unknown = connections.clients.update(id, [{ client_id: 'nobody', status: true }])
  expect(await refusal(unknown)).toMatchObject({ statusCode: 404 })
})

describe('a Client ID Metadata Document in the Auth0 emulator', () => {
  const url = 'https://chatgpt.com/oauth/client.json'
  const document = {
    client_id: url,
    client_name: 'ChatGPT',
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
  }

  test('is imported once as a strict client that signs in with its URL', async () => {
    const { clients } = tenant.management
    await tenant.admin.change({ cimdDocuments: { [url]: document } })
    const request = { external_client_id: url }
    expect(await clients.previewCimdMetadata(request)).toMatchObject({
      mapped_fields: { name: 'ChatGPT', callbacks: [CALLBACK] },
      validation: { valid: true, violations: [] },
    })
    const { client_id } = await clients.registerCimdClient(request)
    expect((await clients.registerCimdClient(request)).client_id).toBe(client_id)
    expect((await clients.list(request)).data).toMatchObject([
      { client_id, third_party_security_mode: 'strict', token_endpoint_auth_method: 'none' },
    ])
    await tenant.admit(client_id)
    expect((await tenant.connect(url)).refresh_token).toEqual(expect.any(String))
  })

  test.each([
    ['with another client_id', { ...document, client_id: 'https://other.example/client.json' }],
    ['with a shared secret', { ...document, token_endpoint_auth_method: 'client_secret_post' }],
    ['with an empty key set', { ...document, jwks: { keys: [] } }],
    ['without a supported grant type', { ...document, grant_types: ['implicit'] }],
    ['without redirect URIs', { ...document, redirect_uris: [] }],
  ])('is rejected %s', async (_, staged) => {
    await tenant.admin.change({ cimdDocuments: { [url]: staged } })
    const request = { external_client_id: url }
    const preview = await tenant.management.clients.previewCimdMetadata(request)
    expect(preview.validation?.valid).toBe(false)
    const call = tenant.management.clients.registerCimdClient(request)
    expect(await refusal(call)).toMatchObject({ statusCode: 400 })
  })

  test('returns an error in the preview if its URL is not https', async () => {
    const request = { external_client_id: 'http://chatgpt.com/oauth/client.json' }
    expect(await tenant.management.clients.previewCimdMetadata(request)).toEqual({
      errors: ['The URL must be https'],
    })
  })
})
