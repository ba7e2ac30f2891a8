import type { Management as Auth0 } from 'auth0'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { doctor, doctorReport, idsOf } from '../../support/auth0/doctor.ts'
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
import {
  FORMER_LOG_WEBHOOK_SECRET,
  type Front,
  type Misbehaviour,
  LOG_WEBHOOK_SECRET as SECRET,
  startFront,
} from '../../support/http/front.ts'

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

const allowAll = api({ subject_type_authorization: { user: { policy: 'allow_all' } } })

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

describe('what the log stream sends', () => {
  const PATH = '/auth0-log-webhook'
  const away = (path: string): Misbehaviour => ({
    request: (asked) => (asked.path === PATH ? { path } : {}),
  })
  const answered = (status: number): Misbehaviour => ({
    answer: (_, { path }) => (path === PATH ? { status, body: '' } : undefined),
  })
  const NOT_TAKEN: readonly (readonly [string, Misbehaviour, readonly string[]])[] = [
    ['no rewrite leads to log-webhook', away('/nowhere'), ['log_webhook_unreachable']],
    ['log-webhook is broken', answered(500), ['log_webhook_unreachable']],
    ['log-webhook runs with another secret', answered(401), ['log_webhook_secret']],
  ]

  test.each(NOT_TAKEN)('is told when it does not arrive: %s', async (_, misbehaves, expected) => {
    await using front = await startFront()
    front.misbehaves = misbehaves
    const report = await doctorReport(
      [front.url],
      optionsFor(() => ({}), {}, front),
    )
    expect(idsOf(report)).toEqual(expected)
    expect(report.findings[0]?.fix).toContain('npm run deploy')
    expect(JSON.stringify(report)).not.toContain(SECRET)
  })

  const sentTo = async (change: Change, env = {}) => {
    const sent: string[] = []
    const options = optionsFor(change, env)
    const fetch: typeof globalThis.fetch = (input, init) => {
      if (new Request(input, init).url.endsWith(PATH)) {
        sent.push(`${init?.body} ${new Headers(init?.headers).get('authorization')}`)
      }
      return options.fetch(input, init)
    }
    await doctorReport([front.url], { ...options, fetch })
    return sent
  }

  test('is no record, with the secret of the stream', async () => {
    expect(await sentTo(() => ({}))).toEqual([`[] Bearer ${SECRET}`])
    const former = sink({ httpAuthorization: FORMER_LOG_WEBHOOK_SECRET })
    const unknown = { LOG_WEBHOOK_SECRET: undefined }
    expect(await sentTo(former, unknown)).toEqual([`[] ${FORMER_LOG_WEBHOOK_SECRET}`])
    expect(await sentTo(sink({ httpAuthorization: '*****' }))).toEqual([`[] Bearer ${SECRET}`])
  })

  test('goes nowhere that the stream does not deliver to, nor with a secret that nobody knows', async () => {
    expect(await sentTo(() => ({ streams: [] }))).toEqual([])
    expect(await sentTo(() => ({}), { PUBLIC_URL: 'https://other.example' })).toEqual([])
    const unknown = { LOG_WEBHOOK_SECRET: undefined }
    expect(await sentTo(sink({ httpAuthorization: '*****' }), unknown)).toEqual([])
  })
})

describe('the variables', () => {
  test('beside the credentials are taken from the deployment', async () => {
    const env = {
      PUBLIC_URL: undefined,
      TOOLS: undefined,
      LOG_WEBHOOK_SECRET: undefined,
      GOOGLE_CONNECTION_NAME: undefined,
    }
    const report = await examine(sink({ httpAuthorization: FORMER_LOG_WEBHOOK_SECRET }), env)
    expect(report.findings).toEqual([])
    expect(idsOf(await examine(api({ signing_alg: 'HS256' }), env))).toEqual(['api_signing_alg'])
  })

  test('that are placeholders are refused as the functions would', async () => {
    const report = await examine(undefined, { MGMT_CLIENT_SECRET: 'replace-with-random' })
    expect(report.findings).toMatchObject([
      { id: 'variables_refused', seen: expect.stringContaining('MGMT_CLIENT_SECRET') },
    ])
  })

  test('that are missing are named', async () => {
    const report = await examine(undefined, { MGMT_CLIENT_SECRET: undefined })
    expect(report.findings).toEqual([])
    expect(report.skipped).toContainEqual(
      expect.objectContaining({
        name: 'api',
        reason: expect.stringContaining('MGMT_CLIENT_SECRET is required'),
      }),
    )
  })

  test('that are not those of the deployment are a fault', async () => {
    const other = { TOOL_SCOPES_JSON: '{"new":["events:read"]}', TOOLS: undefined }
    expect(idsOf(await examine(undefined, other))).toContain('variables_differ')
    const { findings } = await examine(undefined, { OAUTH_AUDIENCE: 'https://old.example/mcp' })
    expect(idsOf({ findings })).toContain('variables_differ')
  })
})
