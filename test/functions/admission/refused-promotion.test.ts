import { describe, expect, test } from 'vitest'
import { AdmissionError } from '../../../shared/auth0/admission-error.ts'
import { ROTATING_REFRESH_TOKEN } from '../../../shared/auth0/registered-client.ts'
import {
  admissionWithoutWaits,
  PERMISSIVE,
  STRICT,
  takeWrites,
  tenantForEachTest,
} from '../../support/functions/admission.ts'

const tenant = tenantForEachTest(STRICT, PERMISSIVE)

const REFUSALS = [
  { status: 400, errorCode: 'invalid_body' },
  { status: 403, errorCode: 'operation_not_supported', message: 'Ownership cannot be changed' },
  { status: 409, errorCode: 'conflict' },
]

const TOKENS = 'PATCH /clients/plain1'
const OTHER_WAY = [
  'PATCH /clients/plain1',
  'POST /client-grants',
  'PATCH /connections/con_1',
  TOKENS,
]

describe('a promotion that Auth0 refuses', () => {
  test.each(REFUSALS)(
    'with $status is replaced by a client grant and the domain-level connection',
    async (refusal) => {
      tenant.api.fail('PATCH /clients/:id', refusal)
      expect(await admissionWithoutWaits(tenant.api)('plain1')).toEqual({
        outcome: 'admitted',
        way: 'granted',
        promotion: `client_promote_http_${refusal.status}`,
        clientName: 'ChatGPT',
        mode: 'permissive',
      })
      expect(takeWrites(tenant.api)).toEqual(OTHER_WAY)
      expect(tenant.api.grants).toMatchObject([{ client_id: 'plain1', subject_type: 'user' }])
      expect(tenant.api.connections.get('google-oauth2')?.is_domain_connection).toBe(true)
    },
  )

  test('is not retried by a redelivery to another instance', async () => {
    tenant.api.fail('PATCH /clients/:id', { status: 400, member: 'is_first_party' })
    await admissionWithoutWaits(tenant.api)('plain1')
    takeWrites(tenant.api)
    tenant.api.mended()
    const again = await admissionWithoutWaits(tenant.api)('plain1')
    expect(again).toMatchObject({ outcome: 'already_admitted', way: 'granted' })
    expect(again).not.toHaveProperty('promotion')
    expect(takeWrites(tenant.api)).toEqual([])
  })

  test('leaves the client with rotating, expiring refresh tokens if Auth0 accepts them', async () => {
    tenant.api.fail('PATCH /clients/:id', { status: 400, member: 'is_first_party' })
    await admissionWithoutWaits(tenant.api)('plain1')
    expect(tenant.api.clients.get('plain1')).toMatchObject({
      is_first_party: false,
      refresh_token: ROTATING_REFRESH_TOKEN,
    })
  })

  test.each([400, 403, 404, 409, 422])(
    'does not fail the redelivery if Auth0 refuses the refresh tokens with %i',
    async (status) => {
      tenant.api.fail('PATCH /clients/:id', { status: 400, times: 1 })
      await admissionWithoutWaits(tenant.api)('plain1')
      takeWrites(tenant.api)
      const { refresh_token: _, ...client } = tenant.api.clients.get('plain1') ?? PERMISSIVE
      tenant.api.clients.set('plain1', client)
      tenant.api.fail('PATCH /clients/:id', { status, errorCode: 'operation_not_supported' })
      expect(await admissionWithoutWaits(tenant.api)('plain1')).toMatchObject({
        outcome: 'already_admitted',
      })
      expect(takeWrites(tenant.api)).toEqual([TOKENS])
    },
  )

  test('is not retried when a partly completed admission is resumed', async () => {
    tenant.api.fail('PATCH /clients/:id', { status: 400 })
    tenant.api.fail('PATCH /connections/:id', { status: 500, headers: { 'retry-after': '600' } })
    await expect(admissionWithoutWaits(tenant.api)('plain1')).rejects.toMatchObject({
      code: 'conn_enable_http_500',
      promotion: 'client_promote_http_400',
      done: ['grant_create'],
      isTransient: true,
    })
    takeWrites(tenant.api)
    tenant.api.mended()
    expect(await admissionWithoutWaits(tenant.api)('plain1')).toMatchObject({
      outcome: 'admitted',
      way: 'granted',
    })
    expect(takeWrites(tenant.api)).toEqual(['PATCH /connections/con_1', TOKENS])
  })

  test('is retried as long as no grant exists', async () => {
    tenant.api.fail('PATCH /clients/:id', { status: 409 })
    tenant.api.fail('POST /client-grants', { status: 400 })
    const failed = admissionWithoutWaits(tenant.api)('plain1')
    await expect(failed).rejects.toBeInstanceOf(AdmissionError)
    await expect(failed).rejects.toMatchObject({
      code: 'grant_create_http_400',
      promotion: 'client_promote_http_409',
    })
    takeWrites(tenant.api)
    tenant.api.mended()
    expect(await admissionWithoutWaits(tenant.api)('plain1')).toMatchObject({
      outcome: 'admitted',
      way: 'promoted',
    })
    expect(takeWrites(tenant.api)).toEqual([
      'PATCH /clients/plain1',
      'POST /client-grants',
      'PATCH /connections/con_1/clients',
    ])
  })

  test.each([
    { errorCode: 'insufficient_scope' },
    { errorCode: 'forbidden', message: 'Insufficient scope; expected any of: update:clients.' },
  ])('is not assumed for a 403 about a missing scope: %j', async (body) => {
    tenant.api.fail('PATCH /clients/:id', { status: 403, ...body })
    await expect(admissionWithoutWaits(tenant.api)('plain1')).rejects.toMatchObject({
      code: 'client_promote_http_403',
      missingScope: 'update:clients',
      isTransient: true,
    })
    expect(takeWrites(tenant.api)).toEqual(['PATCH /clients/plain1'])
  })

  test.each([401, 404, 422, 500])('is not assumed for a %i', async (status) => {
    tenant.api.fail('PATCH /clients/:id', { status, headers: { 'retry-after': '600' } })
    await expect(admissionWithoutWaits(tenant.api)('plain1')).rejects.toMatchObject({
      code: `client_promote_http_${status}`,
    })
    expect(new Set(takeWrites(tenant.api))).toEqual(new Set(['PATCH /clients/plain1']))
  })
})
