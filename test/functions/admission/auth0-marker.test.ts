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

describe("Auth0's marker", () => {
  const dcr = { external_metadata_type: 'dcr', external_metadata_created_by: 'client' }
  const selfCimd = { external_metadata_type: 'cimd', external_metadata_created_by: 'client' }
  const imported = { external_metadata_type: 'cimd', external_metadata_created_by: 'admin' }
  const withoutUsers = { grant_types: ['client_credentials'] }

  test.each<{ name: string; changes: Partial<ClientRecord>; outcome: string }>([
    { name: 'dcr', changes: dcr, outcome: 'admitted' },
    {
      name: 'dcr without its maker',
      changes: { external_metadata_type: 'dcr' },
      outcome: 'admitted',
    },
    { name: 'dcr, whatever its grants', changes: { ...dcr, ...withoutUsers }, outcome: 'admitted' },
    { name: 'cimd by itself', changes: selfCimd, outcome: 'admitted' },
    { name: 'cimd by an administrator', changes: imported, outcome: 'refused' },
    {
      name: 'cimd without its maker',
      changes: { external_metadata_type: 'cimd' },
      outcome: 'refused',
    },
    {
      name: 'one that is not documented',
      changes: { external_metadata_type: 'x' },
      outcome: 'refused',
    },
    { name: 'none', changes: {}, outcome: 'admitted' },
    { name: 'none, without users', changes: withoutUsers, outcome: 'refused' },
  ])('$name: $outcome', async ({ changes, outcome }) => {
    for (const client of [PERMISSIVE, STRICT]) {
      changeClient(tenant.api, client, changes)
      expect((await admissionWithoutWaits(tenant.api)(client.client_id)).outcome).toBe(outcome)
    }
    if (outcome === 'refused') expect(takeWrites(tenant.api)).toEqual([])
  })

  test.each<{ name: string; changes: Partial<ClientRecord>; outcome: string }>([
    { name: 'dcr', changes: dcr, outcome: 'deleted' },
    { name: 'cimd by itself', changes: selfCimd, outcome: 'deleted' },
    { name: 'dcr, as a promotion leaves it', changes: { ...dcr, ...PROMOTED }, outcome: 'deleted' },
    {
      name: 'dcr, taken over by an operator',
      changes: { ...dcr, ...PROMOTED, token_endpoint_auth_method: 'client_secret_post' },
      outcome: 'refused',
    },
    { name: 'cimd by an administrator', changes: imported, outcome: 'refused' },
    { name: 'none', changes: {}, outcome: 'deleted' },
    { name: 'none, first-party', changes: { is_first_party: true }, outcome: 'refused' },
  ])('enforce, a foreign client with $name: $outcome', async ({ changes, outcome }) => {
    changeClient(tenant.api, PERMISSIVE, { callbacks: FOREIGN, ...changes })
    expect((await admissionWithoutWaits(tenant.api, { policy: 'enforce' })('plain1')).outcome).toBe(
      outcome,
    )
    expect(tenant.api.clients.has('plain1')).toBe(outcome !== 'deleted')
  })

  test('a client that registered itself by its document is strict, whatever its id', async () => {
    const { third_party_security_mode: _, ...client } = PERMISSIVE
    tenant.api.clients.set('plain1', { ...client, ...selfCimd })
    expect(await admissionWithoutWaits(tenant.api)('plain1')).toMatchObject({
      mode: 'strict',
      way: 'granted',
    })
    expect(takeWrites(tenant.api)).toEqual(['POST /client-grants', 'PATCH /connections/con_1'])
  })

  test('a guessed registration counts for such a client alone', async () => {
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
