import { expect, test } from 'vitest'
import { doctorReport, idsOf } from '../../support/auth0/doctor.ts'
import { startedForAllTests } from '../../support/each-test.ts'
import { type Misbehaviour, startFront } from '../../support/http/front.ts'
import {
  AS,
  challenge,
  document,
  field,
  isMcp,
  METADATA,
  member,
  replace,
} from '../../support/http/misbehaviour.ts'

const HTML = { 'content-type': 'text/html' }
const PAGE = '<!doctype html><title>App</title>'

const front = startedForAllTests(startFront)

const FRONT_FAULTS: readonly (readonly [string, Misbehaviour, readonly string[]])[] = [
  [
    'one layout is missing',
    replace(/^\/mcp\/\.well-known\/oauth-pro/, { status: 404, body: '{}' }),
    ['metadata_missing'],
  ],
  ['all metadata is missing', replace(METADATA, { status: 404, body: '{}' }), ['metadata_missing']],
  [
    'the metadata function is private',
    replace(/well-known/, { status: 403, headers: HTML, body: PAGE }),
    ['authorization_server_metadata_missing', 'metadata_missing'],
  ],
  [
    'one layout is old',
    member(/resource\/mcp$/, 'scopes_supported', ['events:read', 'events:write', 'old']),
    ['metadata_layouts_disagree'],
  ],
  [
    'resource has a trailing slash',
    document(METADATA, (one) => ({ ...one, resource: `${one['resource']}/` })),
    ['health_disagrees', 'resource_trailing_slash'],
  ],
  [
    'resource is another deployment',
    member(METADATA, 'resource', 'https://other.example/mcp'),
    ['health_disagrees', 'resource_mismatch'],
  ],
  ['resource is missing', member(METADATA, 'resource', undefined), ['resource_mismatch']],
  [
    'no authorization server is named',
    member(METADATA, 'authorization_servers', []),
    ['authorization_servers_missing'],
  ],
  [
    'the issuer has no https://',
    member(METADATA, 'authorization_servers', ['tenant.auth0.com']),
    ['authorization_server_metadata_differs', 'health_disagrees', 'issuer_malformed'],
  ],
  [
    'the issuer has lost its slash',
    document(METADATA, (one) => ({
      ...one,
      authorization_servers: [String(one['authorization_servers']).replace(/\/$/, '')],
    })),
    ['authorization_server_metadata_differs', 'health_disagrees', 'issuer_trailing_slash'],
  ],
  ['scopes are missing', member(METADATA, 'scopes_supported', ['events:read']), ['scopes_missing']],
  [
    'offline_access is advertised',
    member(METADATA, 'scopes_supported', ['events:read', 'events:write', 'offline_access']),
    ['offline_access_advertised'],
  ],
  [
    'metadata is text/plain',
    field('content-type', 'text/plain', (path) => METADATA.test(path)),
    ['metadata_media_type'],
  ],
  [
    'a single-page app answers for metadata',
    replace(METADATA, { status: 200, headers: HTML, body: PAGE }),
    ['metadata_missing', 'rewrite_returns_html'],
  ],
  [
    'a single-page app answers for /mcp',
    replace(/^\/mcp$/, { status: 200, headers: HTML, body: PAGE }),
    ['cors_preflight_refused', 'rewrite_returns_html'],
  ],
  [
    'an older mirror of the issuer',
    member(AS, 'issuer', 'https://old.example/'),
    ['authorization_server_metadata_differs'],
  ],
  [
    'the mirror is gone',
    replace(/well-known\/openid-configuration/, { status: 502, body: '{}' }),
    ['authorization_server_metadata_missing'],
  ],
  [
    '401 has no challenge',
    field('www-authenticate', undefined),
    ['bad_token_answer', 'challenge_missing'],
  ],
  [
    'the challenge without a token has an error',
    challenge((value) => value.replace(/^Bearer (?!error)/, 'Bearer error="invalid_token", ')),
    ['challenge_not_bare'],
  ],
  [
    'the challenge lacks resource_metadata',
    challenge((value) => value.replace(/, resource_metadata="[^"]*"/, '')),
    ['challenge_without_resource_metadata'],
  ],
  [
    'the challenge leads elsewhere',
    challenge((value) => value.replace(/(resource_metadata=")[^"]*/, '$1https://other.example/x')),
    ['challenge_resource_metadata_wrong'],
  ],
  [
    'the challenge lacks a scope',
    challenge((value) => value.replace(/ events:write"/, '"')),
    ['challenge_scope_missing'],
  ],
  [
    'the front strips Authorization',
    { request: ({ headers: { authorization: _, ...headers } }) => ({ headers }) },
    ['authorization_stripped'],
  ],
  [
    'the front adds a token of its own',
    { request: ({ headers }) => ({ headers: { ...headers, authorization: 'Bearer own' } }) },
    // A token that is not valid is 401 for ChatGPT too.
    ['challenge_not_bare', 'chatgpt_sign_in_not_offered'],
  ],
  [
    'any token is let in',
    {
      answer: (_, { headers }) =>
        headers['authorization'] === undefined ? undefined : { status: 200, body: '{}' },
    },
    ['bad_token_accepted'],
  ],
  [
    'anybody is let in',
    replace(/^\/mcp$/, { status: 200, body: '{}' }, /POST/),
    ['bad_token_accepted', 'unauthenticated_allowed'],
  ],
  [
    'the gateway is private',
    replace(/^\/mcp$/, { status: 403, headers: HTML, body: PAGE }),
    ['cors_preflight_refused', 'function_not_public'],
  ],
  [
    '/mcp is not rewritten',
    replace(/^\/mcp$/, { status: 404, headers: {}, body: '' }),
    ['cors_preflight_refused', 'mcp_get_not_405', 'mcp_missing'],
  ],
  ['the gateway crashes', replace(/^\/mcp$/, { status: 500, body: '{}' }, /POST/), ['mcp_failing']],
  [
    'the gateway has no keys',
    {
      answer: (_, { headers }) =>
        headers['authorization']?.includes('.') ? { status: 503, body: '{}' } : undefined,
    },
    ['gateway_keys_unavailable'],
  ],
  [
    'GET /mcp opens a stream',
    replace(
      /^\/mcp$/,
      {
        status: 200,
        headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
        body: '',
      },
      /GET/,
    ),
    ['mcp_get_not_405'],
  ],
  [
    'User-Agent is rewritten',
    { request: ({ headers }) => ({ headers: { ...headers, 'user-agent': 'cdn' } }) },
    ['chatgpt_sign_in_not_offered'],
  ],
  [
    'POST is redirected',
    replace(
      /^\/mcp$/,
      { status: 301, headers: { location: 'https://www.example/mcp' }, body: '' },
      /POST/,
    ),
    ['post_redirected'],
  ],
  [
    'metadata is redirected',
    replace(METADATA, { status: 302, headers: { location: '/login' }, body: '' }),
    ['document_redirected', 'metadata_missing'],
  ],
  [
    'the metadata lacks CORS',
    field('access-control-allow-origin', undefined, (path) => METADATA.test(path)),
    ['metadata_cors_missing'],
  ],
  [
    'the preflight needs credentials',
    replace(
      /^\/mcp$/,
      { status: 401, headers: { 'cache-control': 'no-store' }, body: '' },
      /OPTIONS/,
    ),
    ['cors_preflight_refused'],
  ],
  [
    'the preflight forbids Authorization',
    field('access-control-allow-headers', 'content-type'),
    ['cors_preflight_refused'],
  ],
  [
    'the challenge is hidden from pages',
    field('access-control-expose-headers', undefined),
    ['challenge_not_exposed'],
  ],
  [
    '404s are cached',
    field('cache-control', 'public, max-age=600', (_, __, { status }) => status === 404),
    ['not_found_cacheable'],
  ],
  [
    'answers are cached',
    field('cache-control', 'public, max-age=60', (_, method) => method === 'POST'),
    ['answer_cacheable'],
  ],
  [
    'metadata is cached for a year',
    field('cache-control', 'public, max-age=31536000', (path) => METADATA.test(path)),
    ['metadata_cached_too_long'],
  ],
  [
    'metadata is never cached',
    field('cache-control', 'private', (path) => METADATA.test(path) || AS.test(path)),
    ['metadata_not_cacheable'],
  ],
  [
    'the metadata function is down',
    replace(/^\/health$/, { status: 503, body: '{}' }),
    ['health_failing'],
  ],
  [
    'the deployment does not reach Auth0',
    replace(/^\/health\/auth0/, {
      status: 503,
      body: JSON.stringify({ status: 'failing', failing: ['jwks'], jwks: { reason: 'timeout' } }),
    }),
    ['auth0_health_failing'],
  ],
  [
    'two versions are deployed',
    member(/^\/health\/auth0/, 'audience', 'https://old.example/mcp'),
    ['health_disagrees'],
  ],
  [
    'openapi.json is missing',
    replace(/^\/openapi/, { status: 404, body: '{}' }),
    ['openapi_missing'],
  ],
  [
    'a reference of openapi.json leads nowhere',
    member(/^\/openapi/, 'x-more', [
      { $ref: '#/$defs/F' },
      { $ref: '#/components/schemas/Problem' },
    ]),
    ['openapi_references'],
  ],
  [
    'openapi.json has more operations than GPT Actions take',
    member(
      /^\/openapi/,
      'paths',
      Object.fromEntries(
        Array.from({ length: 31 }, (_, at) => [`/more/${at}`, { post: { security: [] } }]),
      ),
    ),
    ['openapi_operations'],
  ],
  [
    'a description of openapi.json is longer than GPT Actions take',
    member(/^\/openapi/, 'paths', { '/more': { post: { description: 'x'.repeat(301) } } }),
    ['openapi_descriptions'],
  ],
  [
    'openapi.json is larger than GPT Actions take',
    member(/^\/openapi/, 'x-more', 'x'.repeat(100_000)),
    ['openapi_size'],
  ],
  [
    'the gateway has another PUBLIC_URL',
    member(/^\/openapi/, 'servers', [{ url: 'https://old.example' }]),
    ['gateway_public_url'],
  ],
  [
    'a clock is an hour late',
    field('date', new Date(Date.now() - 3_600_000).toUTCString(), isMcp),
    ['clock_skew'],
  ],
]

test.each(FRONT_FAULTS)('names the fault of a front: %s', async (_, misbehaviour, expected) => {
  front.misbehaves = misbehaviour
  const report = await doctorReport([front.url])
  expect(idsOf(report)).toEqual(expected)
  for (const { fix, why, seen } of report.findings) {
    expect(Math.min(fix.length, why.length, seen.length)).toBeGreaterThan(10)
  }
})
