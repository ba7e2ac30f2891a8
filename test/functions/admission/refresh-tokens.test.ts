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

describe('the refresh token leeway of a strict client', () => {
  const tokens = { ...ROTATING_REFRESH_TOKEN, leeway: 0, token_lifetime: 60 }
  const UPDATE = 'PATCH /clients/tpc_1'

  test('is set if its refresh tokens rotate without a leeway, and other settings are kept', async () => {
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
    { name: 'a leeway that is set', changes: { ...tokens, leeway: 5 } },
    {
      name: 'refresh tokens that do not rotate',
      changes: { ...tokens, rotation_type: 'non-rotating' },
    },
  ])('is not changed in other cases: $name', async ({ changes }) => {
    changeClient(tenant.api, STRICT, { refresh_token: changes })
    await admissionWithoutWaits(tenant.api)('tpc_1')
    expect(takeWrites(tenant.api)).not.toContain(UPDATE)
  })

  test.each([400, 403, 404, 409, 422])(
    'does not fail the admission if Auth0 refuses the update with %i',
    async (status) => {
      changeClient(tenant.api, STRICT, { refresh_token: tokens })
      tenant.api.fail('PATCH /clients/:id', { status, errorCode: 'operation_not_supported' })
      expect(await admissionWithoutWaits(tenant.api)('tpc_1')).toMatchObject({
        outcome: 'admitted',
        way: 'granted',
      })
    },
  )

  test('is set by the next delivery after a 500 from Auth0', async () => {
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

describe('a client that is already promoted', () => {
  const tokens = {
    rotation_type: 'non-rotating',
    expiration_type: 'non-expiring',
    infinite_token_lifetime: true,
  }
  const marked = { external_metadata_type: 'dcr', external_metadata_created_by: 'client' }

  test.each([
    { name: 'promoted by an earlier version', changes: { ...PROMOTED } },
    { name: 'promoted earlier, with the marker', changes: { ...PROMOTED, ...marked } },
    { name: 'refresh tokens that never expire', changes: { ...PROMOTED, refresh_token: tokens } },
  ])('gets a client grant and rotating, expiring refresh tokens: $name', async ({ changes }) => {
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
      name: 'a leeway',
      changes: { refresh_token: { ...ROTATING_REFRESH_TOKEN, leeway: 0 } },
    },
    { name: 'grant types', changes: { ...marked, grant_types: ['authorization_code'] } },
  ])('keeps a setting of an operator: $name', async ({ changes }) => {
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

  test('remains promoted when Auth0 refuses to change its refresh tokens', async () => {
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
