import { expect, test } from 'vitest'
import { idsOf } from '../../support/auth0/doctor.ts'
import { expectIds, type FaultRow } from '../../support/auth0/doctor-case.ts'
import { all, permissive, unshared } from '../../support/auth0/doctor-changes.ts'
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
  CHATGPT,
  type Change,
  doctorForAllTests,
  FOREIGN,
} from '../../support/auth0/doctor-tenant.ts'

const { examine } = doctorForAllTests()

const FAULTS: readonly FaultRow[] = [
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
  expectIds(await examine(change), expected)
})

const HARMLESS: readonly (readonly [string, Change])[] = [
  [
    'a client with a foreign redirect URI that an operator created',
    ({ clients }) =>
      void clients.set('app', { client_id: 'app', callbacks: [FOREIGN], is_first_party: true }),
  ],
  ['a client with a foreign redirect URI and without a grant', another({ callbacks: [FOREIGN] })],
  ['a tenant without clients', withoutClients],
  ['eleven clients without a known plan', withClients(11)],
]

test.each(HARMLESS)('reports nothing for %s', async (_, change) => {
  expect(idsOf(await examine(change))).toEqual([])
})

test('compares the number of clients with the limit of the plan', async () => {
  const found = async (plan: string) => idsOf(await examine(withClients(10), {}, ['--plan', plan]))
  expect(await found('free')).toEqual(['application_limit_reached'])
  expect(await found('self-service')).toEqual([])
})
