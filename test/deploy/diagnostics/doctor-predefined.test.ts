import { expect, test } from 'vitest'
import { byName, type Case, expectFindings } from '../../support/auth0/doctor-case.ts'
import { all, noStreams, registrationClosed, withIss } from '../../support/auth0/doctor-changes.ts'
import {
  ENDLESS,
  enabledFor,
  grant,
  predefined,
  STABLE,
  WITHOUT_LEEWAY,
  withoutClients,
  withoutGrant,
} from '../../support/auth0/doctor-clients.ts'
import { doctorForAllTests } from '../../support/auth0/doctor-tenant.ts'

const { examine } = doctorForAllTests()

const FAULTS: readonly Case[] = [
  {
    name: 'a predefined client with refresh tokens that neither rotate nor expire',
    change: predefined({ refresh_token: ENDLESS }),
    warnings: ['refresh_tokens_unlimited'],
  },
  {
    name: 'a predefined client with a refresh token leeway of 0',
    change: predefined({ refresh_token: WITHOUT_LEEWAY }),
    warnings: ['refresh_token_leeway_zero'],
  },
  {
    name: 'a predefined client with the stable redirect URI but without iss in the tenant',
    change: predefined({ callbacks: [STABLE] }),
    errors: ['predefined_without_iss'],
  },
  {
    name: 'a predefined client with the redirect URI of one connection although the tenant sends iss',
    change: all(withIss, predefined()),
    errors: ['predefined_redirect_uri'],
  },
  {
    name: 'a predefined client with a redirect URI that ChatGPT does not use',
    change: predefined({ callbacks: ['https://chatgpt.com/callback'] }),
    errors: ['predefined_redirect_uri'],
  },
  {
    name: 'a predefined client with a grant that lacks a scope',
    change: all(predefined(), grant('cgr_predefined', { scope: ['events:read'] })),
    errors: ['client_grant_scopes'],
  },
  {
    name: 'a predefined client without a grant',
    change: all(predefined(), withoutGrant('cgr_predefined')),
    errors: ['client_grant_missing'],
  },
  {
    name: 'a predefined client without a login connection',
    change: all(predefined(), enabledFor()),
    errors: ['predefined_client_connection'],
  },
]

test.each(byName(FAULTS))('reports %s', async (_, one) => {
  const { change, env, args } = one
  const report = await examine(change, env, args)
  expectFindings(report, one)
})

const HEALTHY: readonly Case[] = [
  { name: 'a predefined client and a registered client', change: predefined() },
  {
    name: 'a predefined client alone without registration and without log streams',
    change: all(withoutClients, predefined(), registrationClosed, noStreams),
  },
  {
    name: 'a predefined client with the stable redirect URI and iss in the tenant',
    change: all(withoutClients, predefined({ callbacks: [STABLE] }), withIss),
  },
]

test.each(byName(HEALTHY))('reports nothing for %s', async (_, { change, env, args }) => {
  expect((await examine(change, env, args)).findings).toEqual([])
})
