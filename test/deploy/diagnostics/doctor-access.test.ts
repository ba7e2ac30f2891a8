import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { doctorReport, idsOf } from '../../support/auth0/doctor.ts'
import {
  another,
  api,
  both,
  CHATGPT,
  type Change,
  client,
  FOREIGN,
  grant,
  permissive,
  settings,
  stream,
  tenantOptions,
  unshared,
  type Variables,
  withoutGrants,
} from '../../support/auth0/doctor-tenant.ts'
import { type Front, LOG_WEBHOOK_SECRET as SECRET, startFront } from '../../support/http/front.ts'

const OPEN = { THIRD_PARTY_ACCESS: 'open' }
const STABLE = 'https://chatgpt.com/connector_platform_oauth_redirect'
const PER_CONNECTION = 'https://chatgpt.com/connector/oauth/abc'

let front: Front
beforeAll(async () => {
  front = await startFront()
})
afterAll(() => front?.[Symbol.asyncDispose]())

function examine(change: Change, env: Variables = {}, args: readonly string[] = []) {
  return doctorReport([front.url, ...args], tenantOptions(front.url, change, env))
}

const defaultGrant: Change = ({ grants, apis }) => ({
  grants: [
    ...grants,
    {
      id: 'cgr_default',
      default_for: 'third_party_clients',
      audience: apis[0]?.identifier ?? '',
      scope: ['events:read', 'events:write'],
      subject_type: 'user',
    },
  ],
})
/** As `THIRD_PARTY_ACCESS=open` has it. */
const openTenant = both(defaultGrant, withoutGrants('cgr_chatgpt'))
const grantFor =
  (client_id: string): Change =>
  ({ grants, apis }) => ({
    grants: [
      ...grants,
      {
        id: `cgr_${client_id}`,
        client_id,
        audience: apis[0]?.identifier ?? '',
        scope: ['events:read', 'events:write'],
        subject_type: 'user',
      },
    ],
  })
/** Beside the client of ChatGPT the one of `--predefined`. */
const predefined =
  (changes: Readonly<Record<string, unknown>> = {}): Change =>
  (tenant) => ({
    ...grantFor('predefined')(tenant),
    clients: [
      ...tenant.clients,
      {
        client_id: 'predefined',
        name: 'ChatGPT (predefined)',
        callbacks: [PER_CONNECTION],
        is_first_party: true,
        token_endpoint_auth_method: 'none',
        oidc_conformant: true,
        grant_types: ['authorization_code', 'refresh_token'],
        jwt_configuration: { alg: 'RS256' },
        refresh_token: {
          rotation_type: 'rotating',
          expiration_type: 'expiring',
          leeway: 30,
          infinite_token_lifetime: false,
          infinite_idle_token_lifetime: false,
        },
        client_metadata: { predefined_for: tenant.apis[0]?.identifier },
        ...changes,
      },
    ],
    enabledClients: { con_1: ['predefined'] },
  })
const closed: Change = (tenant) => ({
  ...settings({ flags: { enable_dynamic_client_registration: false } })(tenant),
})
const withoutClients: Change = () => ({ clients: [], grants: [] })
const noStreams: Change = () => ({ gone: { '/log-streams': 403 } })
const permissiveClient = (changes: object = {}) =>
  client({
    client_id: 'app',
    third_party_security_mode: 'permissive',
    external_metadata_type: 'dcr',
    ...changes,
  })
const PROMOTED = {
  is_first_party: true,
  oidc_conformant: true,
  token_endpoint_auth_method: 'none',
  jwt_configuration: { alg: 'RS256' },
} as const
const withoutLeeway = {
  rotation_type: 'rotating',
  expiration_type: 'expiring',
  leeway: 0,
} as const
const withIss = settings({ authorization_response_iss_parameter_supported: true })
const endless = { rotation_type: 'non-rotating', expiration_type: 'non-expiring' } as const
const allowAll = api({ subject_type_authorization: { user: { policy: 'allow_all' } } })
const selfRegistered = (changes: object = {}) =>
  another({
    external_metadata_type: 'cimd',
    external_metadata_created_by: 'client',
    external_client_id: 'https://evil.example/client.json',
    ...changes,
  })
const manyGrants =
  (count: number): Change =>
  ({ grants }) => ({
    grants: [
      ...grants,
      ...Array.from({ length: count - 1 }, (_, index) => ({
        id: `cgr_${index}`,
        client_id: `app_${index}`,
        audience: 'https://other.example',
        scope: [],
      })),
    ],
  })
const organization =
  (changes: object = {}): Change =>
  () => ({
    organizations: [
      {
        id: 'org_a',
        third_party_client_access: 'allow',
        connections: ['google-oauth2'],
        ...changes,
      },
    ],
  })
const ORGANIZATION = { OAUTH_ORGANIZATION: 'org_a' }

interface Case {
  readonly name: string
  readonly change: Change
  readonly env?: Variables
  readonly args?: readonly string[]
  readonly errors?: readonly string[]
  readonly warnings?: readonly string[]
}

const FAULTS: readonly Case[] = [
  {
    name: 'a default grant, while only admitted clients get the API',
    change: defaultGrant,
    errors: ['default_grant_present'],
  },
  {
    name: 'a foreign client and a default grant',
    change: both(defaultGrant, another({ callbacks: [FOREIGN] })),
    errors: ['default_grant_present', 'foreign_client_access'],
  },
  {
    name: 'a foreign client with a grant of its own',
    change: both(another({ callbacks: [FOREIGN] }), grantFor('tpc_other')),
    errors: ['foreign_client_access'],
  },
  {
    name: 'a foreign client that registered itself by its metadata document',
    change: both(selfRegistered({ callbacks: [FOREIGN] }), grantFor('tpc_other')),
    errors: ['foreign_client_access'],
  },
  {
    name: 'a client of ChatGPT that registered itself so, and has no grant',
    change: selfRegistered(),
    errors: ['client_not_admitted'],
  },
  {
    name: 'a foreign permissive client, where the API asks for no grant',
    change: both(permissiveClient({ callbacks: [FOREIGN] }), allowAll),
    errors: ['foreign_client_access'],
    warnings: ['permissive_clients_unrestricted'],
  },
  {
    name: 'open access',
    change: openTenant,
    env: OPEN,
    warnings: ['third_party_access_open'],
  },
  {
    name: 'open access without a default grant',
    change: withoutGrants('cgr_chatgpt'),
    env: OPEN,
    errors: ['client_not_admitted', 'default_grant_missing'],
    warnings: ['third_party_access_open'],
  },
  {
    name: 'open access, and a default grant from before a tool was added',
    change: both(openTenant, grant('cgr_default', { scope: ['events:read'] })),
    env: OPEN,
    errors: ['default_grant_scope'],
    warnings: ['third_party_access_open'],
  },
  {
    name: 'no log stream, which ChatGPT depends on',
    change: () => ({ streams: [] }),
    errors: ['log_stream_missing'],
  },
  {
    name: 'no log stream beside a predefined client, while clients can register',
    change: both(predefined(), () => ({ streams: [] })),
    warnings: ['log_stream_missing'],
  },
  {
    name: 'log streams that the plan does not have',
    change: noStreams,
    errors: ['log_streams_not_in_plan'],
  },
  {
    name: 'log streams that the plan does not have, beside a predefined client',
    change: both(predefined(), noStreams),
    warnings: ['log_streams_not_in_plan'],
  },
  {
    name: 'metadata documents that are advertised and not imported',
    change: settings({ client_id_metadata_document_supported: true }),
    errors: ['cimd_client_missing'],
  },
  {
    name: 'the same beside a predefined client',
    change: both(predefined(), settings({ client_id_metadata_document_supported: true })),
    warnings: ['cimd_client_missing'],
  },
  {
    name: 'a default audience of another API',
    change: settings({ default_audience: 'https://other.example' }),
    errors: ['default_audience_other'],
  },
  {
    name: 'a promotion that Auth0 refused',
    change: both(permissiveClient(), withoutGrants('cgr_chatgpt'), grantFor('app')),
    warnings: ['promotion_refused'],
  },
  {
    name: 'a promotion that Auth0 refused, without a connection for third-party clients',
    change: both(permissiveClient(), withoutGrants('cgr_chatgpt'), grantFor('app'), unshared),
    errors: ['client_not_admitted'],
    warnings: ['promotion_refused'],
  },
  {
    name: 'a promoted client without the grant that the API asks for',
    change: both(
      permissive,
      unshared,
      permissiveClient(PROMOTED),
      withoutGrants('cgr_chatgpt'),
      () => ({
        enabledClients: { con_1: ['app'] },
      }),
    ),
    errors: ['client_not_admitted'],
  },
  {
    name: 'people without permissions',
    change: ({ roles, people }) => ({
      roles: roles.map((one) => ({ ...one, members: [] })),
      people: people.map((one) => ({ ...one, permissions: [] })),
    }),
    warnings: ['permissions_unassigned'],
  },
  {
    name: 'no role, and no people',
    change: () => ({ roles: [], people: [] }),
    warnings: ['permissions_unassigned'],
  },
  {
    name: 'a role from before a tool was added',
    change: ({ roles }) => ({
      roles: roles.map((one) => ({ ...one, permissions: ['events:read'] })),
    }),
    warnings: ['role_permissions_missing'],
  },
  {
    name: 'a predefined client whose refresh tokens neither rotate nor expire',
    change: predefined({ refresh_token: endless }),
    warnings: ['refresh_tokens_unlimited'],
  },
  {
    name: 'a predefined client whose refresh tokens have no leeway',
    change: predefined({ refresh_token: withoutLeeway }),
    warnings: ['refresh_token_leeway_zero'],
  },
  {
    name: 'an admitted client whose refresh tokens have no leeway',
    change: client({ refresh_token: withoutLeeway }),
    warnings: ['refresh_token_leeway_zero'],
  },
  {
    name: 'a predefined client with the stable redirect URI, without iss',
    change: predefined({ callbacks: [STABLE] }),
    errors: ['predefined_without_iss'],
  },
  {
    name: 'a predefined client with the redirect URI of one connection, with iss',
    change: both(withIss, predefined()),
    errors: ['predefined_redirect_uri'],
  },
  {
    name: 'a predefined client with a redirect URI of nobody, without iss',
    change: predefined({ callbacks: ['https://chatgpt.com/callback'] }),
    errors: ['predefined_redirect_uri'],
  },
  {
    name: 'a promoted client whose refresh tokens neither rotate nor expire',
    change: both(
      permissive,
      unshared,
      permissiveClient({ ...PROMOTED, refresh_token: endless }),
      grantFor('app'),
      () => ({ enabledClients: { con_1: ['app'] } }),
    ),
    warnings: ['refresh_tokens_unlimited'],
  },
  {
    name: 'a predefined client whose grant is from before a tool was added',
    change: both(predefined(), grant('cgr_predefined', { scope: ['events:read'] })),
    errors: ['client_grant_scopes'],
  },
  {
    name: 'a predefined client without a grant',
    change: both(predefined(), withoutGrants('cgr_predefined')),
    errors: ['client_grant_missing'],
  },
  {
    name: 'a predefined client without a login connection',
    change: both(predefined(), () => ({ enabledClients: {} })),
    errors: ['predefined_client_connection'],
  },
  {
    name: 'Classic Login with strict clients',
    change: () => ({ loginExperience: 'classic' }),
    warnings: ['classic_login'],
  },
  {
    name: 'client grants near the limit of the free plan',
    change: manyGrants(85),
    warnings: ['client_grant_limit_near'],
  },
  {
    name: 'client grants at the limit of the plan',
    change: manyGrants(100),
    args: ['--plan', 'free'],
    errors: ['client_grant_limit_reached'],
  },
  {
    name: 'an organization that denies third-party clients',
    change: organization({ third_party_client_access: 'block' }),
    env: ORGANIZATION,
    errors: ['organization_third_party_access'],
  },
  {
    name: 'an organization without the login connection',
    change: organization({ connections: ['other'] }),
    args: ['--organization', 'org_a'],
    errors: ['organization_connection_missing'],
  },
  {
    name: 'an organization that does not exist',
    change: () => ({}),
    env: ORGANIZATION,
    errors: ['organization_missing'],
  },
]

test.each(FAULTS)('names the fault of a tenant: $name', async (one) => {
  const { change, env, args, errors = [], warnings = [] } = one
  const report = await examine(change, env, args)
  const ids = (severity: string) =>
    idsOf({ findings: report.findings.filter((finding) => finding.severity === severity) })
  expect({ errors: ids('error'), warnings: ids('warning') }).toEqual({ errors, warnings })
  for (const { fix, why, seen, where } of report.findings) {
    expect(Math.min(fix.length, why.length, seen.length)).toBeGreaterThan(10)
    expect(where).toMatch(/^Auth0 dashboard: /)
  }
  expect(JSON.stringify(report)).not.toContain(SECRET)
})

const HEALTHY: readonly Case[] = [
  { name: 'a fresh tenant', change: withoutClients },
  {
    name: 'a tenant without the setting of the mode, and with permissive clients',
    change: both(permissiveClient(PROMOTED), unshared, grantFor('app'), () => ({
      enabledClients: { con_1: ['app'] },
    })),
  },
  { name: 'a predefined client beside registered ones', change: predefined() },
  {
    name: 'a predefined client alone, with registration closed and no log stream',
    change: both(withoutClients, predefined(), closed, noStreams),
  },
  {
    name: 'iss in authorization responses',
    change: both(withoutClients, predefined({ callbacks: [STABLE] }), withIss),
  },
  {
    name: 'an imported metadata document of ChatGPT',
    change: both(
      settings({ client_id_metadata_document_supported: true }),
      another({
        external_metadata_type: 'cimd',
        external_metadata_created_by: 'admin',
        external_client_id: 'https://chatgpt.com/oauth/client.json',
        callbacks: [STABLE],
      }),
      grantFor('tpc_other'),
    ),
  },
  {
    name: 'a default audience that is the API',
    change: ({ apis, settings: shown }) => ({
      settings: { ...shown, default_audience: apis[0]?.identifier },
    }),
  },
  {
    name: 'permissions that people have without a role',
    change: () => ({ roles: [] }),
  },
  {
    name: 'Classic Login without strict clients',
    change: both(withoutClients, () => ({ loginExperience: 'classic' })),
  },
  {
    name: 'an organization that allows third-party clients',
    change: organization(),
    env: ORGANIZATION,
  },
  {
    name: 'a client of an operator with grants of its own',
    change: both(
      another({
        client_id: 'app',
        is_first_party: true,
        callbacks: [FOREIGN],
        external_metadata_type: undefined,
      }),
      grantFor('app'),
    ),
  },
]

test.each(HEALTHY)('is silent about $name', async ({ change, env, args }) => {
  expect((await examine(change, env, args)).findings).toEqual([])
})

test('with open access no log stream is missed', async () => {
  for (const change of [noStreams, () => ({ streams: [] }), stream({ status: 'paused' })]) {
    const report = await examine(both(openTenant, change), OPEN)
    expect(idsOf(report)).toEqual(['third_party_access_open'])
    expect(report.ok).toBe(true)
  }
})

describe('the ways without a log stream', () => {
  test('are named where ChatGPT depends on one', async () => {
    for (const change of [noStreams, () => ({ streams: [] })]) {
      const { findings } = await examine(change)
      expect(findings[0]?.fix).toMatch(
        /--predefined.*AUTH_SERVER_METADATA=curated.*THIRD_PARTY_ACCESS=open/,
      )
    }
  })

  test('a limit of the plan is not taken for a missing scope', async () => {
    const { findings } = await examine(noStreams)
    expect(findings[0]?.seen).toContain('limit of the Auth0 plan')
    const missing = await examine(() => ({ forbidden: ['/log-streams'] }))
    expect(idsOf(missing)).toEqual(['management_scope_missing'])
  })

  test('curated metadata is one of them', async () => {
    await using curated = await startFront({ AUTH_SERVER_METADATA: 'curated' })
    for (const change of [noStreams, () => ({ streams: [] })]) {
      const options = tenantOptions(curated.url, both(withoutClients, change))
      expect((await doctorReport([curated.url], options)).findings).toEqual([])
    }
  })
})

test('what doctor may not read is a note, and no fault', async () => {
  const forbidden = ['/roles', '/users', '/prompts', '/organizations', '/rules', '/hooks']
  const { findings, skipped } = await examine(() => ({ forbidden }), ORGANIZATION)
  expect(findings).toEqual([])
  const reasons = skipped.map(({ reason }) => reason)
  expect(reasons).toContain('the Management scope read:organizations is missing')
  expect(reasons).toContain('the Management scope read:prompts is missing')
})

test('a client that stays a third-party client is told what keeps it working', async () => {
  const change = both(permissiveClient(), withoutGrants('cgr_chatgpt'), grantFor('app'))
  const { findings } = await examine(change)
  expect(findings).toMatchObject([
    {
      id: 'promotion_refused',
      seen: expect.stringContaining(CHATGPT),
      fix: expect.stringContaining('keep the login connection at domain level'),
    },
  ])
})
