import { beforeEach, describe, expect, test } from 'vitest'
import {
  AUDIENCE,
  ENDPOINT,
  LOG_WEBHOOK_SECRET,
  MGMT_CLIENT_SECRET,
  OPEN,
  SCOPES,
} from '../../../support/auth0/provision.ts'
import { partsOf, runsOn, tenantForEachTest } from '../../../support/auth0/provision-run.ts'

const api = tenantForEachTest()
const { run, applied, planned } = runsOn(() => api, {})
const { apiOf, streamOf, grantOf, connectionOf } = partsOf(api)

describe('provision in an empty tenant', () => {
  test('plans all missing parts, changes nothing and exits with 0', async () => {
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

  test('creates the required state with --apply', async () => {
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

  test('plans nothing and makes no write calls in a second run', async () => {
    await applied()
    const writes = api.writes.length
    const items = await planned()

    expect(new Set(items.map(({ action }) => action))).toEqual(new Set(['keep']))
    expect((await run(['--apply'])).stdout).toContain('Nothing to do')
    expect(api.writes).toHaveLength(writes)
  })

  test('requests one token per run', async () => {
    await applied()
    expect(api.tokenRequests).toHaveLength(1)
  })

  test('opens dynamic registration last', async () => {
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

  test('does not change other APIs, grants, clients, connections and settings', async () => {
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

  test('does not send a security mode that the tenant does not return', async () => {
    api.setModeSetting('absent')
    await applied()
    expect(JSON.stringify(api.writes)).not.toContain('dynamic_client_registration_security_mode')
    expect((await run()).stdout).toContain('Nothing to do')
  })

  test('prints no secret as text or JSON', async () => {
    const texts = [await run(), await run(['--json']), await run(['--export']), await applied()]
    for (const { stdout, stderr } of texts) {
      expect(stdout + stderr).not.toContain(LOG_WEBHOOK_SECRET)
      expect(stdout + stderr).not.toContain(MGMT_CLIENT_SECRET)
    }
  })
})

describe('provision in a permissive tenant', () => {
  beforeEach(() => {
    api.state.mode = 'permissive'
  })

  test('keeps the tenant permissive and does not make its connections domain-level', async () => {
    await applied()
    expect(api.state.mode).toBe('permissive')
    expect(connectionOf('google-oauth2')).toMatchObject({ is_domain_connection: false })
    expect(grantOf()).toBeUndefined()
    expect((await run()).stdout).toContain('Nothing to do')
  })

  test('reports a domain-level connection and does not change it', async () => {
    Object.assign(connectionOf('google-oauth2') ?? {}, { is_domain_connection: true })
    await applied()
    const items = await planned()
    expect(items.find(({ area }) => area === 'connection')).toMatchObject({ action: 'report' })
    expect(connectionOf('google-oauth2')).toMatchObject({ is_domain_connection: true })
  })

  test.each(['require_client_grant', 'allow_all'])(
    'keeps the policy %s of an existing API, because other applications may use it',
    async (policy) => {
      await applied()
      const subject_type_authorization = { user: { policy }, client: { policy: 'deny_all' } }
      Object.assign(apiOf() ?? {}, { subject_type_authorization })
      const writes = api.writes.length
      await applied()
      expect(api.writes).toHaveLength(writes)
    },
  )

  test('reports allow_all if a connection is domain-level', async () => {
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

describe('provision in an eventually consistent tenant', () => {
  test('retries until the new API is known', async () => {
    const errorCode = 'inexistent_resource_server'
    api.fail('POST /client-grants', { status: 404, times: 2, errorCode, message: 'No such API' })
    await applied([], OPEN)
    expect(grantOf()?.['scope']).toEqual(SCOPES)
  })
})
