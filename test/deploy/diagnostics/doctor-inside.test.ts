import { expect, test } from 'vitest'
import type { TenantState } from '../../../deploy/emulator/state.ts'
import { doctor, doctorReport, idsOf } from '../../support/auth0/doctor.ts'
import { expectIds, type FaultRow } from '../../support/auth0/doctor-case.ts'
import {
  all,
  allowAll,
  api,
  permissive,
  scopesNamed,
  settings,
  stream,
  unshared,
  withoutApi,
  withoutFeatures,
  withoutRole,
  withoutScopes,
  withoutStream,
} from '../../support/auth0/doctor-changes.ts'
import { grant, withoutClients } from '../../support/auth0/doctor-clients.ts'
import { apiOf, type Change, doctorForAllTests } from '../../support/auth0/doctor-tenant.ts'
import { startFront } from '../../support/http/front.ts'

const { front, optionsFor, examine } = doctorForAllTests()

test('reports nothing for a provisioned tenant with an admitted client', async () => {
  const report = await examine()
  expect(report.findings).toEqual([])
  expect(report.skipped.map(({ name }) => name)).toEqual(['around the edge'])
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

const FAULTS: readonly FaultRow[] = [
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
    'the login connection is at domain level although new clients are permissive',
    all(permissive, allowAll, withoutClients),
    ['connection_unneeded'],
  ],
]

test.each(FAULTS)('reports that %s', async (_, change, expected) => {
  expectIds(await examine(change), expected)
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
    'Rules and Hooks that the Management API client cannot read',
    withoutScopes('read:rules', 'read:hooks'),
  ],
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
