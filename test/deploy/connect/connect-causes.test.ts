import { SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { IMITATIONS } from '../../../deploy/connect/client/imitations.ts'
import { CONNECT_FAULTS, type ConnectFaultId } from '../../../deploy/connect/failure.ts'
import { explain } from '../../../deploy/diagnostics/faults/faults.ts'
import {
  ASM,
  called,
  claimsFor,
  deploymentForThisFile,
  issued,
  LOGIN,
  listed,
  metadata,
  needs,
  outcome,
  PRM,
  rs256,
  type Staging,
  tenant,
} from '../../support/staged-connect.ts'

const { origin, run, failureOf } = await deploymentForThisFile()

const hs256 = await new SignJWT({ sub: 'x' })
  .setProtectedHeader({ alg: 'HS256' })
  .sign(new TextEncoder().encode('k'.repeat(32)))

/** An origin that does not respond. */
const ELSEWHERE = 'http://127.0.0.1:9'

/** Responses that cause each fault. The type requires an entry for every fault. */
const STAGED: { readonly [Id in ConnectFaultId]: Staging } = {
  url_unreachable: {
    step: 'protected-resource',
    options: () => ({ url: 'http://127.0.0.1:9/mcp' }),
  },
  post_redirected: {
    step: 'protected-resource',
    answers: () => ({ '/mcp': [301, {}, { location: 'https://mcp.example.com/mcp' }] }),
  },
  mcp_missing: { step: 'protected-resource', answers: () => ({ '/mcp': 404 }) },
  mcp_failing: { step: 'protected-resource', answers: () => ({ '/mcp': 500 }) },
  rewrite_returns_html: {
    step: 'protected-resource',
    answers: () => ({ '/mcp': [200, '<html>'] }),
  },
  unauthenticated_allowed: {
    step: 'protected-resource',
    answers: () => ({
      'tools/list': listed([needs('events:read')]),
      'tools/call': called({}),
    }),
  },
  challenge_resource_metadata_wrong: {
    step: 'protected-resource',
    answers: () => ({
      '/mcp': [401, {}, { 'www-authenticate': `Bearer resource_metadata="${ELSEWHERE}${PRM}"` }],
    }),
  },
  metadata_missing: { step: 'protected-resource', answers: () => ({ [PRM]: 404 }) },
  resource_mismatch: {
    step: 'protected-resource',
    answers: (origin) => ({
      [PRM]: [200, { resource: `${origin}/`, authorization_servers: [`${origin}/`] }],
    }),
  },
  issuer_unreachable: { step: 'authorization-server', answers: () => ({ [ASM]: 404 }) },
  issuer_mismatch: {
    step: 'authorization-server',
    answers: (origin) => metadata({ issuer: origin })(origin),
  },
  pkce_s256_missing: {
    step: 'authorization-server',
    answers: metadata({ code_challenge_methods_supported: ['plain'] }),
  },
  registration_endpoint_missing: {
    step: 'authorization-server',
    answers: metadata({ registration_endpoint: undefined }),
  },
  registration_closed: {
    step: 'registration',
    answers: () => ({ '/register': [404, { error: 'endpoint_disabled' }] }),
  },
  redirect_uri_refused: {
    step: 'registration',
    answers: () => ({ '/register': [400, { error: 'invalid_redirect_uri' }] }),
  },
  rate_limited: {
    step: 'registration',
    answers: () => ({ '/register': [429, { errorCode: 'too_many_requests' }] }),
  },
  application_limit_reached: {
    step: 'registration',
    answers: () => ({
      '/register': [403, { error: 'Forbidden', errorCode: 'too_many_entities' }],
    }),
  },
  registration_unavailable: {
    step: 'registration',
    answers: () => ({ '/register': [503, { error: 'temporarily_unavailable' }] }),
  },
  registration_refused: {
    step: 'registration',
    answers: () => ({ '/register': [400, { error: 'invalid_client_metadata' }] }),
  },
  callback_port_in_use: {
    step: 'registration',
    options: (origin) => ({ callbackPort: Number(new URL(origin).port) }),
  },
  redirect_uri_not_covered: {
    step: 'admission',
    answers: () => tenant(outcome('refused')),
    options: () => ({ admissionMs: 120_000 }),
  },
  not_dynamic: {
    step: 'admission',
    answers: () => tenant(outcome('refused', 'not_dynamic')),
    options: () => ({ admissionMs: 120_000 }),
  },
  policy_observes: {
    step: 'admission',
    answers: () => tenant(outcome('observed')),
    options: () => ({ admissionMs: 120_000 }),
  },
  webhook_failed: { step: 'admission', answers: () => tenant({ status: 401, answer: {} }) },
  webhook_silent: { step: 'admission', answers: () => tenant(undefined) },
  no_connection: {
    step: 'admission',
    answers: () => ({ '/authorize': [403, '<p>no connections enabled for the client'] }),
  },
  client_grant_missing: {
    step: 'admission',
    answers: () => ({ '/authorize': [403, '<p>Client is not authorized to access this API'] }),
  },
  api_missing: {
    step: 'admission',
    answers: () => ({ '/authorize': [403, '<p>Service not found: x'] }),
  },
  client_unknown: {
    step: 'admission',
    answers: () => ({ '/authorize': [403, '<p>Unknown client: c'] }),
    options: () => ({ clientId: 'c' }),
  },
  cimd_client_missing: {
    step: 'admission',
    answers: (origin) => ({
      ...metadata({ client_id_metadata_document_supported: true })(origin),
      '/authorize': [403, '<p>Unknown client: https://vscode.dev/oauth/client-metadata.json'],
    }),
    options: () => ({ imitation: IMITATIONS.vscode, callbackPort: 0 }),
  },
  rules_active: {
    step: 'admission',
    answers: () => tenant(outcome('admitted'), 'access_denied: Rules are active'),
  },
  hooks_active: {
    step: 'admission',
    answers: () => tenant(outcome('admitted'), 'access_denied: Hooks are active'),
  },
  scopes_refused: {
    step: 'admission',
    answers: () => ({ '/authorize': [403, '<p>Not all requested permissions were granted'] }),
  },
  not_admitted: { step: 'admission', answers: () => ({ '/authorize': [500, '<p>Oops'] }) },
  wrong_password: {
    step: 'sign-in',
    answers: () => ({ ...tenant(undefined), '/authorize': [200, LOGIN], '/login': [400, LOGIN] }),
  },
  access_denied: { step: 'sign-in', back: 'error=access_denied' },
  sign_in_refused: { step: 'sign-in', back: 'error=server_error&error_description=Oops' },
  sign_in_timed_out: { step: 'sign-in', back: undefined, options: () => ({ signInMs: 300 }) },
  state_mismatch: { step: 'sign-in', back: 'code=c&state=other&error=shown' },
  issuer_in_answer: { step: 'sign-in', back: 'code=c&iss=https://evil.example/' },
  issuer_not_in_answer: {
    step: 'sign-in',
    answers: metadata({ authorization_response_iss_parameter_supported: true }),
  },
  token_refused: {
    step: 'token',
    answers: () => ({ '/token': [403, { error: 'invalid_grant' }] }),
  },
  ACCESS_TOKEN_IS_OPAQUE: { step: 'token', answers: () => issued('kf2K0') },
  ACCESS_TOKEN_IS_ENCRYPTED_JWE: { step: 'token', answers: () => issued('a.b.c.d.e') },
  token_alg_not_rs256: { step: 'token', answers: () => issued(hs256) },
  token_aud_mismatch: {
    step: 'token',
    answers: (origin) => issued(rs256({ ...claimsFor(origin), aud: `${origin}/mcp/` })),
  },
  token_iss_mismatch: {
    step: 'token',
    answers: (origin) => issued(rs256({ ...claimsFor(origin), iss: 'https://t.example' })),
  },
  token_expired: {
    step: 'token',
    options: () => ({ now: () => 4_000_000_060_000 }),
  },
  gateway_keys_unavailable: { step: 'tools', answers: () => ({ 'initialize + token': 503 }) },
  token_rejected: { step: 'tools', answers: () => ({ 'initialize + token': 401 }) },
  protocol: {
    step: 'tools',
    answers: () => ({ 'tools/list + token': [200, { error: { code: -32603, message: 'no' } }] }),
  },
  no_tools: { step: 'tools', answers: () => ({ 'tools/list + token': listed([]) }) },
  insufficient_scope: {
    step: 'call',
    answers: () => ({ 'tools/list + token': listed([needs('events:write')]) }),
  },
  calls_limited: { step: 'call', answers: () => ({ 'tools/call + token': 429 }) },
  tool_failed: {
    step: 'call',
    answers: () => ({ 'tools/call + token': called({ isError: true }) }),
  },
}

test('connect signs in with a browser if there is no fault', async () => {
  const { ok, steps } = await run({})
  expect(steps.filter((step) => !step.ok)).toEqual([])
  expect(ok).toBe(true)
  expect(steps[3]?.seen).toMatch(/^not visible from outside, but the sign-in may start, after /)
})

test.each(Object.entries(STAGED))('connect reports %s', async (id, staging) => {
  expect(await failureOf(staging)).toMatchObject({ id, step: staging.step })
})

test('connect prints nothing from a response with a foreign state', async () => {
  expect((await failureOf(STAGED.state_mismatch)).seen).toBe('the state does not match')
})

test('connect names both origins if the challenge names metadata of another one', async () => {
  const { steps } = await run(STAGED.challenge_resource_metadata_wrong)
  const place = `${ELSEWHERE}${PRM}`
  expect(steps[0]?.fix).toContain(`Set PUBLIC_URL to ${origin} in .env.yaml`)
  expect(steps[0]?.seen).toBe(
    `the challenge of ${origin} names metadata of ${ELSEWHERE}: ${place}: no response (bad port)`,
  )
})

test('connect reports other metadata of the same origin that does not exist as missing', async () => {
  const failure = await failureOf({
    step: 'protected-resource',
    answers: (at) => ({
      '/mcp': [401, {}, { 'www-authenticate': `Bearer resource_metadata="${at}/other"` }],
    }),
  })
  expect(failure).toMatchObject({ id: 'metadata_missing' })
})

test.each([
  ['redirect_uri_refused'],
  ['no_connection'],
  ['client_grant_missing'],
  ['sign_in_timed_out'],
] as const)('the fix of %s explains loopback redirect URIs', (id) => {
  expect(explain(id).fix).toMatch(
    /CLIENT_REDIRECT_URIS .*http:\/\/127\.0\.0\.1:\*\/\*.*--client-id/,
  )
})

test('every fault has its own cause, and most have their own fix', () => {
  const causes = CONNECT_FAULTS.map((id) => explain(id))
  expect(new Set(causes.map(({ why }) => why)).size).toBe(causes.length)
  expect(new Set(causes.map(({ fix }) => fix)).size).toBeGreaterThan(causes.length * 0.8)
})
