import { UnsecuredJWT } from 'jose'
import { expect, test } from 'vitest'
import type { ConnectFaultId } from '../../../deploy/connect/failure.ts'
import {
  ASM,
  called,
  claimsFor,
  deploymentForThisFile,
  existing,
  issued,
  metadata,
  outcome,
  PRM,
  rs256,
  type Staging,
  tenant,
} from '../../support/staged-connect.ts'

const { failureOf } = await deploymentForThisFile()

const VARIANTS: readonly (Staging & { readonly name: string; readonly id: ConnectFaultId })[] = [
  {
    name: 'HTML as protected resource metadata',
    id: 'rewrite_returns_html',
    step: 'protected-resource',
    answers: () => ({ [PRM]: [200, '<html>'] }),
  },
  {
    name: 'keys that are missing before a sign-in',
    id: 'gateway_keys_unavailable',
    step: 'protected-resource',
    answers: () => ({ '/mcp': 503 }),
  },
  {
    name: 'invalid protected resource metadata',
    id: 'metadata_missing',
    step: 'protected-resource',
    answers: (origin) => ({
      [PRM]: [200, { resource: `${origin}/mcp`, authorization_servers: ['tenant'] }],
    }),
  },
  {
    name: 'HTML as authorization server metadata',
    id: 'rewrite_returns_html',
    step: 'authorization-server',
    answers: () => ({ [ASM]: [200, '<html>'] }),
  },
  {
    name: 'an issuer without the code flow',
    id: 'issuer_unreachable',
    step: 'admission',
    answers: metadata({ response_types_supported: ['token'] }),
  },
  {
    name: 'HTML as registration response',
    id: 'registration_closed',
    step: 'registration',
    answers: () => ({ '/register': [404, '<html>'] }),
  },
  {
    name: 'a registration without a client id',
    id: 'registration_refused',
    step: 'registration',
    answers: () => ({ '/register': [201, { client: 'c' }] }),
  },
  {
    name: 'an unreachable registration endpoint',
    id: 'url_unreachable',
    step: 'registration',
    answers: metadata({ registration_endpoint: 'http://127.0.0.1:9/register' }),
  },
  {
    name: 'a deleted client',
    id: 'redirect_uri_not_covered',
    step: 'admission',
    answers: () => tenant(outcome('deleted'), 'Unknown client: c'),
  },
  {
    name: 'a failed admission',
    id: 'webhook_failed',
    step: 'admission',
    answers: () => tenant(outcome('failed', 'conn_lookup_http_403')),
  },
  {
    name: 'a log webhook that cannot be reached',
    id: 'webhook_failed',
    step: 'admission',
    answers: () => tenant({ status: null, answer: 'fetch failed' }),
  },
  {
    name: 'an error response at the redirect URI',
    id: 'client_grant_missing',
    step: 'sign-in',
    back: 'error=unauthorized_client',
  },
  {
    name: 'an address other than the redirect URI',
    id: 'sign_in_refused',
    step: 'sign-in',
    back: undefined,
    options: () => ({ ...existing(), askForAddress: async () => 'https://chatgpt.com/' }),
  },
  {
    name: 'HTML as token response',
    id: 'token_refused',
    step: 'token',
    answers: () => ({ '/token': [502, '<html>eyJhbGciOiJSUzI1NiJ9'] }),
  },
  {
    name: 'a token response without a token',
    id: 'token_refused',
    step: 'token',
    answers: () => ({ '/token': [200, { id_token: 'eyJhbGciOiJSUzI1NiJ9' }] }),
  },
  {
    name: 'a token of three invalid parts',
    id: 'ACCESS_TOKEN_IS_OPAQUE',
    step: 'token',
    answers: () => issued('a.b.c'),
  },
  {
    name: 'an unsigned token',
    id: 'token_alg_not_rs256',
    step: 'token',
    answers: () => issued(new UnsecuredJWT({}).encode()),
  },
  {
    name: 'a token without exp',
    id: 'token_expired',
    step: 'token',
    answers: (origin) => issued(rs256({ ...claimsFor(origin), exp: undefined })),
  },
  {
    name: 'a call that is refused with a 403',
    id: 'insufficient_scope',
    step: 'call',
    answers: () => ({
      'tools/call + token': [
        403,
        {},
        { 'www-authenticate': 'Bearer error="insufficient_scope", scope="events:write"' },
      ],
    }),
  },
  {
    name: 'a scope challenge in a tool result',
    id: 'insufficient_scope',
    step: 'call',
    answers: () => ({
      'tools/call + token': called({
        isError: true,
        _meta: { 'mcp/www_authenticate': ['Bearer error="insufficient_scope"'] },
      }),
    }),
  },
  {
    name: 'a token challenge in a tool result',
    id: 'token_rejected',
    step: 'call',
    answers: () => ({
      'tools/call + token': called({
        isError: true,
        _meta: { 'mcp/www_authenticate': 'Bearer error="invalid_token"' },
      }),
    }),
  },
]

test.each(VARIANTS)('connect reports $id for $name', async ({ id, ...staging }) => {
  expect(await failureOf(staging)).toMatchObject({ id, step: staging.step })
})
