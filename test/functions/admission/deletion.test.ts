import { describe, expect, test } from 'vitest'
import type { ClientRecord } from '../../support/auth0/management-api.ts'
import {
  admissionOf,
  FOREIGN,
  PERMISSIVE,
  STRICT,
  tenantForEachTest,
  webhookOf,
  writesOf,
} from '../../support/functions/admission.ts'
import { outcomesIn } from '../../support/functions/log-stream.ts'

const tenant = tenantForEachTest(STRICT, PERMISSIVE, FOREIGN)

describe('the policy enforce', () => {
  test('a redelivery for a deleted client is acknowledged without a call to Auth0', async () => {
    const { deliver } = await webhookOf(tenant.api, { policy: 'enforce' })
    expect(outcomesIn(await deliver('tpc_evil'))).toMatchObject([{ outcome: 'deleted' }])
    tenant.api.calls.length = 0
    const again = await deliver('tpc_evil')
    expect(again.status).toBe(200)
    expect(outcomesIn(again)).toMatchObject([{ outcome: 'deleted' }])
    expect(tenant.api.calls).toEqual([])
  })

  test('a client that is deleted concurrently is reported as deleted', async () => {
    const { deliver } = await webhookOf(tenant.api, { policy: 'enforce' })
    tenant.api.fail('DELETE /clients/:id', { status: 404 })
    const answer = await deliver('tpc_evil')
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer)).toMatchObject([{ outcome: 'deleted' }])
  })

  test('a 403 for the deletion reports delete:clients as missing and asks for a redelivery', async () => {
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
    { name: 'a client without is_first_party', changes: { is_first_party: undefined } },
  ])('a client that may be first-party is never deleted: $name', async ({ changes }) => {
    const { is_first_party: _, ...rest } = FOREIGN
    const client = { ...rest, ...(changes.is_first_party && { is_first_party: true }) }
    tenant.api.clients.set('tpc_evil', client)
    expect((await admissionOf(tenant.api, { policy: 'enforce' })('tpc_evil')).outcome).toBe(
      'refused',
    )
    expect(writesOf(tenant.api)).toEqual([])
  })

  test('a client with one foreign redirect URI among allowed ones is deleted', async () => {
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
    { name: 'a first-party client, allowed URIs', changes: { ...ofOperator, callbacks: covered } },
    { name: 'a first-party client, foreign URIs', changes: { ...ofOperator, callbacks: foreign } },
    {
      name: 'a public first-party client',
      changes: {
        ...ofOperator,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token', 'implicit'],
        jwt_configuration: { alg: 'RS256' },
        oidc_conformant: true,
      },
    },
    { name: 'an M2M client, foreign URIs', changes: { ...withoutUsers, callbacks: foreign } },
    { name: 'an M2M client, allowed URIs', changes: { ...withoutUsers, callbacks: covered } },
    { name: 'an imported client, allowed URIs', changes: { ...imported, callbacks: covered } },
    { name: 'an imported client, foreign URIs', changes: { ...imported, callbacks: foreign } },
    { name: 'a client with metadata type cimd', changes: { external_metadata_type: 'cimd' } },
    { name: 'the global client', changes: { global: true } },
  ])('is neither changed nor deleted: $name', async ({ changes }) => {
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
    'is not assumed from grant_types %j',
    async (grants) => {
      tenant.api.clients.set('plain1', { ...PERMISSIVE, ...(grants && { grant_types: grants }) })
      expect((await admissionOf(tenant.api)('plain1')).outcome).toBe('admitted')
    },
  )
})
