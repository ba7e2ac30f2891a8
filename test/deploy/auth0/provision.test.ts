import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PlanItem } from '../../../deploy/auth0/plan/item.ts'
import { PROVISION_SCOPES } from '../../../deploy/kit/management-scopes.ts'
import {
  LOG_WEBHOOK_SECRET,
  MGMT_CLIENT_SECRET,
  type ProvisionOptions,
  type ProvisionRun,
  provision,
  variables,
} from '../../support/auth0/provision.ts'
import { startTenantApi, type TenantApi } from '../../support/auth0/tenant-api.ts'
import { CLI, withoutProgress } from '../../support/command-line.ts'

const AUDIENCE = 'https://mcp.example.com/mcp'
const ENDPOINT = 'https://mcp.example.com/auth0-log-webhook'
const SCOPES = ['events:read', 'events:write']
const REDIRECT_URI = 'https://chatgpt.com/connector/oauth/abc123'
const OPEN = { THIRD_PARTY_ACCESS: 'open' }
const ENCRYPTION_KEY = { alg: 'RSA-OAEP-256', pem: '-----BEGIN PUBLIC KEY-----' }
const CIMD_URL = 'https://chatgpt.com/oauth/client.json'

let api: TenantApi

beforeEach(async () => {
  api = await startTenantApi()
})

afterEach(async () => {
  expect(api.faults).toEqual([])
  await api[Symbol.asyncDispose]()
})

function run(
  args: readonly string[] = [],
  options: Omit<ProvisionOptions, 'domain'> = {},
): Promise<ProvisionRun> {
  return provision({ domain: api.domain, args, ...options })
}

async function planned(args: readonly string[] = [], env = {}): Promise<PlanItem[]> {
  const { stdout } = await run([...args, '--json'], { env })
  return JSON.parse(stdout).items
}

async function applied(args: readonly string[] = [], env = {}): Promise<ProvisionRun> {
  const result = await run([...args, '--apply'], { env })
  expect(result).toMatchObject({ exitCode: 0, stderr: '' })
  return result
}

const apiOf = () => api.tenant.apis.find(({ identifier }) => identifier === AUDIENCE)
const streamOf = () => api.tenant.streams.find(({ sink }) => Object(sink).httpEndpoint === ENDPOINT)
const grantOf = () => api.tenant.grants.find(({ default_for }) => default_for !== undefined)
const connectionOf = (name: string) => api.tenant.connections.find((one) => one['name'] === name)

describe('an empty tenant', () => {
  test('the plan names all that is missing, changes nothing and exits 0', async () => {
    const before = structuredClone(api.tenant)
    const { exitCode, stdout } = await run()

    expect(exitCode).toBe(0)
    expect(api.writes).toEqual([])
    expect(api.tenant).toEqual(before)
    expect(stdout).toContain(`+ create  api  ${AUDIENCE}`)
    expect(stdout).toContain('~ resource_parameter_profile: audience -> compatibility')
    expect(stdout).toContain(`+ create  log-stream  ${ENDPOINT}`)
    expect(stdout).toContain('+ create  role  Tools at mcp.example.com')
    expect(stdout).not.toContain('create  client-grant')
    expect(stdout).toContain('~ is_domain_connection: false -> true')
    expect(stdout).toContain('+ flags.enable_dynamic_client_registration: true')
    expect(stdout).toContain('run the command again with --apply')
  })

  test('--apply brings it to the state that the system needs', async () => {
    await applied()

    expect(apiOf()).toMatchObject({
      identifier: AUDIENCE,
      signing_alg: 'RS256',
      enforce_policies: true,
      token_dialect: 'rfc9068_profile_authz',
      allow_offline_access: true,
      scopes: [
        { value: 'events:read', description: 'Tools: listEvents, summarizeEvents' },
        { value: 'events:write', description: 'Tools: addEvent, summarizeEvents' },
      ],
      subject_type_authorization: { user: { policy: 'require_client_grant' } },
      token_lifetime: 3_600,
    })
    expect(api.tenant.settings).toMatchObject({
      flags: { enable_dynamic_client_registration: true, enable_client_connections: true },
      resource_parameter_profile: 'compatibility',
    })
    expect(api.state.mode).toBe('strict')
    expect(connectionOf('google-oauth2')).toMatchObject({ is_domain_connection: true })
    expect(grantOf()).toBeUndefined()
    expect(streamOf()).toMatchObject({
      type: 'http',
      status: 'active',
      filters: [{ type: 'category', name: 'management.success' }],
      sink: {
        httpEndpoint: ENDPOINT,
        httpContentFormat: 'JSONARRAY',
        httpContentType: 'application/json',
        httpAuthorization: `Bearer ${LOG_WEBHOOK_SECRET}`,
      },
    })
  })

  test('a second run plans nothing and calls nothing that changes', async () => {
    await applied()
    const writes = api.writes.length
    const items = await planned()

    expect(new Set(items.map(({ action }) => action))).toEqual(new Set(['keep']))
    expect((await run(['--apply'])).stdout).toContain('Nothing to do')
    expect(api.writes).toHaveLength(writes)
  })

  test('one token serves a whole run', async () => {
    await applied()
    expect(api.tokenRequests).toHaveLength(1)
  })

  test('registration is opened last, when everything else is in place', async () => {
    await applied()
    expect(api.writes.at(-1)).toEqual({
      method: 'PATCH',
      path: '/tenants/settings',
      body: { flags: { enable_dynamic_client_registration: true } },
    })
    expect(api.writes.map(({ path }) => path)).toEqual([
      '/resource-servers',
      '/tenants/settings',
      '/log-streams',
      '/connections/con_google',
      '/roles',
      expect.stringMatching(/^\/roles\/.*\/permissions$/),
      '/tenants/settings',
    ])
  })

  test('what belongs to others is as it was', async () => {
    const before = structuredClone(api.tenant)
    await applied()
    for (const name of ['apis', 'grants', 'streams', 'clients'] as const) {
      expect(api.tenant[name]).toEqual(expect.arrayContaining([...before[name]]))
    }
    expect(connectionOf('other')).toEqual(before.connections[1])
    expect(api.enabledOf('google-oauth2')).toEqual(['other'])
    expect(api.tenant.settings).toMatchObject({
      friendly_name: 'Example',
      flags: before.settings.flags,
    })
  })

  test('a mode that the tenant does not show is not sent', async () => {
    api.setModeSetting('absent')
    await applied()
    expect(JSON.stringify(api.writes)).not.toContain('dynamic_client_registration_security_mode')
    expect((await run()).stdout).toContain('Nothing to do')
  })

  test('no secret is printed, in text or in JSON', async () => {
    const texts = [await run(), await run(['--json']), await run(['--export']), await applied()]
    for (const { stdout, stderr } of texts) {
      expect(stdout + stderr).not.toContain(LOG_WEBHOOK_SECRET)
      expect(stdout + stderr).not.toContain(MGMT_CLIENT_SECRET)
    }
  })
})

describe('a permissive tenant', () => {
  beforeEach(() => {
    api.state.mode = 'permissive'
  })

  test('stays so, and its connections are not opened to every client that registers', async () => {
    await applied()
    expect(api.state.mode).toBe('permissive')
    expect(connectionOf('google-oauth2')).toMatchObject({ is_domain_connection: false })
    expect(grantOf()).toBeUndefined()
    expect((await run()).stdout).toContain('Nothing to do')
  })

  test('a connection at domain level is reported and left alone', async () => {
    Object.assign(connectionOf('google-oauth2') ?? {}, { is_domain_connection: true })
    await applied()
    const items = await planned()
    expect(items.find(({ area }) => area === 'connection')).toMatchObject({ action: 'report' })
    expect(connectionOf('google-oauth2')).toMatchObject({ is_domain_connection: true })
  })

  test.each(['require_client_grant', 'allow_all'])(
    'an API keeps its policy %s: other applications may use it',
    async (policy) => {
      await applied()
      const subject_type_authorization = { user: { policy }, client: { policy: 'deny_all' } }
      Object.assign(apiOf() ?? {}, { subject_type_authorization })
      const writes = api.writes.length
      await applied()
      expect(api.writes).toHaveLength(writes)
    },
  )

  test('allow_all is reported where a connection is at domain level', async () => {
    await applied()
    const subject_type_authorization = { user: { policy: 'allow_all' } }
    Object.assign(apiOf() ?? {}, { subject_type_authorization })
    expect((await planned()).filter(({ area }) => area === 'api')).toHaveLength(1)
    Object.assign(connectionOf('google-oauth2') ?? {}, { is_domain_connection: true })
    expect((await planned()).filter(({ area }) => area === 'api')).toContainEqual(
      expect.objectContaining({ action: 'report', why: expect.stringContaining('allow_all') }),
    )
  })
})

describe('a tenant that has gone astray', () => {
  beforeEach(() => applied())

  const DRIFT: readonly (readonly [string, () => object | undefined, object, object])[] = [
    ['HS256', apiOf, { signing_alg: 'HS256' }, { signing_alg: 'RS256' }],
    ['RBAC off', apiOf, { enforce_policies: false }, { enforce_policies: true }],
    [
      'a dialect without permissions',
      apiOf,
      { token_dialect: 'access_token' },
      { token_dialect: 'rfc9068_profile_authz' },
    ],
    ['no refresh tokens', apiOf, { allow_offline_access: false }, { allow_offline_access: true }],
    [
      'encrypted tokens',
      apiOf,
      { token_encryption: { format: 'compact-nested-jwe', encryption_key: ENCRYPTION_KEY } },
      { token_encryption: null },
    ],
    [
      'tokens bound to a key',
      apiOf,
      { proof_of_possession: { mechanism: 'dpop', required: true } },
      { proof_of_possession: null },
    ],
    [
      'an API that denies people',
      apiOf,
      { subject_type_authorization: { user: { policy: 'deny_all' } } },
      { subject_type_authorization: { user: { policy: 'require_client_grant' } } },
    ],
    [
      'the audience profile',
      () => api.tenant.settings,
      { resource_parameter_profile: 'audience' },
      { resource_parameter_profile: 'compatibility' },
    ],
    [
      'registration off',
      () => api.tenant.settings,
      { flags: { enable_dynamic_client_registration: false } },
      { flags: { enable_dynamic_client_registration: true } },
    ],
    [
      'a connection of its own',
      () => connectionOf('google-oauth2'),
      { is_domain_connection: false },
      { is_domain_connection: true },
    ],
    ['a paused log stream', streamOf, { status: 'paused' }, { status: 'active' }],
    ['a suspended log stream', streamOf, { status: 'suspended' }, { status: 'active' }],
    [
      'a log stream that sends everything',
      streamOf,
      { filters: [] },
      { filters: [{ type: 'category', name: 'management.success' }] },
    ],
    [
      'a log stream that sends something else',
      streamOf,
      { filters: [{ type: 'category', name: 'auth.login.fail' }] },
      { filters: [{ type: 'category', name: 'management.success' }] },
    ],
  ]

  test.each(DRIFT)(
    '%s: one change with only that field, then none',
    async (_, thing, drift, mend) => {
      Object.assign(thing() ?? {}, drift)
      const changes = (await planned()).filter(({ action }) => action === 'change')
      expect(changes).toHaveLength(1)
      const writes = api.writes.length
      await applied()

      expect(api.writes.slice(writes).map(({ body }) => body)).toEqual([mend])
      expect(thing()).toMatchObject(mend)
      expect((await run(['--apply'])).stdout).toContain('Nothing to do')
    },
  )

  test('the audience profile is shown before and after', async () => {
    api.tenant.settings['resource_parameter_profile'] = 'audience'
    const change = (await planned()).find(({ action }) => action === 'change')
    expect(change).toMatchObject({
      area: 'tenant',
      changes: [
        { field: 'resource_parameter_profile', before: 'audience', after: 'compatibility' },
      ],
      why: expect.stringContaining('RFC 8707'),
      where: expect.stringMatching(/./),
    })
  })

  test('the whole sink is sent when a part of it differs, custom headers kept', async () => {
    const sink = Object(streamOf()?.['sink'])
    sink.httpContentFormat = 'JSONLINES'
    sink.httpCustomHeaders = [{ header: 'x-env', value: 'prod' }]
    await applied()
    expect(api.writes.at(-1)?.body).toEqual({
      sink: {
        httpEndpoint: ENDPOINT,
        httpContentFormat: 'JSONARRAY',
        httpContentType: 'application/json',
        httpAuthorization: `Bearer ${LOG_WEBHOOK_SECRET}`,
        httpCustomHeaders: [{ header: 'x-env', value: 'prod' }],
      },
    })
  })

  test.each([[[]], [['events:read', 'admin']]])(
    'a grant for all scopes needs none by name, and loses none: %j',
    async (scope) => {
      await applied([], OPEN)
      Object.assign(grantOf() ?? {}, { scope, allow_all_scopes: true })
      const { stdout } = await run(['--apply', '--prune'], { env: OPEN })
      expect(stdout).toContain('Nothing to do')
    },
  )

  test('a connection keeps its display name and realms, which Auth0 resets otherwise', async () => {
    const own = { display_name: 'Staff', realms: ['example.com'] }
    const connection = connectionOf('google-oauth2')
    Object.assign(connection ?? {}, { ...own, is_domain_connection: false })
    await applied()
    expect(connection).toMatchObject({ ...own, is_domain_connection: true })
  })
})

describe('a tenant that knows only later what was made', () => {
  test('is waited for', async () => {
    const errorCode = 'inexistent_resource_server'
    api.fail('POST /client-grants', { status: 404, times: 2, errorCode, message: 'No such API' })
    await applied([], OPEN)
    expect(grantOf()?.['scope']).toEqual(SCOPES)
  })
})

describe('the secret of the log stream', () => {
  const OTHER = 'another-log-stream-secret-for-tests-0123'

  test('that was changed is set anew, and shown as *** on both sides', async () => {
    await applied()
    const env = { LOG_WEBHOOK_SECRET: `${OTHER},${LOG_WEBHOOK_SECRET}` }
    const { stdout } = await run([], { env })
    expect(stdout).toContain('~ sink.httpAuthorization: *** -> ***')
    expect(stdout).not.toContain(OTHER)
    await applied([], env)
    expect(streamOf()?.['sink']).toMatchObject({ httpAuthorization: `Bearer ${OTHER}` })
    expect((await run([], { env })).stdout).toContain('Nothing to do')
  })

  test('is the same without Bearer', async () => {
    await applied()
    Object.assign(Object(streamOf()?.['sink']), { httpAuthorization: LOG_WEBHOOK_SECRET })
    expect((await run()).stdout).toContain('Nothing to do')
  })

  test('that Auth0 has masked is not compared', async () => {
    await applied()
    api.state.traits = { ...api.state.traits, logStreamSecrets: 'masked' }
    const { stdout } = await run([], { env: { LOG_WEBHOOK_SECRET: OTHER } })
    expect(stdout).toContain('Nothing to do')
    expect(stdout).toContain('Auth0 hides its secret, so it was not compared')
  })

  test('that is not there is set, and shown as ***', async () => {
    await applied()
    delete Object(streamOf()?.['sink']).httpAuthorization
    const { stdout } = await run(['--apply'])
    expect(stdout).toContain('+ sink.httpAuthorization: ***\n')
    expect(streamOf()?.['sink']).toMatchObject({
      httpAuthorization: `Bearer ${LOG_WEBHOOK_SECRET}`,
    })
    expect((await run()).stdout).toContain('Nothing to do')
  })
})

describe('scopes that the catalogue does not have', () => {
  const FEWER = { ...OPEN, TOOL_SCOPES_JSON: '{"listEvents":["events:read"]}' }

  beforeEach(() => applied([], OPEN))

  test('are reported and left alone, on the API and in the grant', async () => {
    const { exitCode, stdout } = await run(['--apply'], { env: FEWER })
    expect(exitCode).toBe(0)
    expect(stdout).toContain('events:write: not in the catalogue; kept')
    expect(apiOf()?.['scopes']).toHaveLength(2)
    expect(grantOf()?.['scope']).toEqual(SCOPES)
    expect((await run([], { env: FEWER })).stdout).toContain('Nothing to do')
  })

  test('--prune takes them from the grant, then from the API', async () => {
    const writes = api.writes.length
    await applied([], FEWER)
    await applied(['--prune'], FEWER)
    expect(api.writes.slice(writes).map(({ body }) => body)).toEqual([
      {
        scopes: [
          { value: 'events:read', description: 'Tools: listEvents' },
          { value: 'events:write', description: 'Tools: addEvent, summarizeEvents' },
        ],
      },
      {
        permissions: [{ resource_server_identifier: AUDIENCE, permission_name: 'events:write' }],
      },
      { scope: ['events:read'] },
      { scopes: [{ value: 'events:read', description: 'Tools: listEvents' }] },
    ])
    expect((await run(['--prune'], { env: FEWER })).stdout).toContain('Nothing to do')
  })

  test('that somebody else has added survive a change of the API', async () => {
    const scopes = apiOf()?.['scopes'] as object[]
    scopes.push({ value: 'admin', description: 'of another system' })
    const MORE = { TOOL_SCOPES_JSON: '{"listEvents":["events:read"],"x":["events:delete"]}' }
    await applied([], MORE)
    expect(apiOf()?.['scopes']).toEqual([
      { value: 'events:read', description: 'Tools: listEvents' },
      { value: 'events:write', description: 'Tools: addEvent, summarizeEvents' },
      { value: 'admin', description: 'of another system' },
      { value: 'events:delete', description: 'Tools: x' },
    ])
  })
})

describe('--cimd', () => {
  test('imports the client and makes the tenant take such clients', async () => {
    await applied(['--cimd', CIMD_URL])
    expect(api.tenant.settings).toMatchObject({ client_id_metadata_document_supported: true })
    expect(api.tenant.clients).toContainEqual(
      expect.objectContaining({ external_client_id: CIMD_URL }),
    )
    expect((await run(['--cimd', CIMD_URL])).stdout).toContain('Nothing to do')
  })

  test('opens the connection in a permissive tenant too: such clients are always strict', async () => {
    api.state.mode = 'permissive'
    await applied(['--cimd', CIMD_URL])
    expect(connectionOf('google-oauth2')).toMatchObject({ is_domain_connection: true })
  })

  test('says what Auth0 finds wrong with the document', async () => {
    const { exitCode, stdout } = await run(['--apply', '--cimd', 'https://invalid.example/c.json'])
    expect(exitCode).toBe(1)
    expect(stdout).toContain('client_name is missing')
    expect(stdout).toContain('In place:')
    expect(api.tenant.settings).not.toHaveProperty('client_id_metadata_document_supported')
  })
})

describe('--predefined', () => {
  const PREDEFINED = ['--predefined', REDIRECT_URI]
  const clientOf = () => api.tenant.clients.find((one) => one['client_metadata'] !== undefined)

  test('makes a public first-party client with the connection, and tells its id', async () => {
    const { stdout } = await applied(PREDEFINED)
    expect(clientOf()).toMatchObject({
      is_first_party: true,
      token_endpoint_auth_method: 'none',
      oidc_conformant: true,
      callbacks: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      jwt_configuration: { alg: 'RS256' },
    })
    const clientId = String(clientOf()?.['client_id'])
    expect(stdout).toContain(`client id  ${clientId}`)
    expect(api.enabledOf('google-oauth2')).toEqual(['other', clientId])
    const again = (await run(PREDEFINED)).stdout
    expect(again).toContain('Nothing to do')
    expect(again).toContain(`client id ${clientId}`)
  })

  test('another redirect URI is added to the same client', async () => {
    await applied(PREDEFINED)
    const another = 'https://chatgpt.com/connector/oauth/xyz'
    await applied(['--predefined', another])
    expect(api.writes.at(-1)?.body).toEqual({ callbacks: [REDIRECT_URI, another] })
    expect(api.tenant.clients).toHaveLength(2)
  })

  test('gets a grant of its own where the API demands one', async () => {
    await applied()
    Object.assign(apiOf() ?? {}, {
      subject_type_authorization: { user: { policy: 'require_client_grant' } },
    })
    await applied(PREDEFINED)
    expect(api.tenant.grants).toContainEqual(
      expect.objectContaining({
        client_id: clientOf()?.['client_id'],
        audience: AUDIENCE,
        scope: SCOPES,
        subject_type: 'user',
      }),
    )
    expect((await run(PREDEFINED)).stdout).toContain('Nothing to do')
  })

  test('waits while Auth0 does not know the new client yet', async () => {
    const errorCode = 'inexistent_client'
    const missing = { status: 404, times: 2, errorCode, message: 'No such client' }
    api.fail('PATCH /connections/:id/clients', missing)
    await applied(PREDEFINED)
    expect(api.enabledOf('google-oauth2')).toHaveLength(2)
  })

  test('does not take a client for its own that log-webhook has promoted', async () => {
    const promoted = { client_id: 'dcr', is_first_party: true, callbacks: [REDIRECT_URI] }
    api.add('clients', { ...promoted })
    await applied(PREDEFINED)
    expect(api.tenant.clients).toContainEqual(promoted)
    expect(api.tenant.clients).toHaveLength(3)
  })

  test('is found again among hundreds', async () => {
    await applied(PREDEFINED)
    const many = Array.from({ length: 250 }, (_, i) => ({
      client_id: `c${i}`,
      is_first_party: true,
    }))
    const [other, made] = api.tenant.clients
    api.state.clients.clear()
    api.add('clients', ...many, { ...other }, { ...made })
    expect((await run(PREDEFINED)).stdout).toContain('Nothing to do')
  })
})

describe('what is in the way', () => {
  test('a connection that does not exist: the rest is carried out', async () => {
    const env = { GOOGLE_CONNECTION_NAME: 'google-oauth2,okta' }
    const { exitCode, stdout } = await run(['--apply'], { env })
    expect(exitCode).toBe(1)
    expect(stdout).toContain('! blocked  connection  okta')
    expect(stdout).toContain('GOOGLE_CONNECTION_NAME')
    expect(connectionOf('google-oauth2')).toMatchObject({ is_domain_connection: true })
    expect(streamOf()).toBeDefined()
  })

  test.each(PROVISION_SCOPES.filter((scope) => scope.startsWith('read:')))(
    'without %s the rest is carried out, and the scope and all others are named',
    async (missing) => {
      api.stage({ scopes: PROVISION_SCOPES.filter((scope) => scope !== missing) })
      const args = ['--predefined', REDIRECT_URI, '--organization', 'org_acme']
      const { exitCode, stdout } = await run(['--apply', ...args])
      expect(exitCode).toBe(1)
      expect(stdout).toContain(`Missing Management scopes: ${missing}\n`)
      expect(stdout).toContain(PROVISION_SCOPES.join(' '))
      expect(api.writes).not.toEqual([])
      api.stage({ scopes: null })
      await run(['--apply', ...args])
      expect((await run(args)).stdout).toContain('Nothing to do')
    },
  )

  const WRITING = [
    'create:resource_servers',
    'update:tenant_settings',
    'create:log_streams',
    'create:client_grants',
    'update:connections',
    'create:clients',
  ]

  test.each(WRITING)(
    'without %s, which the token tells, that call is not made',
    async (missing) => {
      api.stage({ namesScopes: true })
      api.stage({ scopes: PROVISION_SCOPES.filter((scope) => scope !== missing) })
      const { exitCode, stdout } = await run(['--apply', '--predefined', REDIRECT_URI])
      expect(exitCode).toBe(1)
      expect(stdout).toContain(`Missing Management scopes: ${missing}\n`)
      expect(api.writes).not.toEqual([])
      expect(stdout).not.toContain('Failed:')
    },
  )

  test.each(WRITING)('without %s, which shows only then: goes on once granted', async (missing) => {
    const args = ['--apply', '--predefined', REDIRECT_URI]
    api.stage({ scopes: PROVISION_SCOPES.filter((scope) => scope !== missing) })
    const { exitCode, stdout } = await run(args)
    expect(exitCode).toBe(1)
    expect(stdout).toContain(`The Management scope ${missing} is missing`)
    expect(stdout).toContain('The next run continues from here.')
    expect(stdout).toContain(PROVISION_SCOPES.join(' '))
    api.stage({ scopes: null })
    expect(await run(args)).toMatchObject({ exitCode: 0 })
    expect((await run(args)).stdout).toContain('Nothing to do')
  })

  test('scopes that are not needed are not demanded', async () => {
    await applied()
    api.stage({ namesScopes: true })
    api.stage({ scopes: PROVISION_SCOPES.filter((scope) => scope.startsWith('read:')) })
    expect(await run(['--apply'])).toMatchObject({ exitCode: 0 })
  })

  test('an error of Auth0 is told in its own words, without the secrets that these may quote', async () => {
    const message = `Payload validation error: {"httpAuthorization":"Bearer ${LOG_WEBHOOK_SECRET}"}`
    api.fail('POST /log-streams', { status: 400, message })
    const { exitCode, stdout } = await run(['--apply'])
    expect(exitCode).toBe(1)
    expect(stdout).toContain('Auth0 responded with 400: Payload validation error')
    expect(stdout).toContain('"httpAuthorization":"Bearer ***')
    expect(stdout).not.toContain(LOG_WEBHOOK_SECRET)
  })

  test.each([
    ['GET /log-streams', 403, undefined],
    ['GET /log-streams', 403, 'operation_not_supported'],
    ['POST /log-streams', 403, 'feature_not_enabled'],
    ['POST /log-streams', 402, undefined],
  ])('%s answered %i (%s) for the plan is no missing scope', async (call, status, errorCode) => {
    const message = 'Your subscription has no log streams'
    api.fail(call, { status, message, ...(errorCode && { errorCode }) })
    const { exitCode, stdout } = await run(['--apply'])
    expect(exitCode).toBe(1)
    expect(stdout).toContain(
      `Auth0 responded with ${status}: ${message} (the tenant's Auth0 plan may not`,
    )
    expect(stdout).not.toContain('Missing Management scopes')
  })

  test("Auth0's own API is nobody's audience", async () => {
    const env = { OAUTH_AUDIENCE: `${api.issuer}api/v2/` }
    const { exitCode, stdout } = await run(['--apply'], { env })
    expect(exitCode).toBe(1)
    expect(stdout).toContain('! blocked  api')
    expect(stdout).toContain('set OAUTH_AUDIENCE')
    expect(api.writes).toEqual([])
  })

  test('without a token the scopes to grant are named', async () => {
    api.fail('POST /oauth/token', { status: 403 })
    const { exitCode, stdout } = await run()
    expect(exitCode).toBe(1)
    expect(stdout).toContain('Auth0 issued no Management API token (responded with 403)')
    expect(stdout).toContain(PROVISION_SCOPES.join(' '))
  })

  test('a part that cannot be read is not touched, so that nothing is made twice', async () => {
    api.fail('GET /log-streams', { status: 400 })
    const { exitCode, stdout } = await run(['--apply'])
    expect(exitCode).toBe(1)
    expect(stdout).toContain(`! blocked  log-stream  ${ENDPOINT}`)
    expect(api.writes.map(({ path }) => path)).not.toContain('/log-streams')
    expect(apiOf()).toBeDefined()
  })

  test('a tenant that cannot be reached is one line, not one for each part', async () => {
    const closed = await startTenantApi()
    await closed[Symbol.asyncDispose]()
    const calls = { maxAttempts: 1 }
    const { exitCode, stdout } = await provision({ domain: closed.domain, calls })
    expect(exitCode).toBe(1)
    expect(stdout).toBe('Auth0 at MGMT_DOMAIN could not be reached\n')
  })
})

describe('interrupted', () => {
  const ARGS = ['--apply', '--predefined', REDIRECT_URI, '--cimd', CIMD_URL]
  const once = { calls: { maxAttempts: 1 } }

  test.each([false, true])(
    'after any call, and run again: the same state (last answer lost: %s)',
    async (losesAnswer) => {
      await using reference = await startTenantApi()
      await provision({ domain: reference.domain, args: ARGS })
      const count = reference.calls.length
      expect(count).toBeGreaterThan(15)

      for (let calls = 0; calls <= count; calls++) {
        await using interrupted = await startTenantApi()
        interrupted.stage({ breakAfter: { calls, losesAnswer } })
        const { domain, faults } = interrupted
        const first = await provision({ domain, args: ARGS, ...once })
        expect(first.exitCode).toBe(calls < count || (losesAnswer && calls === count) ? 1 : 0)
        if (interrupted.writes.length > (losesAnswer ? 1 : 0)) {
          expect(first.stdout).toContain(calls < count ? 'continues from here' : '')
        }
        interrupted.stage({ breakAfter: null })
        const second = await provision({ domain, args: ARGS, ...once })
        expect(second.exitCode).toBe(0)
        expect(withoutIds(interrupted.tenant)).toEqual(withoutIds(reference.tenant))
        expect(faults).toEqual([])
      }
    },
  )

  test('it says what is in place and what is not', async () => {
    api.stage({ scopes: PROVISION_SCOPES.filter((scope) => scope !== 'create:client_grants') })
    const { stdout } = await run(['--apply'], { env: OPEN })
    expect(stdout).toMatch(
      /Failed:\n {4}client-grant .*\nSkipped.*\n {4}tenant {2}dynamic.*\nIn place:\n {4}api .*\n {4}tenant .*\n {4}connection .*\n {4}role /,
    )
  })

  /** With the places of ids in the order of creation, which an interruption does not change. */
  function withoutIds(tenant: TenantApi['tenant']): unknown {
    const { apis, clients, grants, roles, streams } = tenant
    const entities = [...apis, ...clients, ...grants, ...roles, ...streams]
    const ids = entities.map((one) => String(one['id'] ?? one['client_id']))
    const text = JSON.stringify(tenant, (name, value) => {
      if (/_at$|_secret$/.test(name)) return undefined
      return value instanceof Set ? [...value] : value
    })
    return JSON.parse(ids.reduce((rest, id, at) => rest.replaceAll(id, `id_${at}`), text))
  }
})

describe('the command line', () => {
  test.each([
    [['--unknown']],
    [['file.yaml']],
    [['--export', 'a.yaml', 'b.yaml']],
    [['--export', '--apply']],
    [['--cimd']],
    [['--cimd', 'http://chatgpt.com/client.json']],
    [['--predefined', 'https://evil.example/callback']],
  ])('%j is wrong usage', async (args) => {
    const { exitCode, stdout, stderr } = await run(args)
    expect(exitCode).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain('npm run provision')
    expect(api.calls).toEqual([])
  })

  test('--help tells how to use it', async () => {
    expect(await run(['--help'])).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('all faults of the environment come in one message, without values', async () => {
    const env = { PUBLIC_URL: '', MGMT_CLIENT_SECRET: 'short', TOOL_SCOPES_JSON: '' }
    const { exitCode, stderr } = await run([], { env })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('PUBLIC_URL is required')
    expect(stderr).toContain('MGMT_CLIENT_SECRET must have at least 32 characters')
    expect(stderr).toContain('TOOLS is required')
    expect(stderr).not.toContain('short')
  })

  test('as a process: the plan on standard output, the exit code, and an end without delay', async () => {
    const env = { PATH: process.env['PATH'] ?? '', ...variables({ domain: api.domain }) }
    const child = spawn(process.execPath, [CLI, 'provision'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [stdout, stderr, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ])
    expect({ exitCode, stderr: withoutProgress(stderr) }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toBe((await run()).stdout)
  })

  test('--json is one JSON object with the plan, what was done, and null for what is not set', async () => {
    const { stdout } = await run(['--json', '--apply'])
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({ tenant: api.domain, missingScopes: [], exitCode: 0 })
    expect(report.applied.done).toHaveLength(7)
    expect(report.items[0].changes[0]).toMatchObject({ before: null })
  })
})
