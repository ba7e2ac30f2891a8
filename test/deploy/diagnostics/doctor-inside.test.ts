import { expect, test } from 'vitest'
import type { TenantLogStream, TenantState } from '../../../deploy/emulator/state.ts'
import { doctor, doctorReport, idsOf } from '../../support/auth0/doctor.ts'
import { expectExplained } from '../../support/auth0/doctor-case.ts'
import {
  all,
  allowAll,
  api,
  permissive,
  scopesNamed,
  settings,
  sink,
  stream,
  unshared,
  withoutApi,
  withoutFeatures,
  withoutRole,
  withoutScopes,
  withoutStream,
} from '../../support/auth0/doctor-changes.ts'
import {
  another,
  client,
  grant,
  PROMOTED,
  permissiveClient,
  withClients,
  withoutClients,
  withoutGrant,
} from '../../support/auth0/doctor-clients.ts'
import {
  apiOf,
  CHATGPT,
  type Change,
  doctorForAllTests,
  FOREIGN,
} from '../../support/auth0/doctor-tenant.ts'
import { startFront } from '../../support/http/front.ts'

const { front, optionsFor, examine } = doctorForAllTests()

test('reports nothing for a provisioned tenant with an admitted client', async () => {
  const report = await examine()
  expect(report.findings).toEqual([])
  expect(report.skipped.map(({ name }) => name)).toEqual(['around the front'])
})

test('reports the tenant as not examined without credentials', async () => {
  const report = await doctorReport([front.url])
  expect(report.ok).toBe(true)
  expect(report.skipped.filter(({ reason }) => reason.startsWith('set MGMT_DOMAIN'))).toHaveLength(
    31,
  )
})

const ADMISSION_SCOPES = ['update:clients', 'update:connections', 'create:client_grants'] as const
const rules =
  (...all: TenantState['rules']): Change =>
  (state) => {
    state.rules = all
  }
const hooks =
  (...all: TenantState['hooks']): Change =>
  (state) => {
    state.hooks = all
  }

const FAULTS: readonly (readonly [string, Change, readonly string[]])[] = [
  ['the API does not exist', withoutApi, ['api_missing']],
  [
    'the identifier of the API has a trailing slash',
    (state) => api({ identifier: `${apiOf(state).identifier}/` })(state),
    ['api_missing'],
  ],
  ['the API signs with HS256', api({ signing_alg: 'HS256' }), ['api_signing_alg']],
  ['RBAC is off in the API', api({ enforce_policies: false }), ['api_rbac_off']],
  [
    'the token dialect of the API excludes permissions',
    api({ token_dialect: 'access_token' }),
    ['api_token_dialect'],
  ],
  [
    'the API does not allow refresh tokens',
    api({ allow_offline_access: false }),
    ['api_offline_access_off'],
  ],
  [
    'the API lacks a scope',
    // With the scope, Auth0 also removes it from roles.
    all(withoutRole, api({ scopes: [{ value: 'events:read' }] })),
    ['api_scope_missing'],
  ],
  [
    'the API denies access to users',
    api({ subject_type_authorization: { user: { policy: 'deny_all' } } }),
    ['api_user_access'],
  ],
  [
    'the API encrypts access tokens',
    api({
      token_encryption: {
        format: 'compact-nested-jwe',
        encryption_key: { alg: 'RSA-OAEP-256', pem: 'a public key' },
      },
    }),
    ['api_token_encryption'],
  ],
  [
    'the API requires DPoP',
    api({ proof_of_possession: { mechanism: 'dpop', required: true } }),
    ['api_proof_of_possession'],
  ],
  [
    'the API has a scope that no tool needs',
    (state) => api({ scopes: [...apiOf(state).scopes, { value: 'old:do' }] })(state),
    ['api_unneeded'],
  ],
  [
    'the tenant ignores the resource parameter',
    settings({ resource_parameter_profile: 'audience' }),
    ['resource_parameter_profile'],
  ],
  ['dynamic client registration is off', settings({ flags: {} }), ['registration_closed']],
  ['the login connection is not at domain level', unshared, ['connection_not_shared']],
  [
    'the login connection does not exist',
    ({ connections }) => connections.clear(),
    ['connection_missing'],
  ],
  ['the log stream does not exist', withoutStream, ['log_stream_missing']],
  ['the log stream is paused', stream({ status: 'paused' }), ['log_stream_not_active']],
  ['the log stream is suspended', stream({ status: 'suspended' }), ['log_stream_not_active']],
  [
    'the log stream delivers to another URL',
    sink({ httpEndpoint: 'https://old.example/auth0-log-webhook' }),
    ['log_stream_wrong_url'],
  ],
  [
    'the log stream delivers JSON Lines',
    sink({ httpContentFormat: 'JSONLINES' }),
    ['log_stream_format'],
  ],
  [
    'the log stream has no secret',
    sink({ httpAuthorization: undefined } as Partial<TenantLogStream['sink']>),
    ['log_stream_secret'],
  ],
  [
    'the log stream has another secret',
    sink({ httpAuthorization: 'Bearer another' }),
    ['log_stream_secret'],
  ],
  [
    'the filters of the log stream exclude registrations',
    stream({ filters: [{ type: 'category', name: 'auth.login.fail' }] }),
    ['log_stream_filters'],
  ],
  ['the log stream has no filters', stream({ filters: [] }), ['log_stream_filters']],
  ['a Rule is enabled', rules({ name: 'old', enabled: true }), ['rules_active']],
  [
    'a Hook of the trigger credentials-exchange is enabled',
    hooks({ name: 'old', enabled: true, triggerId: 'credentials-exchange' }),
    ['hooks_active'],
  ],
  [
    'the Management API client cannot read connections',
    withoutScopes('read:connections'),
    ['management_scope_missing'],
  ],
  [
    'the Management API client cannot admit clients',
    all(scopesNamed, withoutScopes(...ADMISSION_SCOPES)),
    ['management_scope_missing'],
  ],
  [
    'the Management API client cannot read clients',
    withoutScopes('read:clients'),
    ['management_scope_missing'],
  ],
  [
    'a client of ChatGPT also has a foreign redirect URI',
    client({ callbacks: [CHATGPT, FOREIGN] }),
    ['foreign_client_access', 'foreign_redirect_uri'],
  ],
  [
    'a promoted client also has a foreign redirect URI',
    permissiveClient({ callbacks: [CHATGPT, FOREIGN], is_first_party: true }),
    ['foreign_redirect_uri'],
  ],
  [
    'the grant of an admitted client lacks a scope',
    grant('cgr_chatgpt', { scope: ['events:read'] }),
    ['client_grant_scopes'],
  ],
  ['a strict client has no grant', withoutGrant('cgr_chatgpt'), ['client_not_admitted']],
  [
    'a permissive client was not promoted',
    all(permissive, unshared, permissiveClient()),
    ['client_not_admitted'],
  ],
  [
    'a promoted client has no login connection',
    all(permissive, unshared, permissiveClient(PROMOTED)),
    ['client_not_admitted'],
  ],
  [
    'the login connection is at domain level although new clients are permissive',
    all(permissive, allowAll, withoutClients),
    ['connection_unneeded'],
  ],
  [
    'the number of clients is near the limit of the free plan',
    withClients(9),
    ['application_limit_near'],
  ],
  [
    'the number of clients is near the limit of the self-service plan',
    withClients(95),
    ['application_limit_near'],
  ],
]

test.each(FAULTS)('reports that %s', async (_, change, expected) => {
  const report = await examine(change)
  expect(idsOf(report)).toEqual(expected)
  for (const { group } of report.findings) expect(group).toBe('inside')
  expectExplained(report)
})

const HARMLESS: readonly (readonly [string, Change])[] = [
  ['a disabled Rule', rules({ name: 'old', enabled: false })],
  [
    'an enabled Hook of another trigger',
    hooks({ name: 'old', enabled: true, triggerId: 'pre-user-registration' }),
  ],
  [
    'an enabled Rule in a tenant without strict clients',
    all(permissive, unshared, withoutClients, rules({ name: 'old', enabled: true })),
  ],
  [
    'a client with a foreign redirect URI that an operator created',
    ({ clients }) =>
      void clients.set('app', { client_id: 'app', callbacks: [FOREIGN], is_first_party: true }),
  ],
  ['a client with a foreign redirect URI and without a grant', another({ callbacks: [FOREIGN] })],
  ['a tenant without clients', withoutClients],
  [
    'Rules and Hooks that the Management API client cannot read',
    withoutScopes('read:rules', 'read:hooks'),
  ],
  ['eleven clients without a known plan', withClients(11)],
  [
    'a tenant that answers 403 for Rules and 404 for Hooks',
    withoutFeatures({ '/rules': 403, '/hooks': 404 }),
  ],
  [
    'a tenant that answers 410 for Rules and 501 for Hooks',
    withoutFeatures({ '/rules': 410, '/hooks': 501 }),
  ],
  [
    'permissions without a description',
    (state) => api({ scopes: apiOf(state).scopes.map(({ value }) => ({ value })) })(state),
  ],
  [
    'a paused log stream to another URL',
    ({ logStreams }) =>
      void logStreams.set('lst_2', {
        id: 'lst_2',
        name: 'SIEM',
        type: 'http',
        status: 'paused',
        sink: { httpEndpoint: 'https://siem.example' },
      }),
  ],
  ['tokens that name all scopes', scopesNamed],
]

test.each(HARMLESS)('reports nothing for %s', async (_, change) => {
  expect(idsOf(await examine(change))).toEqual([])
})

test('requires neither a log stream nor, without clients, a shared connection with curated metadata', async () => {
  await using curated = await startFront({ AUTH_SERVER_METADATA: 'curated' })
  const ids = async (change: Change) =>
    idsOf(await doctorReport([curated.url], optionsFor(change, {}, curated)))
  expect(await ids(all(unshared, withoutClients))).toEqual([])
  expect(await ids(unshared)).toEqual(['connection_not_shared'])
  expect(await ids(withoutStream)).toEqual([])
  expect(await ids(stream({ status: 'paused' }))).toEqual([])
})

test('names a Rule and a grant by id', async () => {
  const seen = async (change: Change) => (await examine(change)).findings[0]?.seen
  const rule = { id: 'rul_1', name: 'old', enabled: true }
  expect(await seen(rules(rule))).toContain('old (rul_1)')
  expect(await seen(grant('cgr_chatgpt', { scope: [] }))).toContain('grant cgr_chatgpt')
})

test('exits with 1 for a fault and with 0 for a warning', async () => {
  const fault = await doctor([front.url], optionsFor(api({ signing_alg: 'HS256' })))
  expect(fault).toMatchObject({ exitCode: 1, output: expect.stringContaining('Broken: 1 fault.') })
  const warned = await doctor([front.url], optionsFor(all(unshared, withoutClients)))
  expect(warned).toMatchObject({ exitCode: 0, output: expect.stringContaining('with 1 warning') })
})

test('reports an unshared connection as an error only if strict clients need it', async () => {
  const severity = async (change: Change) => (await examine(change)).findings[0]?.severity
  expect(await severity(unshared)).toBe('error')
  expect(await severity(all(unshared, withoutClients))).toBe('warning')
})

test('names a missing Management scope and the code that log-webhook logs', async () => {
  const { findings, skipped } = await examine(withoutScopes('read:connections'))
  expect(findings).toMatchObject([
    {
      severity: 'error',
      seen: expect.stringContaining('lacks read:connections'),
      why: expect.stringContaining('conn_lookup_http_403'),
    },
  ])
  expect(skipped).toContainEqual(
    expect.objectContaining({
      name: 'connection',
      reason: expect.stringContaining('read:connections'),
    }),
  )
})

test('requires delete:clients with DCR_POLICY=enforce', async () => {
  const change = all(scopesNamed, withoutScopes('delete:clients'))
  const report = await examine(change, { DCR_POLICY: 'enforce' })
  expect(report.findings).toMatchObject([{ seen: expect.stringContaining('delete:clients') }])
})

test('compares the number of clients with the limit of the plan', async () => {
  const found = async (plan: string) => idsOf(await examine(withClients(10), {}, ['--plan', plan]))
  expect(await found('free')).toEqual(['application_limit_reached'])
  expect(await found('self-service')).toEqual([])
})
