import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type AdmissionOptions, createAdmission } from '../../shared/auth0/admission.ts'
import { AdmissionError } from '../../shared/auth0/admission-error.ts'
import { createManagement } from '../../shared/auth0/management.ts'
import { createRedirectUriPolicy } from '../../shared/auth0/redirect-uris.ts'
import { ROTATING_REFRESH_TOKEN } from '../../shared/auth0/registered-client.ts'
import {
  type FakeClient,
  type ManagementApi,
  MGMT_CLIENT_ID,
  MGMT_CLIENT_SECRET,
  startManagementApi,
} from '../support/auth0/management-api.ts'

const AUDIENCE = 'https://mcp.test/mcp'
const PERMISSIVE: FakeClient = {
  client_id: 'plain1',
  name: 'ChatGPT',
  callbacks: ['https://chatgpt.com/cb'],
  is_first_party: false,
  third_party_security_mode: 'permissive',
}
const STRICT: FakeClient = {
  ...PERMISSIVE,
  client_id: 'tpc_1',
  third_party_security_mode: 'strict',
}
const FOREIGN = ['https://evil.example/cb']
/** As a promotion by an earlier version leaves a client. */
const PROMOTED = {
  is_first_party: true,
  token_endpoint_auth_method: 'none',
  oidc_conformant: true,
  grant_types: ['authorization_code', 'refresh_token'],
  jwt_configuration: { alg: 'RS256' },
}
/** Of Auth0's OpenAPI document, for another entity. */
const LIMIT_OF_DOCUMENT = 'You reached the limit of entities of this type for this tenant.'
const REFUSALS = [
  { status: 400, errorCode: 'invalid_body' },
  { status: 403, errorCode: 'operation_not_supported', message: 'Ownership cannot be changed' },
  { status: 409, errorCode: 'conflict' },
]

let api: ManagementApi
// Loading it takes long on a busy machine.
beforeAll(async () => void (await import('auth0')))
beforeEach(async () => {
  api = await startManagementApi()
  for (const [name, id] of Object.entries({ 'google-oauth2': 'con_1', corp: 'con_2' })) {
    api.connections.add({ id, name })
  }
  for (const client of [STRICT, PERMISSIVE]) api.clients.set(client.client_id, client)
})
afterEach(async () => {
  expect(api.faults).toEqual([])
  await api[Symbol.asyncDispose]()
})

function admission(options: Partial<AdmissionOptions> = {}) {
  const credentials = { clientId: MGMT_CLIENT_ID, clientSecret: MGMT_CLIENT_SECRET }
  return createAdmission({
    management: createManagement({ domain: api.domain, ...credentials }),
    mayRedirectTo: createRedirectUriPolicy(['https://chatgpt.com/cb']),
    policy: 'admit',
    connections: ['google-oauth2'],
    audience: AUDIENCE,
    scopes: ['events:read'],
    readDelaysMs: [],
    ...options,
  })
}

function changeTo(client: FakeClient, changes: Partial<FakeClient>): void {
  api.clients.set(client.client_id, { ...client, ...changes })
}

function writes(): string[] {
  const made = api.calls.filter(({ method }) => method !== 'GET')
  api.calls.length = 0
  return made.map(({ method, path }) => `${method} ${path}`)
}

const TOKENS = 'PATCH /clients/plain1'
const OTHER_WAY = [
  'PATCH /clients/plain1',
  'POST /client-grants',
  'PATCH /connections/con_1',
  TOKENS,
]

describe('the leeway of a strict client', () => {
  const tokens = { ...ROTATING_REFRESH_TOKEN, leeway: 0, token_lifetime: 60 }
  const UPDATE = 'PATCH /clients/tpc_1'

  test('is set where its refresh tokens rotate without one; the rest stays', async () => {
    changeTo(STRICT, { refresh_token: tokens })
    expect(await admission()('tpc_1')).toMatchObject({ outcome: 'admitted', way: 'granted' })
    expect(api.clients.get('tpc_1')).toMatchObject({ refresh_token: { ...tokens, leeway: 30 } })
    expect(writes()).toContain(UPDATE)
    expect(await admission()('tpc_1')).toMatchObject({ outcome: 'already_admitted' })
    expect(writes()).toEqual([])
  })

  test.each([
    { name: 'there is one', changes: { ...tokens, leeway: 5 } },
    {
      name: 'its refresh tokens do not rotate',
      changes: { ...tokens, rotation_type: 'non-rotating' },
    },
  ])('stays where $name', async ({ changes }) => {
    changeTo(STRICT, { refresh_token: changes })
    await admission()('tpc_1')
    expect(writes()).not.toContain(UPDATE)
  })

  test.each([400, 403, 404, 409, 422])('stays where Auth0 refuses it: %i', async (status) => {
    changeTo(STRICT, { refresh_token: tokens })
    api.fail('PATCH /clients/:id', { status, errorCode: 'operation_not_supported' })
    expect(await admission()('tpc_1')).toMatchObject({ outcome: 'admitted', way: 'granted' })
  })

  test('is set by the next delivery where Auth0 fails', async () => {
    changeTo(STRICT, { refresh_token: tokens })
    api.fail('PATCH /clients/:id', { status: 500, headers: { 'retry-after': '600' } })
    await expect(admission()('tpc_1')).rejects.toMatchObject({
      code: 'client_update_http_500',
      passing: true,
    })
    api.mended()
    expect(await admission()('tpc_1')).toMatchObject({ outcome: 'admitted' })
    expect(api.clients.get('tpc_1')).toMatchObject({ refresh_token: { leeway: 30 } })
  })
})

describe('a promotion that Auth0 refuses', () => {
  test.each(REFUSALS)('with $status: the client is served the other way', async (refusal) => {
    api.fail('PATCH /clients/:id', refusal)
    expect(await admission()('plain1')).toEqual({
      outcome: 'admitted',
      way: 'granted',
      promotion: `client_promote_http_${refusal.status}`,
      clientName: 'ChatGPT',
      mode: 'permissive',
    })
    expect(writes()).toEqual(OTHER_WAY)
    expect(api.grants).toMatchObject([{ client_id: 'plain1', subject_type: 'user' }])
    expect(api.connections.get('google-oauth2')?.is_domain_connection).toBe(true)
  })

  test('is not tried again by a redelivery, even one that another instance handles', async () => {
    api.fail('PATCH /clients/:id', { status: 400, member: 'is_first_party' })
    await admission()('plain1')
    writes()
    api.mended()
    const again = await admission()('plain1')
    expect(again).toMatchObject({ outcome: 'already_admitted', way: 'granted' })
    expect(again).not.toHaveProperty('promotion')
    expect(writes()).toEqual([])
  })

  test('leaves the client with refresh tokens that rotate and expire, where Auth0 lets it', async () => {
    api.fail('PATCH /clients/:id', { status: 400, member: 'is_first_party' })
    await admission()('plain1')
    expect(api.clients.get('plain1')).toMatchObject({
      is_first_party: false,
      refresh_token: ROTATING_REFRESH_TOKEN,
    })
  })

  test.each([400, 403, 404, 409, 422])(
    'is served all the same when its tokens stay as they are: %i',
    async (status) => {
      api.fail('PATCH /clients/:id', { status: 400, times: 1 })
      await admission()('plain1')
      writes()
      const { refresh_token: _, ...client } = api.clients.get('plain1') ?? PERMISSIVE
      api.clients.set('plain1', client)
      api.fail('PATCH /clients/:id', { status, errorCode: 'operation_not_supported' })
      expect(await admission()('plain1')).toMatchObject({ outcome: 'already_admitted' })
      expect(writes()).toEqual([TOKENS])
    },
  )

  test('what was half done the other way is completed, without another promotion', async () => {
    api.fail('PATCH /clients/:id', { status: 400 })
    api.fail('PATCH /connections/:id', { status: 500, headers: { 'retry-after': '600' } })
    await expect(admission()('plain1')).rejects.toMatchObject({
      code: 'conn_enable_http_500',
      promotion: 'client_promote_http_400',
      done: ['grant_create'],
      passing: true,
    })
    writes()
    api.mended()
    expect(await admission()('plain1')).toMatchObject({ outcome: 'admitted', way: 'granted' })
    expect(writes()).toEqual(['PATCH /connections/con_1', TOKENS])
  })

  test('is tried again as long as nothing has been granted', async () => {
    api.fail('PATCH /clients/:id', { status: 409 })
    api.fail('POST /client-grants', { status: 400 })
    const failed = admission()('plain1')
    await expect(failed).rejects.toBeInstanceOf(AdmissionError)
    await expect(failed).rejects.toMatchObject({
      code: 'grant_create_http_400',
      promotion: 'client_promote_http_409',
    })
    writes()
    api.mended()
    expect(await admission()('plain1')).toMatchObject({ outcome: 'admitted', way: 'promoted' })
    expect(writes()).toEqual([
      'PATCH /clients/plain1',
      'POST /client-grants',
      'PATCH /connections/con_1/clients',
    ])
  })

  test.each([
    { errorCode: 'insufficient_scope' },
    { errorCode: 'forbidden', message: 'Insufficient scope; expected any of: update:clients.' },
  ])('is not one when the scope is missing: %j', async (body) => {
    api.fail('PATCH /clients/:id', { status: 403, ...body })
    await expect(admission()('plain1')).rejects.toMatchObject({
      code: 'client_promote_http_403',
      missingScope: 'update:clients',
      passing: true,
    })
    expect(writes()).toEqual(['PATCH /clients/plain1'])
  })

  test.each([401, 404, 422, 500])('is not one at %i', async (status) => {
    api.fail('PATCH /clients/:id', { status, headers: { 'retry-after': '600' } })
    await expect(admission()('plain1')).rejects.toMatchObject({
      code: `client_promote_http_${status}`,
    })
    expect(new Set(writes())).toEqual(new Set(['PATCH /clients/plain1']))
  })
})

test('a conflict without a grant is a failure, and is named', async () => {
  api.fail('POST /client-grants', { status: 409 })
  await expect(admission()('tpc_1')).rejects.toMatchObject({ code: 'grant_create_http_409' })
})

describe('the limit of client grants', () => {
  const limit = { errorCode: 'too_many_entities', message: 'You reached the limit of entities.' }

  test.each([limit, { ...limit, errorCode: 'forbidden', message: LIMIT_OF_DOCUMENT }])(
    'is not taken for a missing scope, and not tried again: %j',
    async (body) => {
      api.fail('POST /client-grants', { status: 403, ...body })
      await expect(admission()('tpc_1')).rejects.toMatchObject({
        code: 'grant_create_http_403',
        limitReached: 'client grants',
        missingScope: undefined,
        passing: false,
      })
    },
  )

  test('is not what another 403 says', async () => {
    api.fail('POST /client-grants', { status: 403, errorCode: 'operation_not_supported' })
    await expect(admission()('tpc_1')).rejects.toMatchObject({
      limitReached: undefined,
      missingScope: undefined,
      passing: true,
    })
  })
})

describe('open access', () => {
  const open = () => admission({ thirdPartyAccess: 'open' })

  test.each([
    { id: 'tpc_1', made: ['PATCH /connections/con_1'], way: 'granted' },
    {
      id: 'plain1',
      made: ['PATCH /clients/plain1', 'PATCH /connections/con_1/clients'],
      way: 'promoted',
    },
  ])('gives $id no grant of its own', async ({ id, made, way }) => {
    expect(await open()(id)).toMatchObject({ outcome: 'admitted', way })
    expect(writes()).toEqual(made)
    expect(await open()(id)).toMatchObject({ outcome: 'already_admitted', way })
    expect(writes()).toEqual([])
  })

  test('serves a client whose promotion is refused at domain level, once', async () => {
    api.fail('PATCH /clients/:id', { status: 400 })
    expect(await open()('plain1')).toMatchObject({ outcome: 'admitted', way: 'granted' })
    expect(writes()).toEqual(['PATCH /clients/plain1', 'PATCH /connections/con_1', TOKENS])
    api.mended()
    expect(await open()('plain1')).toMatchObject({ outcome: 'admitted', way: 'granted' })
    expect(writes()).toEqual([TOKENS])
    expect(await open()('plain1')).toMatchObject({ outcome: 'already_admitted', way: 'granted' })
    expect(writes()).toEqual([])
  })

  test('promotes unless every connection is at domain level', async () => {
    Object.assign(api.connections.get('google-oauth2') ?? {}, { is_domain_connection: true })
    const connections = ['google-oauth2', 'corp']
    const admit = admission({ thirdPartyAccess: 'open', connections })
    expect(await admit('plain1')).toMatchObject({ way: 'promoted' })
  })
})

describe('a client that is promoted already', () => {
  const tokens = {
    rotation_type: 'non-rotating',
    expiration_type: 'non-expiring',
    infinite_token_lifetime: true,
  }
  const marked = { external_metadata_type: 'dcr', external_metadata_created_by: 'client' }

  test.each([
    { name: 'of an earlier version', changes: { ...PROMOTED } },
    { name: 'of an earlier version, with the marker', changes: { ...PROMOTED, ...marked } },
    { name: 'whose tokens never expire', changes: { ...PROMOTED, refresh_token: tokens } },
  ])('$name gets the grant and tokens that rotate and expire', async ({ changes }) => {
    changeTo(PERMISSIVE, changes)
    expect(await admission()('plain1')).toMatchObject({ outcome: 'admitted', way: 'promoted' })
    expect(api.calls.find(({ method }) => method === 'PATCH')?.body).toEqual({
      refresh_token: ROTATING_REFRESH_TOKEN,
    })
    expect(writes()).toEqual([
      'PATCH /clients/plain1',
      'POST /client-grants',
      'PATCH /connections/con_1/clients',
    ])
    expect(await admission()('plain1')).toMatchObject({ outcome: 'already_admitted' })
    expect(writes()).toEqual([])
  })

  test.each([
    {
      name: 'other lifetimes',
      changes: { refresh_token: { ...ROTATING_REFRESH_TOKEN, leeway: 0 } },
    },
    { name: 'another grant type', changes: { ...marked, grant_types: ['authorization_code'] } },
  ])('keeps $name that an operator has set', async ({ changes }) => {
    changeTo(PERMISSIVE, { ...PROMOTED, ...changes })
    expect(await admission()('plain1')).toMatchObject({ outcome: 'admitted', way: 'promoted' })
    expect(writes()).toEqual(['POST /client-grants', 'PATCH /connections/con_1/clients'])
  })

  test('stays so when Auth0 refuses the change of its tokens', async () => {
    changeTo(PERMISSIVE, PROMOTED)
    api.fail('PATCH /clients/:id', { status: 400 })
    expect(await admission()('plain1')).toMatchObject({
      outcome: 'admitted',
      way: 'promoted',
      promotion: 'client_promote_http_400',
    })
    expect(api.connections.get('google-oauth2')?.is_domain_connection).toBe(false)
  })
})

describe("Auth0's marker", () => {
  const dcr = { external_metadata_type: 'dcr', external_metadata_created_by: 'client' }
  const selfCimd = { external_metadata_type: 'cimd', external_metadata_created_by: 'client' }
  const imported = { external_metadata_type: 'cimd', external_metadata_created_by: 'admin' }
  const withoutUsers = { grant_types: ['client_credentials'] }

  test.each<{ name: string; changes: Partial<FakeClient>; outcome: string }>([
    { name: 'dcr', changes: dcr, outcome: 'admitted' },
    {
      name: 'dcr without its maker',
      changes: { external_metadata_type: 'dcr' },
      outcome: 'admitted',
    },
    { name: 'dcr, whatever its grants', changes: { ...dcr, ...withoutUsers }, outcome: 'admitted' },
    { name: 'cimd by itself', changes: selfCimd, outcome: 'admitted' },
    { name: 'cimd by an administrator', changes: imported, outcome: 'refused' },
    {
      name: 'cimd without its maker',
      changes: { external_metadata_type: 'cimd' },
      outcome: 'refused',
    },
    {
      name: 'one that is not documented',
      changes: { external_metadata_type: 'x' },
      outcome: 'refused',
    },
    { name: 'none', changes: {}, outcome: 'admitted' },
    { name: 'none, without users', changes: withoutUsers, outcome: 'refused' },
  ])('$name: $outcome', async ({ changes, outcome }) => {
    for (const client of [PERMISSIVE, STRICT]) {
      changeTo(client, changes)
      expect((await admission()(client.client_id)).outcome).toBe(outcome)
    }
    if (outcome === 'refused') expect(writes()).toEqual([])
  })

  test.each<{ name: string; changes: Partial<FakeClient>; outcome: string }>([
    { name: 'dcr', changes: dcr, outcome: 'deleted' },
    { name: 'cimd by itself', changes: selfCimd, outcome: 'deleted' },
    { name: 'dcr, as a promotion leaves it', changes: { ...dcr, ...PROMOTED }, outcome: 'deleted' },
    {
      name: 'dcr, taken over by an operator',
      changes: { ...dcr, ...PROMOTED, token_endpoint_auth_method: 'client_secret_post' },
      outcome: 'refused',
    },
    { name: 'cimd by an administrator', changes: imported, outcome: 'refused' },
    { name: 'none', changes: {}, outcome: 'deleted' },
    { name: 'none, first-party', changes: { is_first_party: true }, outcome: 'refused' },
  ])('enforce, a foreign client with $name: $outcome', async ({ changes, outcome }) => {
    changeTo(PERMISSIVE, { callbacks: FOREIGN, ...changes })
    expect((await admission({ policy: 'enforce' })('plain1')).outcome).toBe(outcome)
    expect(api.clients.has('plain1')).toBe(outcome !== 'deleted')
  })

  test('a client that registered itself by its document is strict, whatever its id', async () => {
    const { third_party_security_mode: _, ...client } = PERMISSIVE
    api.clients.set('plain1', { ...client, ...selfCimd })
    expect(await admission()('plain1')).toMatchObject({ mode: 'strict', way: 'granted' })
    expect(writes()).toEqual(['POST /client-grants', 'PATCH /connections/con_1'])
  })

  test('a guessed registration counts for such a client alone', async () => {
    const guess = (id: string) => admission()(id, undefined, { isGuess: true })
    for (const changes of [dcr, imported, {}]) {
      changeTo(STRICT, changes)
      expect(await guess('tpc_1')).toMatchObject({
        outcome: 'ignored',
        reason: 'not_self_registered',
      })
    }
    expect(writes()).toEqual([])
    changeTo(STRICT, selfCimd)
    expect(await guess('tpc_1')).toMatchObject({ outcome: 'admitted', way: 'granted' })
  })
})
