import { describe, expect, test } from 'vitest'
import {
  admissionWithoutWaits,
  PERMISSIVE,
  STRICT,
  takeWrites,
  tenantForEachTest,
} from '../../support/functions/admission.ts'

const tenant = tenantForEachTest(STRICT, PERMISSIVE)

/** A message from Auth0's OpenAPI document, for another type of entity. */
const LIMIT_OF_DOCUMENT = 'You reached the limit of entities of this type for this tenant.'

const TOKENS = 'PATCH /clients/plain1'

test('a 409 for a client grant that does not exist fails the admission', async () => {
  tenant.api.fail('POST /client-grants', { status: 409 })
  await expect(admissionWithoutWaits(tenant.api)('tpc_1')).rejects.toMatchObject({
    code: 'grant_create_http_409',
  })
})

describe("the tenant's limit of client grants", () => {
  const limit = { errorCode: 'too_many_entities', message: 'You reached the limit of entities.' }

  test.each([limit, { ...limit, errorCode: 'forbidden', message: LIMIT_OF_DOCUMENT }])(
    'is reported for the 403 %j, which is not retried',
    async (body) => {
      tenant.api.fail('POST /client-grants', { status: 403, ...body })
      await expect(admissionWithoutWaits(tenant.api)('tpc_1')).rejects.toMatchObject({
        code: 'grant_create_http_403',
        limitReached: 'client grants',
        missingScope: undefined,
        isTransient: false,
      })
    },
  )

  test('is not reported for another 403, which is retried', async () => {
    tenant.api.fail('POST /client-grants', { status: 403, errorCode: 'operation_not_supported' })
    await expect(admissionWithoutWaits(tenant.api)('tpc_1')).rejects.toMatchObject({
      limitReached: undefined,
      missingScope: undefined,
      isTransient: true,
    })
  })
})

describe('an admission with THIRD_PARTY_ACCESS=open', () => {
  const open = () => admissionWithoutWaits(tenant.api, { thirdPartyAccess: 'open' })

  test.each([
    { id: 'tpc_1', made: ['PATCH /connections/con_1'], way: 'granted' },
    {
      id: 'plain1',
      made: ['PATCH /clients/plain1', 'PATCH /connections/con_1/clients'],
      way: 'promoted',
    },
  ])('creates no client grant for $id', async ({ id, made, way }) => {
    expect(await open()(id)).toMatchObject({ outcome: 'admitted', way })
    expect(takeWrites(tenant.api)).toEqual(made)
    expect(await open()(id)).toMatchObject({ outcome: 'already_admitted', way })
    expect(takeWrites(tenant.api)).toEqual([])
  })

  test('uses the domain-level connection when a promotion is refused, and does not promote later', async () => {
    tenant.api.fail('PATCH /clients/:id', { status: 400 })
    expect(await open()('plain1')).toMatchObject({ outcome: 'admitted', way: 'granted' })
    expect(takeWrites(tenant.api)).toEqual([
      'PATCH /clients/plain1',
      'PATCH /connections/con_1',
      TOKENS,
    ])
    tenant.api.mended()
    expect(await open()('plain1')).toMatchObject({ outcome: 'admitted', way: 'granted' })
    expect(takeWrites(tenant.api)).toEqual([TOKENS])
    expect(await open()('plain1')).toMatchObject({ outcome: 'already_admitted', way: 'granted' })
    expect(takeWrites(tenant.api)).toEqual([])
  })

  test('promotes a client unless every connection is at domain level', async () => {
    Object.assign(tenant.api.connections.get('google-oauth2') ?? {}, { is_domain_connection: true })
    const connections = ['google-oauth2', 'corp']
    const admit = admissionWithoutWaits(tenant.api, { thirdPartyAccess: 'open', connections })
    expect(await admit('plain1')).toMatchObject({ way: 'promoted' })
  })
})
