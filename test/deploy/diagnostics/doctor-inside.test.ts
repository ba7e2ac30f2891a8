import type { Management as Auth0 } from 'auth0'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { doctor, doctorReport, idsOf } from '../../support/auth0/doctor.ts'
import { allowAll } from '../../support/auth0/doctor-changes.ts'
import {
  another,
  api,
  both,
  CHATGPT,
  type Change,
  client,
  enough,
  FOREIGN,
  grant,
  permissive,
  settings,
  sink,
  stream,
  tenantOptions,
  unshared,
  type Variables,
  withoutGrants,
} from '../../support/auth0/doctor-tenant.ts'
import { type Front, LOG_WEBHOOK_SECRET as SECRET, startFront } from '../../support/http/front.ts'

let front: Front
beforeAll(async () => {
  front = await startFront()
})
afterAll(() => front?.[Symbol.asyncDispose]())

const optionsFor = (change: Change, env: Variables = {}, { url } = front) =>
  tenantOptions(url, change, env)

function examine(change: Change = () => ({}), env: Variables = {}, args: readonly string[] = []) {
  return doctorReport([front.url, ...args], optionsFor(change, env))
}

test('a provisioned tenant with an admitted client has no finding', async () => {
  const report = await examine()
  expect(report.findings).toEqual([])
  expect(report.skipped.map(({ name }) => name)).toEqual(['around the front'])
})

test('without credentials the tenant is not examined, and that is said', async () => {
  const report = await doctorReport([front.url])
  expect(report.ok).toBe(true)
  expect(report.skipped.filter(({ reason }) => reason.startsWith('set MGMT_DOMAIN'))).toHaveLength(
    31,
  )
})

const FAULTS: readonly (readonly [string, Change, readonly string[]])[] = [
  ['there is no API', () => ({ apis: [] }), ['api_missing']],
  [
    'the API has a trailing slash',
    ({ apis }) => ({ apis: apis.map((one) => ({ ...one, identifier: `${one.identifier}/` })) }),
    ['api_missing'],
  ],
  ['the API signs with HS256', api({ signing_alg: 'HS256' }), ['api_signing_alg']],
  ['RBAC is off', api({ enforce_policies: false }), ['api_rbac_off']],
  ['tokens have no permissions', api({ token_dialect: 'access_token' }), ['api_token_dialect']],
  ['there are no refresh tokens', api({ allow_offline_access: false }), ['api_offline_access_off']],
  ['the API lacks a scope', api({ scopes: [{ value: 'events:read' }] }), ['api_scope_missing']],
  [
    'people may not use the API',
    api({ subject_type_authorization: { user: { policy: 'deny_all' } } }),
    ['api_user_access'],
  ],
  [
    'tokens are encrypted',
    api({ token_encryption: { format: 'compact-nested-jwe' } } as Partial<Auth0.ResourceServer>),
    ['api_token_encryption'],
  ],
  [
    'tokens are bound',
    api({ proof_of_possession: { mechanism: 'dpop', required: true } }),
    ['api_proof_of_possession'],
  ],
  [
    'the API has a scope that no tool needs',
    ({ apis }) => ({
      apis: apis.map((one) => ({ ...one, scopes: [...(one.scopes ?? []), { value: 'old:do' }] })),
    }),
    ['api_unneeded'],
  ],
  [
    'resource is ignored',
    settings({ resource_parameter_profile: 'audience' }),
    ['resource_parameter_profile'],
  ],
  ['registration is closed', settings({ flags: {} }), ['registration_closed']],
  ['the connection is not shared', unshared, ['connection_not_shared']],
  ['there is no connection of that name', () => ({ connections: [] }), ['connection_missing']],
  ['there is no log stream', () => ({ streams: [] }), ['log_stream_missing']],
  ['the log stream is paused', stream({ status: 'paused' }), ['log_stream_not_active']],
  ['the log stream is suspended', stream({ status: 'suspended' }), ['log_stream_not_active']],
  [
    'the log stream goes elsewhere',
    sink({ httpEndpoint: 'https://old.example/auth0-log-webhook' }),
    ['log_stream_wrong_url'],
  ],
  [
    'the log stream has JSON Lines',
    sink({ httpContentFormat: 'JSONLINES' }),
    ['log_stream_format'],
  ],
  [
    'the log stream has no secret',
    sink({ httpAuthorization: undefined } as Partial<Auth0.LogStreamHttpSink>),
    ['log_stream_secret'],
  ],
  [
    'the log stream has another secret',
    sink({ httpAuthorization: 'Bearer another' }),
    ['log_stream_secret'],
  ],
  [
    'the log stream leaves registrations out',
    stream({ filters: [{ type: 'category', name: 'auth.login.fail' }] }),
    ['log_stream_filters'],
  ],
  ['the log stream tells everything', stream({ filters: [] }), ['log_stream_filters']],
  ['a Rule is on', () => ({ rules: [{ name: 'old', enabled: true }] }), ['rules_active']],
  [
    'a Hook is on',
    () => ({ hooks: [{ name: 'old', enabled: true, triggerId: 'credentials-exchange' }] }),
    ['hooks_active'],
  ],
  [
    'log-webhook may not read connections',
    () => ({ forbidden: ['/connections'] }),
    ['management_scope_missing'],
  ],
  [
    'log-webhook may not admit',
    () => ({ scopes: 'read:clients read:connections read:client_grants' }),
    ['management_scope_missing'],
  ],
  ['clients cannot be read', () => ({ forbidden: ['/clients'] }), ['management_scope_missing']],
  [
    'a client of ChatGPT has got another redirect URI',
    client({ callbacks: [CHATGPT, FOREIGN] }),
    ['foreign_client_access', 'foreign_redirect_uri'],
  ],
  [
    'a promoted client has got another redirect URI',
    client({
      client_id: 'app',
      callbacks: [CHATGPT, FOREIGN],
      is_first_party: true,
      third_party_security_mode: 'permissive',
    }),
    ['foreign_redirect_uri'],
  ],
  [
    'a client was admitted before a tool was added',
    grant('cgr_chatgpt', { scope: ['events:read'] }),
    ['client_grant_scopes'],
  ],
  ['a strict client has no grant', withoutGrants('cgr_chatgpt'), ['client_not_admitted']],
  [
    'a permissive client was not promoted',
    both(
      permissive,
      unshared,
      client({ client_id: 'app', third_party_security_mode: 'permissive' }),
    ),
    ['client_not_admitted'],
  ],
  [
    'a promoted client has no connection',
    both(
      both(permissive, unshared),
      client({
        client_id: 'app',
        third_party_security_mode: 'permissive',
        is_first_party: true,
        oidc_conformant: true,
        token_endpoint_auth_method: 'none',
        jwt_configuration: { alg: 'RS256' },
      }),
    ),
    ['client_not_admitted'],
  ],
  [
    'permissive clients share the connection',
    both(permissive, allowAll, () => ({ clients: [] })),
    ['connection_unneeded'],
  ],
  ['a free plan is nearly full', enough(9), ['application_limit_near']],
  ['a self-service plan is nearly full', enough(95), ['application_limit_near']],
]

test.each(FAULTS)('names the fault of a tenant: %s', async (_, change, expected) => {
  const report = await examine(change)
  expect(idsOf(report)).toEqual(expected)
  for (const { fix, why, seen, where, group } of report.findings) {
    expect(group).toBe('inside')
    expect(Math.min(fix.length, why.length, seen.length)).toBeGreaterThan(10)
    expect(where).toMatch(/^Auth0 dashboard: /)
  }
  expect(JSON.stringify(report)).not.toContain(SECRET)
})

const HARMLESS: readonly (readonly [string, Change])[] = [
  ['a Rule that is off', () => ({ rules: [{ name: 'old', enabled: false }] })],
  [
    'a Hook of another trigger',
    () => ({ hooks: [{ name: 'old', enabled: true, triggerId: 'pre-user-registration' }] }),
  ],
  [
    'a Rule, where no client is strict',
    both(both(permissive, unshared), () => ({
      clients: [],
      rules: [{ name: 'old', enabled: true }],
    })),
  ],
  [
    'a foreign client of an operator',
    ({ clients }) => ({
      clients: [...clients, { client_id: 'app', callbacks: [FOREIGN], is_first_party: true }],
    }),
  ],
  ['a foreign client that has no grant', another({ callbacks: [FOREIGN] })],
  ['no clients at all', both(withoutGrants('cgr_chatgpt'), () => ({ clients: [] }))],
  ['Rules and Hooks that doctor may not read', () => ({ forbidden: ['/rules', '/hooks'] })],
  ['eleven applications', enough(11)],
  ['Rules and Hooks that are no more', () => ({ gone: { '/rules': 403, '/hooks': 404 } })],
  ['Rules and Hooks that are gone', () => ({ gone: { '/rules': 410, '/hooks': 501 } })],
  [
    'permissions without a description',
    ({ apis }) => ({
      apis: apis.map((one) => ({
        ...one,
        scopes: (one.scopes ?? []).map(({ value }) => ({ value })),
      })),
    }),
  ],
  [
    'a log stream of somebody else',
    ({ streams }) => ({
      streams: [
        ...streams,
        {
          id: 'lst_2',
          type: 'http',
          status: 'paused',
          sink: { httpEndpoint: 'https://siem.example' },
        },
      ],
    }),
  ],
  [
    'scopes that are told and complete',
    () => ({
      scopes:
        'read:clients update:clients read:connections update:connections read:client_grants create:client_grants',
    }),
  ],
]

test.each(HARMLESS)('is silent about what does no harm: %s', async (_, change) => {
  expect(idsOf(await examine(change))).toEqual([])
})

test('with curated metadata no client waits for a log stream or a shared connection', async () => {
  await using curated = await startFront({ AUTH_SERVER_METADATA: 'curated' })
  const fresh = unshared
  const ids = async (change: Change) =>
    idsOf(await doctorReport([curated.url], optionsFor(change, {}, curated)))
  expect(await ids(both(fresh, () => ({ clients: [] })))).toEqual([])
  expect(await ids(fresh)).toEqual(['connection_not_shared'])
  expect(await ids(() => ({ streams: [] }))).toEqual([])
  expect(await ids(stream({ status: 'paused' }))).toEqual([])
})

test('what is to be turned off or deleted is named with its id', async () => {
  const seen = async (change: Change) => (await examine(change)).findings[0]?.seen
  const rules = [{ id: 'rul_1', name: 'old', enabled: true }]
  expect(await seen(() => ({ rules }))).toContain('old (rul_1)')
  expect(await seen(grant('cgr_chatgpt', { scope: [] }))).toContain('grant cgr_chatgpt')
})

test('a fault ends with 1, a warning with 0', async () => {
  const fault = await doctor([front.url], optionsFor(api({ signing_alg: 'HS256' })))
  expect(fault).toMatchObject({ exitCode: 1, output: expect.stringContaining('Broken: 1 fault.') })
  const change = both(unshared, () => ({ clients: [] }))
  const warned = await doctor([front.url], optionsFor(change))
  expect(warned).toMatchObject({ exitCode: 0, output: expect.stringContaining('with 1 warning') })
})

test('an unshared connection is a fault only where strict clients depend on it', async () => {
  const severity = async (change: Change) => (await examine(change)).findings[0]?.severity
  expect(await severity(unshared)).toBe('error')
  expect(await severity(both(unshared, () => ({ clients: [] })))).toBe('warning')
})

test('the missing Management scope is named with the code that log-webhook logs', async () => {
  const { findings, skipped } = await examine(() => ({ forbidden: ['/connections'] }))
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

test('deleting clients is needed for DCR_POLICY=enforce alone', async () => {
  const scopes =
    'read:clients update:clients read:connections update:connections read:client_grants create:client_grants'
  const report = await examine(() => ({ scopes }), { DCR_POLICY: 'enforce' })
  expect(report.findings).toMatchObject([{ seen: expect.stringContaining('delete:clients') }])
})

test('the plan of the tenant tells how many applications are too many', async () => {
  const found = async (plan: string) => idsOf(await examine(enough(10), {}, ['--plan', plan]))
  expect(await found('free')).toEqual(['application_limit_reached'])
  expect(await found('self-service')).toEqual([])
})
