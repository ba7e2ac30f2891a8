import { describe, expect, test } from 'vitest'
import type { ClientRecord } from '../../support/auth0/management-api.ts'
import {
  admissionOf,
  FOREIGN,
  outcomesIn,
  PERMISSIVE,
  STRICT,
  tenantForEachTest,
  webhookOf,
  writesOf,
} from '../../support/functions/admission.ts'

const tenant = tenantForEachTest(STRICT, PERMISSIVE, FOREIGN)

describe('enforce', () => {
  test('a redelivery of a client that was deleted is settled, without another call', async () => {
    const { deliver } = await webhookOf(tenant.api, { policy: 'enforce' })
    expect(outcomesIn(await deliver('tpc_evil'))).toMatchObject([{ outcome: 'deleted' }])
    tenant.api.calls.length = 0
    const again = await deliver('tpc_evil')
    expect(again.status).toBe(200)
    expect(outcomesIn(again)).toMatchObject([{ outcome: 'deleted' }])
    expect(tenant.api.calls).toEqual([])
  })

  test('a client that somebody else deletes in between is as good as deleted', async () => {
    const { deliver } = await webhookOf(tenant.api, { policy: 'enforce' })
    tenant.api.fail('DELETE /clients/:id', { status: 404 })
    const answer = await deliver('tpc_evil')
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer)).toMatchObject([{ outcome: 'deleted' }])
  })

  test('without delete:clients the scope is named, and it is tried again', async () => {
    const { deliver } = await webhookOf(tenant.api, { policy: 'enforce' })
    tenant.api.fail('DELETE /clients/:id', { status: 403 })
    const answer = await deliver('tpc_evil')
    expect(answer.status).toBe(503)
    expect(outcomesIn(answer)).toMatchObject([
      { reason: 'client_delete_http_403', missing_scope: 'delete:clients', retry: true },
    ])
    expect([...tenant.api.clients.keys()]).toContain('tpc_evil')
  })

  test.each([
    { name: 'a first-party client', changes: { is_first_party: true } },
    { name: 'one of which Auth0 does not say', changes: { is_first_party: undefined } },
  ])('$name is never deleted', async ({ changes }) => {
    const { is_first_party: _, ...rest } = FOREIGN
    const client = { ...rest, ...(changes.is_first_party && { is_first_party: true }) }
    tenant.api.clients.set('tpc_evil', client)
    expect((await admissionOf(tenant.api, { policy: 'enforce' })('tpc_evil')).outcome).toBe(
      'refused',
    )
    expect(writesOf(tenant.api)).toEqual([])
  })

  test('one foreign redirect URI among covered ones is enough', async () => {
    const callbacks = [...(STRICT.callbacks ?? []), 'https://evil.example/cb']
    tenant.api.clients.set('tpc_evil', { ...FOREIGN, callbacks })
    expect((await admissionOf(tenant.api, { policy: 'enforce' })('tpc_evil')).outcome).toBe(
      'deleted',
    )
  })
})

describe('a client that cannot have registered itself', () => {
  const covered = STRICT.callbacks ?? []
  const foreign = FOREIGN.callbacks ?? []
  const ofOperator = {
    is_first_party: true,
    token_endpoint_auth_method: 'client_secret_post',
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  }
  const withoutUsers = { grant_types: ['client_credentials'] }
  const imported = { external_client_id: 'https://chatgpt.com/oauth/client.json' }

  test.each<{ name: string; changes: Partial<ClientRecord> }>([
    { name: "the operator's own", changes: { ...ofOperator, callbacks: covered } },
    { name: "the operator's own, elsewhere", changes: { ...ofOperator, callbacks: foreign } },
    {
      name: "the operator's own public one",
      changes: {
        ...ofOperator,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token', 'implicit'],
        jwt_configuration: { alg: 'RS256' },
        oidc_conformant: true,
      },
    },
    { name: 'one that works without users', changes: { ...withoutUsers, callbacks: foreign } },
    { name: 'such a one with a covered URI', changes: { ...withoutUsers, callbacks: covered } },
    { name: 'an imported one', changes: { ...imported, callbacks: covered } },
    { name: 'an imported one, elsewhere', changes: { ...imported, callbacks: foreign } },
    { name: 'one that says how it was imported', changes: { external_metadata_type: 'cimd' } },
    { name: 'the global client', changes: { global: true } },
  ])('$name is neither changed nor deleted', async ({ changes }) => {
    tenant.api.clients.set('plain1', { ...PERMISSIVE, ...changes })
    for (const policy of ['admit', 'enforce'] as const) {
      expect(await admissionOf(tenant.api, { policy })('plain1')).toMatchObject({
        outcome: 'refused',
        reason: 'not_dynamic',
      })
    }
    expect(writesOf(tenant.api)).toEqual([])
  })

  test.each([undefined, [], ['authorization_code'], ['implicit', 'authorization_code']])(
    'is not one with the grants %j',
    async (grants) => {
      tenant.api.clients.set('plain1', { ...PERMISSIVE, ...(grants && { grant_types: grants }) })
      expect((await admissionOf(tenant.api)('plain1')).outcome).toBe('admitted')
    },
  )
})
