import { describe, expect, test } from 'vitest'
import { ROTATING_REFRESH_TOKEN } from '../../../shared/auth0/registered-client.ts'
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

describe('the leeway of a strict client', () => {
  const tokens = { ...ROTATING_REFRESH_TOKEN, leeway: 0, token_lifetime: 60 }
  const UPDATE = 'PATCH /clients/tpc_1'

  test('is set where its refresh tokens rotate without one; the rest stays', async () => {
    changeClient(tenant.api, STRICT, { refresh_token: tokens })
    expect(await admissionWithoutWaits(tenant.api)('tpc_1')).toMatchObject({
      outcome: 'admitted',
      way: 'granted',
    })
    expect(tenant.api.clients.get('tpc_1')).toMatchObject({
      refresh_token: { ...tokens, leeway: 30 },
    })
    expect(takeWrites(tenant.api)).toContain(UPDATE)
    expect(await admissionWithoutWaits(tenant.api)('tpc_1')).toMatchObject({
      outcome: 'already_admitted',
    })
    expect(takeWrites(tenant.api)).toEqual([])
  })

  test.each([
    { name: 'there is one', changes: { ...tokens, leeway: 5 } },
    {
      name: 'its refresh tokens do not rotate',
      changes: { ...tokens, rotation_type: 'non-rotating' },
    },
  ])('stays where $name', async ({ changes }) => {
    changeClient(tenant.api, STRICT, { refresh_token: changes })
    await admissionWithoutWaits(tenant.api)('tpc_1')
    expect(takeWrites(tenant.api)).not.toContain(UPDATE)
  })

  test.each([400, 403, 404, 409, 422])('stays where Auth0 refuses it: %i', async (status) => {
    changeClient(tenant.api, STRICT, { refresh_token: tokens })
    tenant.api.fail('PATCH /clients/:id', { status, errorCode: 'operation_not_supported' })
    expect(await admissionWithoutWaits(tenant.api)('tpc_1')).toMatchObject({
      outcome: 'admitted',
      way: 'granted',
    })
  })

  test('is set by the next delivery where Auth0 fails', async () => {
    changeClient(tenant.api, STRICT, { refresh_token: tokens })
    tenant.api.fail('PATCH /clients/:id', { status: 500, headers: { 'retry-after': '600' } })
    await expect(admissionWithoutWaits(tenant.api)('tpc_1')).rejects.toMatchObject({
      code: 'client_update_http_500',
      isTransient: true,
    })
    tenant.api.mended()
    expect(await admissionWithoutWaits(tenant.api)('tpc_1')).toMatchObject({ outcome: 'admitted' })
    expect(tenant.api.clients.get('tpc_1')).toMatchObject({ refresh_token: { leeway: 30 } })
  })
})

describe('a client that is promoted already', () => {
  const tokens = {
    rotation_type: 'non-rotating',
    expiration_type: 'non-expiring',
    infinite_token_lifetime: true,
  }
  const marked = { external_metadata_type: 'dcr', external_metadata_created_by: 'client' }

  test.each([
    { name: 'of an earlier version', changes: { ...PROMOTED } },
    { name: 'of an earlier version, with the marker', changes: { ...PROMOTED, ...marked } },
    { name: 'whose tokens never expire', changes: { ...PROMOTED, refresh_token: tokens } },
  ])('$name gets the grant and tokens that rotate and expire', async ({ changes }) => {
    changeClient(tenant.api, PERMISSIVE, changes)
    expect(await admissionWithoutWaits(tenant.api)('plain1')).toMatchObject({
      outcome: 'admitted',
      way: 'promoted',
    })
    expect(tenant.api.calls.find(({ method }) => method === 'PATCH')?.body).toEqual({
      refresh_token: ROTATING_REFRESH_TOKEN,
    })
    expect(takeWrites(tenant.api)).toEqual([
      'PATCH /clients/plain1',
      'POST /client-grants',
      'PATCH /connections/con_1/clients',
    ])
    expect(await admissionWithoutWaits(tenant.api)('plain1')).toMatchObject({
      outcome: 'already_admitted',
    })
    expect(takeWrites(tenant.api)).toEqual([])
  })

  test.each([
    {
      name: 'other lifetimes',
      changes: { refresh_token: { ...ROTATING_REFRESH_TOKEN, leeway: 0 } },
    },
    { name: 'another grant type', changes: { ...marked, grant_types: ['authorization_code'] } },
  ])('keeps $name that an operator has set', async ({ changes }) => {
    changeClient(tenant.api, PERMISSIVE, { ...PROMOTED, ...changes })
    expect(await admissionWithoutWaits(tenant.api)('plain1')).toMatchObject({
      outcome: 'admitted',
      way: 'promoted',
    })
    expect(takeWrites(tenant.api)).toEqual([
      'POST /client-grants',
      'PATCH /connections/con_1/clients',
    ])
  })

  test('stays so when Auth0 refuses the change of its tokens', async () => {
    changeClient(tenant.api, PERMISSIVE, PROMOTED)
    tenant.api.fail('PATCH /clients/:id', { status: 400 })
    expect(await admissionWithoutWaits(tenant.api)('plain1')).toMatchObject({
      outcome: 'admitted',
      way: 'promoted',
      promotion: 'client_promote_http_400',
    })
    expect(tenant.api.connections.get('google-oauth2')?.is_domain_connection).toBe(false)
  })
})
