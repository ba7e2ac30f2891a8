import { beforeEach, describe, expect, test } from 'vitest'
import { ENDPOINT, LOG_WEBHOOK_SECRET, OPEN } from '../../../support/auth0/provision.ts'
import { partsOf, runsOn, tenantForEachTest } from '../../../support/auth0/provision-run.ts'

const ENCRYPTION_KEY = { alg: 'RSA-OAEP-256', pem: '-----BEGIN PUBLIC KEY-----' }

const api = tenantForEachTest()
const { run, applied, planned } = runsOn(() => api)
const { apiOf, streamOf, grantOf, connectionOf } = partsOf(api)

describe('a tenant whose settings were changed', () => {
  beforeEach(() => applied())

  const DRIFT: readonly (readonly [string, () => object | undefined, object, object])[] = [
    ['signing with HS256', apiOf, { signing_alg: 'HS256' }, { signing_alg: 'RS256' }],
    ['RBAC turned off', apiOf, { enforce_policies: false }, { enforce_policies: true }],
    [
      'a token dialect without permissions',
      apiOf,
      { token_dialect: 'access_token' },
      { token_dialect: 'rfc9068_profile_authz' },
    ],
    [
      'refresh tokens turned off',
      apiOf,
      { allow_offline_access: false },
      { allow_offline_access: true },
    ],
    [
      'encrypted access tokens',
      apiOf,
      { token_encryption: { format: 'compact-nested-jwe', encryption_key: ENCRYPTION_KEY } },
      { token_encryption: null },
    ],
    [
      'required proof of possession',
      apiOf,
      { proof_of_possession: { mechanism: 'dpop', required: true } },
      { proof_of_possession: null },
    ],
    [
      'an API that denies users',
      apiOf,
      { subject_type_authorization: { user: { policy: 'deny_all' } } },
      { subject_type_authorization: { user: { policy: 'require_client_grant' } } },
    ],
    [
      'the audience resource parameter profile',
      () => api.tenant.settings,
      { resource_parameter_profile: 'audience' },
      { resource_parameter_profile: 'compatibility' },
    ],
    [
      'dynamic registration turned off',
      () => api.tenant.settings,
      { flags: { enable_dynamic_client_registration: false } },
      { flags: { enable_dynamic_client_registration: true } },
    ],
    [
      'a connection that is not at domain level',
      () => connectionOf('google-oauth2'),
      { is_domain_connection: false },
      { is_domain_connection: true },
    ],
    ['a paused log stream', streamOf, { status: 'paused' }, { status: 'active' }],
    ['a suspended log stream', streamOf, { status: 'suspended' }, { status: 'active' }],
    [
      'a log stream without filters',
      streamOf,
      { filters: [] },
      { filters: [{ type: 'category', name: 'management.success' }] },
    ],
    [
      'a log stream with another filter',
      streamOf,
      { filters: [{ type: 'category', name: 'auth.login.fail' }] },
      { filters: [{ type: 'category', name: 'management.success' }] },
    ],
  ]

  test.each(DRIFT)(
    '%s is corrected with one change of only that field',
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

  test('the plan shows the resource parameter profile before and after the change', async () => {
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

  test('the whole sink is sent with its custom headers if one field differs', async () => {
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
    'a grant for all scopes is not changed, even with --prune, if its scope is %j',
    async (scope) => {
      await applied([], OPEN)
      Object.assign(grantOf() ?? {}, { scope, allow_all_scopes: true })
      const { stdout } = await run(['--apply', '--prune'], OPEN)
      expect(stdout).toContain('Nothing to do')
    },
  )

  test('the update of a connection preserves its display name and realms, which Auth0 would reset', async () => {
    const own = { display_name: 'Staff', realms: ['example.com'] }
    const connection = connectionOf('google-oauth2')
    Object.assign(connection ?? {}, { ...own, is_domain_connection: false })
    await applied()
    expect(connection).toMatchObject({ ...own, is_domain_connection: true })
  })
})
