import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import { refusal, tenantForThisFile } from '../../support/auth0/local-tenant.ts'

const DOCUMENT_URL = 'https://chatgpt.com/oauth/client.json'

const tenant = await tenantForThisFile()

const change = (management: object) => tenant.admin.change({ management })
const listClients = () => tenant.management.clients.list()

async function token(): Promise<Response> {
  return fetch(`${tenant.issuer}oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: 'management',
      client_secret: 'secret-of-the-management-client',
      audience: `${tenant.issuer}api/v2/`,
    }),
  })
}

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const { access_token } = (await (await token()).json()) as { readonly access_token: string }
  const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' }
  return fetch(`${tenant.issuer}api/v2${path}`, { ...init, headers })
}

describe('a staged network failure of the Management API', () => {
  const create = (name: string) =>
    call('/clients', { method: 'POST', body: JSON.stringify({ name, app_type: 'regular_web' }) })
  const names = async () => (await tenant.admin.state()).clients.map(({ name }) => name)

  test('prevents the next call after the given number of calls', async () => {
    await change({ breakAfter: { calls: 1 } })
    expect((await create('first')).status).toBe(201)
    await expect(create('second')).rejects.toThrow()
    expect(await names()).toEqual(['first'])
    await change({ breakAfter: null })
    expect((await create('third')).status).toBe(201)
  })

  test('loses the response to the last call, which is carried out', async () => {
    await change({ breakAfter: { calls: 1, losesAnswer: true } })
    await expect(create('first')).rejects.toThrow()
    await expect(create('second')).rejects.toThrow()
    expect(await names()).toEqual(['first'])
  })
})

describe('a staged failure of a Management API call', () => {
  test('has the staged header fields', async () => {
    const headers = { 'retry-after': '7' }
    await change({ fail: { method: 'GET', path: '/clients', status: 429, headers } })
    const answer = await call('/clients')
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '7'])
  })

  test('can have the status 200, as from a proxy', async () => {
    await change({ fail: { method: 'GET', path: '/clients', status: 200, message: 'a proxy' } })
    const answer = await call('/clients')
    expect([answer.status, await answer.json()]).toEqual([
      200,
      expect.objectContaining({ message: 'a proxy' }),
    ])
  })

  test('can affect only calls whose body has the given member', async () => {
    const clientId = await tenant.registered()
    const fail = { method: 'PATCH', path: '/clients/{id}', status: 409, member: 'description' }
    await change({ fail })
    const patch = (body: object) =>
      call(`/clients/${clientId}`, { method: 'PATCH', body: JSON.stringify(body) })
    expect((await patch({ description: 'x' })).status).toBe(409)
    expect((await patch({ name: 'x' })).status).toBe(200)
  })

  test('can affect the token request', async () => {
    await change({ fail: { method: 'POST', path: '/oauth/token', status: 403 } })
    const refused = await token()
    expect([refused.status, await refused.json()]).toEqual([
      403,
      expect.objectContaining({ error: 'access_denied' }),
    ])
    await change({ fail: null })
    expect((await token()).status).toBe(200)
  })
})

test('namesScopes false removes the scope from tokens and token responses', async () => {
  await change({ namesScopes: false })
  const answer = (await (await token()).json()) as { readonly access_token: string }
  expect(answer).not.toHaveProperty('scope')
  expect(decodeJwt(answer.access_token)).not.toHaveProperty('scope')
  await expect(listClients()).resolves.toBeDefined()
})

test('a log stream keeps its secret while the secret is masked', async () => {
  const { logStreams } = tenant.management
  const sink = { httpEndpoint: 'https://a.example/hook', httpAuthorization: 'Bearer hidden' }
  const { id = '' } = await logStreams.create({ type: 'http', sink })
  const secrets = async () => JSON.stringify([await logStreams.get(id), await logStreams.list()])
  await tenant.admin.change({ logStreamSecrets: 'masked' })
  expect(await secrets()).not.toContain('hidden')
  await tenant.admin.change({ logStreamSecrets: 'shown' })
  expect(await secrets()).toContain('hidden')
})

test('an import with staged violations creates no client after a valid preview', async () => {
  const { clients } = tenant.management
  const request = { external_client_id: DOCUMENT_URL }
  const document = {
    client_id: DOCUMENT_URL,
    client_name: 'ChatGPT',
    redirect_uris: ['https://chatgpt.com/connector_platform_oauth_redirect'],
    grant_types: ['authorization_code'],
  }
  const cimdDocuments = { [DOCUMENT_URL]: document }
  await tenant.admin.change({ cimdDocuments, cimdViolations: ['not today'] })
  expect(await clients.previewCimdMetadata(request)).toMatchObject({ validation: { valid: true } })
  expect(await clients.registerCimdClient(request)).toMatchObject({
    validation: { valid: false, violations: ['not today'] },
  })
  expect((await clients.list(request)).data).toEqual([])
})

test('an update of a connection resets realms and display name if they are missing', async () => {
  const { connections } = tenant.management
  const id = await tenant.connection()
  const own = { display_name: 'Staff', realms: ['example.com'] }
  await connections.update(id, own)
  expect(await connections.get(id)).toMatchObject(own)
  await connections.update(id, { is_domain_connection: true })
  expect(await connections.get(id)).toMatchObject({
    display_name: 'google-oauth2',
    realms: ['google-oauth2'],
  })
})

test('an unknown client or endpoint gets a 404', async () => {
  expect(await refusal(tenant.management.clients.get('none'))).toMatchObject({ statusCode: 404 })
  expect((await call('/no-such-endpoint')).status).toBe(404)
})

describe('a staged failure of dynamic registration', () => {
  const stage = (registration: object) => tenant.admin.change({ registration })
  const count = async () => (await tenant.admin.state()).clients.length

  test('returns the staged response and registers no client', async () => {
    const answer = { status: 429, body: { error: 'x' }, headers: { 'retry-after': '9' } }
    await stage({ answer })
    const refused = await tenant.register()
    expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toEqual([
      429,
      '9',
      { error: 'x' },
    ])
    expect(await count()).toBe(0)
    await stage({ answer: null })
    expect((await tenant.register()).status).toBe(201)
  })

  test.each([
    ['before', 0],
    ['afterwards', 1],
  ])(
    'closes the connection before or after the registration is carried out: %s',
    async (breaks, clients) => {
      await stage({ breaks })
      await expect(tenant.register()).rejects.toThrow()
      expect(await count()).toBe(clients)
    },
  )
})
