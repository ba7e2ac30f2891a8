import { afterAll, beforeAll, expect, test } from 'vitest'
import { doctorReport } from '../../support/auth0/doctor.ts'
import {
  allowAll,
  type Case,
  defaultGrant,
  endless,
  expectFindings,
  grantFor,
  manyGrants,
  OPEN,
  ORGANIZATION,
  openTenant,
  PROMOTED,
  permissiveClient,
  predefined,
  STABLE,
  selfRegistered,
  withoutClients,
  withoutLeeway,
} from '../../support/auth0/doctor-changes.ts'
import {
  another,
  both,
  CHATGPT,
  type Change,
  client,
  FOREIGN,
  grant,
  permissive,
  settings,
  tenantOptions,
  unshared,
  type Variables,
  withoutGrants,
} from '../../support/auth0/doctor-tenant.ts'
import { type Front, startFront } from '../../support/http/front.ts'

let front: Front
beforeAll(async () => {
  front = await startFront()
})
afterAll(() => front?.[Symbol.asyncDispose]())

function examine(change: Change, env: Variables = {}, args: readonly string[] = []) {
  return doctorReport([front.url, ...args], tenantOptions(front.url, change, env))
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
    name: 'an admitted client whose refresh tokens have no leeway',
    change: client({ refresh_token: withoutLeeway }),
    warnings: ['refresh_token_leeway_zero'],
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
]

test.each(FAULTS)('names the fault of a tenant: $name', async (one) => {
  const { change, env, args } = one
  const report = await examine(change, env, args)
  expectFindings(report, one)
})

const HEALTHY: readonly Case[] = [
  { name: 'a fresh tenant', change: withoutClients },
  {
    name: 'a tenant without the setting of the mode, and with permissive clients',
    change: both(permissiveClient(PROMOTED), unshared, grantFor('app'), () => ({
      enabledClients: { con_1: ['app'] },
    })),
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
    name: 'Classic Login without strict clients',
    change: both(withoutClients, () => ({ loginExperience: 'classic' })),
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
      fix: expect.stringContaining('Keep the login connection at domain level'),
    },
  ])
})
