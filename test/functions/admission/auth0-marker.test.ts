import { describe, expect, test } from 'vitest'
import type { ClientRecord } from '../../support/auth0/management-api.ts'
import {
  admissionWithoutWaits,
  changeClient,
  PERMISSIVE,
  PROMOTED,
  STRICT,
  takeWrites,
  tenantForEachTest,
} from '../../support/functions/admission.ts'

const tenant = tenantForEachTest(STRICT, PERMISSIVE)

const FOREIGN = ['https://evil.example/cb']

describe("Auth0's registration marker", () => {
  const dcr = { external_metadata_type: 'dcr', external_metadata_created_by: 'client' }
  const selfCimd = { external_metadata_type: 'cimd', external_metadata_created_by: 'client' }
  const imported = { external_metadata_type: 'cimd', external_metadata_created_by: 'admin' }
  const withoutUsers = { grant_types: ['client_credentials'] }

  test.each<{ name: string; changes: Partial<ClientRecord>; outcome: string }>([
    { name: 'type dcr', changes: dcr, outcome: 'admitted' },
    {
      name: 'type dcr and no creator',
      changes: { external_metadata_type: 'dcr' },
      outcome: 'admitted',
    },
    {
      name: 'type dcr and only client credentials',
      changes: { ...dcr, ...withoutUsers },
      outcome: 'admitted',
    },
    { name: 'type cimd created by the client', changes: selfCimd, outcome: 'admitted' },
    { name: 'type cimd created by an administrator', changes: imported, outcome: 'refused' },
    {
      name: 'type cimd and no creator',
      changes: { external_metadata_type: 'cimd' },
      outcome: 'refused',
    },
    {
      name: 'an undocumented type',
      changes: { external_metadata_type: 'x' },
      outcome: 'refused',
    },
    { name: 'no marker', changes: {}, outcome: 'admitted' },
    { name: 'no marker and only client credentials', changes: withoutUsers, outcome: 'refused' },
  ])('determines the outcome of an admission: $name, $outcome', async ({ changes, outcome }) => {
    for (const client of [PERMISSIVE, STRICT]) {
      changeClient(tenant.api, client, changes)
      expect((await admissionWithoutWaits(tenant.api)(client.client_id)).outcome).toBe(outcome)
    }
    if (outcome === 'refused') expect(takeWrites(tenant.api)).toEqual([])
  })

  test.each<{ name: string; changes: Partial<ClientRecord>; outcome: string }>([
    { name: 'type dcr', changes: dcr, outcome: 'deleted' },
    { name: 'type cimd created by the client', changes: selfCimd, outcome: 'deleted' },
    { name: 'type dcr that was promoted', changes: { ...dcr, ...PROMOTED }, outcome: 'deleted' },
    {
      name: 'type dcr changed by an operator',
      changes: { ...dcr, ...PROMOTED, token_endpoint_auth_method: 'client_secret_post' },
      outcome: 'refused',
    },
    { name: 'type cimd created by an administrator', changes: imported, outcome: 'refused' },
    { name: 'no marker', changes: {}, outcome: 'deleted' },
    {
      name: 'no marker that is first-party',
      changes: { is_first_party: true },
      outcome: 'refused',
    },
  ])(
    'determines the outcome for a foreign client with the policy enforce: $name, $outcome',
    async ({ changes, outcome }) => {
      changeClient(tenant.api, PERMISSIVE, { callbacks: FOREIGN, ...changes })
      expect(
        (await admissionWithoutWaits(tenant.api, { policy: 'enforce' })('plain1')).outcome,
      ).toBe(outcome)
      expect(tenant.api.clients.has('plain1')).toBe(outcome !== 'deleted')
    },
  )

  test('makes a client strict if it registered itself by its metadata document, regardless of its ID', async () => {
    const { third_party_security_mode: _, ...client } = PERMISSIVE
    tenant.api.clients.set('plain1', { ...client, ...selfCimd })
    expect(await admissionWithoutWaits(tenant.api)('plain1')).toMatchObject({
      mode: 'strict',
      way: 'granted',
    })
    expect(takeWrites(tenant.api)).toEqual(['POST /client-grants', 'PATCH /connections/con_1'])
  })

  test('decides that a guessed registration admits only a client that registered itself by its document', async () => {
    const guess = (id: string) =>
      admissionWithoutWaits(tenant.api)(id, undefined, { isGuess: true })
    for (const changes of [dcr, imported, {}]) {
      changeClient(tenant.api, STRICT, changes)
      expect(await guess('tpc_1')).toMatchObject({
        outcome: 'ignored',
        reason: 'not_self_registered',
      })
    }
    expect(takeWrites(tenant.api)).toEqual([])
    changeClient(tenant.api, STRICT, selfCimd)
    expect(await guess('tpc_1')).toMatchObject({ outcome: 'admitted', way: 'granted' })
  })
})
