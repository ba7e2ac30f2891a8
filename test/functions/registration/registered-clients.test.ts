import { describe, expect, test } from 'vitest'
import {
  CALLBACK,
  CHATGPT,
  clientIdIn,
  start,
  writesOf,
} from '../../support/functions/registration.ts'

type Json = Readonly<Record<string, unknown>>

describe('a registration (RFC 7591 s3.2.1)', () => {
  test.each([
    {
      mode: 'strict',
      // The last write sets the leeway of the refresh tokens.
      writes: ['POST /client-grants', 'PATCH /connections/con_1', 'PATCH /clients/ID'],
    },
    {
      mode: 'permissive',
      writes: ['PATCH /clients/ID', 'POST /client-grants', 'PATCH /connections/con_1/clients'],
    },
  ] as const)('is answered after the client is admitted (mode $mode)', async (row) => {
    const registration = await start()
    registration.auth0.setMode(row.mode)
    const before = Math.floor(Date.now() / 1_000)
    const answer = await registration.register()
    expect(answer.status).toBe(201)
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.json()).toEqual({
      ...CHATGPT,
      client_id: clientIdIn(registration),
      client_id_issued_at: expect.any(Number),
    })
    const { client_id_issued_at: issuedAt } = answer.json<{ client_id_issued_at: number }>()
    expect(issuedAt).toBeGreaterThanOrEqual(before)
    expect(issuedAt).toBeLessThanOrEqual(Date.now() / 1_000)
    expect(clientIdIn(registration).startsWith('tpc_')).toBe(row.mode === 'strict')
    expect(writesOf(registration)).toEqual(row.writes)
    expect(registration.api.faults).toEqual([])
  })

  const kept: readonly { name: string; asked: Json; registered: Json }[] = [
    {
      name: 'only redirect URIs',
      asked: { redirect_uris: [CALLBACK] },
      registered: { client_name: 'MCP client' },
    },
    {
      name: 'a client secret, as in older ChatGPT',
      asked: { ...CHATGPT, token_endpoint_auth_method: 'client_secret_post' },
      registered: {},
    },
    {
      name: 'an unsupported grant type',
      asked: { ...CHATGPT, grant_types: ['refresh_token', 'authorization_code', 'device_code'] },
      registered: {},
    },
    {
      name: 'no refresh_token grant type',
      asked: { ...CHATGPT, grant_types: ['authorization_code'] },
      registered: { grant_types: ['authorization_code'] },
    },
    {
      name: 'unsupported members',
      asked: {
        ...CHATGPT,
        application_type: 'web',
        scope: 'openid admin',
        logo_uri: 'https://evil.example/logo.png',
        client_id: 'mine',
        is_first_party: true,
        callbacks: ['https://evil.example/'],
        __proto__: { polluted: true },
      },
      registered: {},
    },
  ]
  test.each(kept)(
    'sends only supported metadata to Auth0: $name',
    async ({ asked, registered }) => {
      const registration = await start()
      const answer = await registration.register(asked)
      expect(answer.status).toBe(201)
      expect(registration.auth0.requests).toEqual([{ ...CHATGPT, ...registered }])
      expect(answer.json()).toMatchObject({
        ...CHATGPT,
        ...registered,
        client_id: clientIdIn(registration),
      })
      expect(answer.json()).not.toHaveProperty('client_secret')
    },
  )

  test.each([400, 403, 409])(
    'grants access to a client whose promotion gets %i',
    async (status) => {
      const registration = await start()
      registration.auth0.setMode('permissive')
      const errorCode = 'operation_not_supported'
      registration.api.fail('PATCH /clients/:id', { status, errorCode })
      expect((await registration.register()).status).toBe(201)
      expect(writesOf(registration)).toEqual([
        'PATCH /clients/ID',
        'POST /client-grants',
        'PATCH /connections/con_1',
        'PATCH /clients/ID',
      ])
      const promotion = `client_promote_http_${status}`
      expect(registration.served.lines).toContainEqual(
        expect.objectContaining({ message: 'client_admitted', way: 'granted', promotion }),
      )
      expect(registration.api.clients.size).toBe(1)
    },
  )

  test('creates no client grant with THIRD_PARTY_ACCESS=open', async () => {
    const registration = await start({ env: { THIRD_PARTY_ACCESS: 'open' } })
    expect((await registration.register()).status).toBe(201)
    expect(writesOf(registration)).toEqual(['PATCH /connections/con_1', 'PATCH /clients/ID'])
  })

  test('is retried after a 404 for the new client', async () => {
    const registration = await start()
    registration.api.fail('GET /clients/:id', { status: 404, times: 1 })
    registration.api.fail('POST /client-grants', { status: 404, times: 2 })
    expect((await registration.register()).status).toBe(201)
    expect(registration.api.grants).toHaveLength(1)
  })
})

describe("Auth0's registration marker", () => {
  const rows = [
    { name: 'type dcr', type: 'dcr', by: 'client', status: 201 },
    { name: 'type cimd created by the client', type: 'cimd', by: 'client', status: 201 },
    { name: 'type cimd created by an administrator', type: 'cimd', by: 'admin', status: 503 },
    { name: 'no marker', status: 201 },
  ] as const
  test.each(rows)('determines the status $status: $name', async ({ status, ...row }) => {
    const registration = await start()
    registration.auth0.changeClients((client) => {
      const { external_metadata_type: _, external_metadata_created_by: __, ...rest } = client
      if (!('type' in row)) return rest
      return { ...rest, external_metadata_type: row.type, external_metadata_created_by: row.by }
    })
    expect((await registration.register()).status).toBe(status)
    // A client that an operator created is not deleted.
    expect(registration.api.clients.size).toBe(1)
    if (status === 201) return
    expect(writesOf(registration)).toEqual([])
    expect(registration.served.lines).toContainEqual(
      expect.objectContaining({
        severity: 'ERROR',
        message: 'registration_left_behind',
        client: clientIdIn(registration),
        code: 'not_dynamic',
      }),
    )
  })
})

test('log lines contain no token, secret, client name or redirect URI', async () => {
  const registration = await start()
  await registration.register({ ...CHATGPT, client_name: 'marker-name' })
  await registration.register({ ...CHATGPT, redirect_uris: ['https://marker.example/'] })
  expect(registration.served.lines.length).toBeGreaterThan(1)
  expect(JSON.stringify(registration.served.lines)).not.toMatch(/marker|a-management-/)
})
