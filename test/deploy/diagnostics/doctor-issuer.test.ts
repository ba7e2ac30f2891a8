import { beforeEach, expect, test, vi } from 'vitest'
import { doctorReport, idsOf } from '../../support/auth0/doctor.ts'
import { startedForAllTests } from '../../support/each-test.ts'
import { startFront } from '../../support/http/front.ts'
import { discoveryOf, type Staged } from '../../support/http/issuer.ts'
import { AS, member } from '../../support/http/misbehaviour.ts'

// The functions take the clock of their start, which stands still, so they keep what they fetch.
const front = startedForAllTests(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  try {
    return await startFront()
  } finally {
    vi.useRealTimers()
  }
})
beforeEach(() => {
  for (const name of Object.keys(front.issuer.staged))
    Reflect.deleteProperty(front.issuer.staged, name)
})

const ISSUER_FAULTS: readonly (readonly [string, () => Staged, readonly string[]])[] = [
  ['the issuer is down', () => ({ outage: true }), ['issuer_unreachable']],
  [
    'the issuer does not support S256',
    () => ({ discovery: without('code_challenge_methods_supported') }),
    ['pkce_s256_missing'],
  ],
  [
    'the issuer has no registration endpoint',
    () => ({ discovery: without('registration_endpoint') }),
    ['registration_endpoint_missing'],
  ],
  [
    'the issuer has no token endpoint',
    () => ({ discovery: without('token_endpoint') }),
    ['endpoints_missing'],
  ],
  [
    'the issuer requires a client secret',
    () => ({
      discovery: changed({ token_endpoint_auth_methods_supported: ['client_secret_post'] }),
    }),
    ['public_clients_refused'],
  ],
  [
    'the issuer does not support refresh tokens',
    () => ({ discovery: changed({ scopes_supported: ['openid'] }) }),
    ['refresh_unavailable'],
  ],
  [
    'the issuer in the metadata differs from its URL',
    () => ({ discovery: changed({ issuer: 'https://custom.example/' }) }),
    ['issuer_mismatch'],
  ],
  [
    'the metadata of the issuer lacks jwks_uri',
    () => ({ discovery: without('jwks_uri') }),
    ['jwks_unreachable'],
  ],
  [
    'jwks_uri has another URL',
    () => ({ discovery: changed({ jwks_uri: `${front.issuer.url}keys` }) }),
    ['jwks_unreachable'],
  ],
  ['the key set is empty', () => ({ jwks: { keys: [] } }), ['jwks_no_rs256_key']],
  [
    'the keys are for ES256',
    () => ({ jwks: { keys: [{ kty: 'EC', kid: 'a', crv: 'P-256', alg: 'ES256' }] } }),
    ['jwks_no_rs256_key'],
  ],
  [
    'the key has no kid',
    () => ({ jwks: { keys: [{ kty: 'RSA', n: 'x'.repeat(342), e: 'AQAB' }] } }),
    ['jwks_kid_missing'],
  ],
  [
    'the key is too short',
    () => ({ jwks: { keys: [{ kty: 'RSA', kid: 'a', n: 'x'.repeat(171), e: 'AQAB' }] } }),
    ['jwks_no_rs256_key'],
  ],
]

function changed(members: Readonly<Record<string, unknown>>) {
  return { ...discoveryOf(front.issuer.url), ...members }
}

function without(name: string) {
  return changed({ [name]: undefined })
}

test.each(ISSUER_FAULTS)('reports that %s', async (_, staged, expected) => {
  await doctorReport([front.url])
  Object.assign(front.issuer.staged, staged())
  const found = idsOf(await doctorReport([front.url]))
  expect(found.filter((id) => id !== 'auth0_health_failing')).toEqual(expected)
})

test('reports nothing for curated metadata, and distinguishes it from an issuer that sends iss', async () => {
  await using curated = await startFront({ AUTH_SERVER_METADATA: 'curated' })
  expect(idsOf(await doctorReport([curated.url]))).toEqual([])
  curated.issuer.staged.discovery = {
    ...discoveryOf(curated.issuer.url),
    authorization_response_iss_parameter_supported: true,
  }
  expect(idsOf(await doctorReport([curated.url]))).toEqual(['curated_with_iss'])
  curated.issuer.staged.discovery = undefined
  curated.misbehaves = member(AS, 'registration_endpoint', 'https://tenant.example/oidc/register')
  expect(idsOf(await doctorReport([curated.url]))).toEqual(['registration_endpoint_wrong'])
})

test('reports one fault if curated metadata is missing for an issuer that sends iss', async () => {
  await using curated = await startFront({ AUTH_SERVER_METADATA: 'curated' })
  curated.issuer.staged.discovery = {
    ...discoveryOf(curated.issuer.url),
    authorization_response_iss_parameter_supported: true,
  }
  expect(idsOf(await doctorReport([curated.url]))).toEqual(['curated_with_iss'])
})
