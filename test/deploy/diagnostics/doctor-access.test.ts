import { expect, test } from 'vitest'
import { byName, type Case, expectFindings } from '../../support/auth0/doctor-case.ts'
import {
  all,
  allowAll,
  classicLogin,
  ORGANIZATION,
  permissive,
  settings,
  unshared,
  withoutScopes,
} from '../../support/auth0/doctor-changes.ts'
import {
  another,
  client,
  defaultGrant,
  ENDLESS,
  enabledFor,
  grant,
  grantFor,
  OPEN,
  openTenant,
  PROMOTED,
  permissiveClient,
  predefined,
  STABLE,
  selfRegistered,
  WITHOUT_LEEWAY,
  withGrants,
  withoutClients,
  withoutGrant,
} from '../../support/auth0/doctor-clients.ts'
import { apiOf, CHATGPT, doctorForAllTests, FOREIGN } from '../../support/auth0/doctor-tenant.ts'

const { examine } = doctorForAllTests()

const FAULTS: readonly Case[] = [
  {
    name: 'a default grant although only admitted clients may access the API',
    change: defaultGrant,
    errors: ['default_grant_present'],
  },
  {
    name: 'a default grant and a client with a foreign redirect URI',
    change: all(defaultGrant, another({ callbacks: [FOREIGN] })),
    errors: ['default_grant_present', 'foreign_client_access'],
  },
  {
    name: 'a client with a foreign redirect URI and its own grant',
    change: all(another({ callbacks: [FOREIGN] }), grantFor('tpc_other')),
    errors: ['foreign_client_access'],
  },
  {
    name: 'a client with a foreign redirect URI that registered itself by its metadata document',
    change: all(selfRegistered({ callbacks: [FOREIGN] }), grantFor('tpc_other')),
    errors: ['foreign_client_access'],
  },
  {
    name: 'a client of ChatGPT that registered itself by its metadata document and has no grant',
    change: selfRegistered(),
    errors: ['client_not_admitted'],
  },
  {
    name: 'a permissive client with a foreign redirect URI when the API requires no client grant',
    change: all(permissiveClient({ callbacks: [FOREIGN] }), allowAll),
    errors: ['foreign_client_access'],
    warnings: ['permissive_clients_unrestricted'],
  },
  {
    name: 'open access for third-party clients',
    change: openTenant,
    env: OPEN,
    warnings: ['third_party_access_open'],
  },
  {
    name: 'open access for third-party clients without a default grant',
    change: withoutGrant('cgr_chatgpt'),
    env: OPEN,
    errors: ['client_not_admitted', 'default_grant_missing'],
    warnings: ['third_party_access_open'],
  },
  {
    name: 'open access for third-party clients with a default grant that lacks a scope',
    change: all(openTenant, grant('cgr_default', { scope: ['events:read'] })),
    env: OPEN,
    errors: ['default_grant_scope'],
    warnings: ['third_party_access_open'],
  },
  {
    name: 'a tenant that advertises metadata documents but has not imported the one of ChatGPT',
    change: settings({ client_id_metadata_document_supported: true }),
    errors: ['cimd_client_missing'],
  },
  {
    name: 'a tenant that advertises metadata documents but has only a predefined client',
    change: all(predefined(), settings({ client_id_metadata_document_supported: true })),
    warnings: ['cimd_client_missing'],
  },
  {
    name: 'a default audience that is another API',
    change: settings({ default_audience: 'https://other.example' }),
    errors: ['default_audience_other'],
  },
  {
    name: 'a promotion that Auth0 refused',
    change: all(permissiveClient(), withoutGrant('cgr_chatgpt'), grantFor('app')),
    warnings: ['promotion_refused'],
  },
  {
    name: 'a promotion that Auth0 refused when third-party clients have no login connection',
    change: all(permissiveClient(), withoutGrant('cgr_chatgpt'), grantFor('app'), unshared),
    errors: ['client_not_admitted'],
    warnings: ['promotion_refused'],
  },
  {
    name: 'a promoted client without the client grant that the API requires',
    change: all(
      permissive,
      unshared,
      permissiveClient(PROMOTED),
      withoutGrant('cgr_chatgpt'),
      enabledFor('app'),
    ),
    errors: ['client_not_admitted'],
  },
  {
    name: 'an admitted client with a refresh token leeway of 0',
    change: client({ refresh_token: WITHOUT_LEEWAY }),
    warnings: ['refresh_token_leeway_zero'],
  },
  {
    name: 'a promoted client with refresh tokens that neither rotate nor expire',
    change: all(
      permissive,
      unshared,
      permissiveClient({ ...PROMOTED, refresh_token: ENDLESS }),
      grantFor('app'),
      enabledFor('app'),
    ),
    warnings: ['refresh_tokens_unlimited'],
  },
  {
    name: 'Classic Login in a tenant with strict clients',
    change: classicLogin,
    warnings: ['classic_login'],
  },
  {
    name: 'a number of client grants near the limit of the free plan',
    change: withGrants(85),
    warnings: ['client_grant_limit_near'],
  },
  {
    name: 'a number of client grants at the limit of the plan',
    change: withGrants(100),
    args: ['--plan', 'free'],
    errors: ['client_grant_limit_reached'],
  },
]

test.each(byName(FAULTS))('reports %s', async (_, one) => {
  const { change, env, args } = one
  const report = await examine(change, env, args)
  expectFindings(report, one)
})

const HEALTHY: readonly Case[] = [
  { name: 'a tenant without clients', change: withoutClients },
  {
    name: 'promoted clients in a tenant without the security mode setting',
    change: all(permissiveClient(PROMOTED), unshared, grantFor('app'), enabledFor('app')),
  },
  {
    name: 'an imported metadata document of ChatGPT',
    change: all(
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
    change: (state) => settings({ default_audience: apiOf(state).identifier })(state),
  },
  {
    name: 'Classic Login in a tenant without strict clients',
    change: all(withoutClients, classicLogin),
  },
  {
    name: 'a client that an operator created, with its own grant',
    change: all(
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

test.each(byName(HEALTHY))('reports nothing for %s', async (_, { change, env, args }) => {
  expect((await examine(change, env, args)).findings).toEqual([])
})

test('skips the checks for which the Management API client lacks a scope', async () => {
  const change = withoutScopes(
    ...(['read:roles', 'read:users', 'read:prompts'] as const),
    ...(['read:organizations', 'read:rules', 'read:hooks'] as const),
  )
  const { findings, skipped } = await examine(change, ORGANIZATION)
  expect(findings).toEqual([])
  const reasons = skipped.map(({ reason }) => reason)
  expect(reasons).toContain('the Management scope read:organizations is missing')
  expect(reasons).toContain('the Management scope read:prompts is missing')
})

test('explains how a client keeps working without its promotion', async () => {
  const change = all(permissiveClient(), withoutGrant('cgr_chatgpt'), grantFor('app'))
  const { findings } = await examine(change)
  expect(findings).toMatchObject([
    {
      id: 'promotion_refused',
      seen: expect.stringContaining(CHATGPT),
      fix: expect.stringContaining('Keep the login connection at domain level'),
    },
  ])
})
