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
    'one metadata path is missing',
    replace(/^\/mcp\/\.well-known\/oauth-pro/, { status: 404, body: '{}' }),
    ['metadata_missing'],
  ],
  [
    'all metadata paths are missing',
    replace(METADATA, { status: 404, body: '{}' }),
    ['metadata_missing'],
  ],
  [
    'the metadata function is private',
    replace(/well-known/, { status: 403, headers: HTML, body: PAGE }),
    ['authorization_server_metadata_missing', 'metadata_missing'],
  ],
  [
    'one metadata path has an old document',
    member(/resource\/mcp$/, 'scopes_supported', ['events:read', 'events:write', 'old']),
    ['metadata_layouts_disagree'],
  ],
  [
    'resource has a trailing slash',
    document(METADATA, (one) => ({ ...one, resource: `${one['resource']}/` })),
    ['health_disagrees', 'resource_trailing_slash'],
  ],
  [
    'resource names another deployment',
    member(METADATA, 'resource', 'https://other.example/mcp'),
    ['health_disagrees', 'resource_mismatch'],
  ],
  ['the metadata lacks resource', member(METADATA, 'resource', undefined), ['resource_mismatch']],
  [
    'the metadata lacks authorization servers',
    member(METADATA, 'authorization_servers', []),
    ['authorization_servers_missing'],
  ],
  [
    'the issuer lacks https://',
    member(METADATA, 'authorization_servers', ['tenant.auth0.com']),
    ['authorization_server_metadata_differs', 'health_disagrees', 'issuer_malformed'],
  ],
  [
    'the issuer lacks its trailing slash',
    document(METADATA, (one) => ({
      ...one,
      authorization_servers: [String(one['authorization_servers']).replace(/\/$/, '')],
    })),
    ['authorization_server_metadata_differs', 'health_disagrees', 'issuer_trailing_slash'],
  ],
  [
    'the metadata lacks a scope',
    member(METADATA, 'scopes_supported', ['events:read']),
    ['scopes_missing'],
  ],
  [
    'the metadata advertises offline_access',
    member(METADATA, 'scopes_supported', ['events:read', 'events:write', 'offline_access']),
    ['offline_access_advertised'],
  ],
  [
    'the media type of the metadata is text/plain',
    field('content-type', 'text/plain', (path) => METADATA.test(path)),
    ['metadata_media_type'],
  ],
  [
    'a single-page app answers for the metadata',
    replace(METADATA, { status: 200, headers: HTML, body: PAGE }),
    ['metadata_missing', 'rewrite_returns_html'],
  ],
  [
    'a single-page app answers for /mcp',
    replace(/^\/mcp$/, { status: 200, headers: HTML, body: PAGE }),
    ['cors_preflight_refused', 'rewrite_returns_html'],
  ],
  [
    'the authorization server metadata is outdated',
    member(AS, 'issuer', 'https://old.example/'),
    ['authorization_server_metadata_differs'],
  ],
  [
    'the authorization server metadata is missing',
    replace(/well-known\/openid-configuration/, { status: 502, body: '{}' }),
    ['authorization_server_metadata_missing'],
  ],
  [
    'the 401 response has no challenge',
    field('www-authenticate', undefined),
    ['bad_token_answer', 'challenge_missing'],
  ],
  [
    'the challenge has an error code although the request had no token',
    challenge((value) => value.replace(/^Bearer (?!error)/, 'Bearer error="invalid_token", ')),
    ['challenge_not_bare'],
  ],
  [
    'the challenge lacks resource_metadata',
    challenge((value) => value.replace(/, resource_metadata="[^"]*"/, '')),
    ['challenge_without_resource_metadata'],
  ],
  [
    'resource_metadata in the challenge has another URL',
    challenge((value) => value.replace(/(resource_metadata=")[^"]*/, '$1https://other.example/x')),
    ['challenge_resource_metadata_wrong'],
  ],
  [
    'the challenge lacks a scope',
    challenge((value) => value.replace(/ events:write"/, '"')),
    ['challenge_scope_missing'],
  ],
  [
    'the edge removes the Authorization header',
    { request: ({ headers: { authorization: _, ...headers } }) => ({ headers }) },
    ['authorization_stripped'],
  ],
  [
    'the edge adds a token of its own',
    { request: ({ headers }) => ({ headers: { ...headers, authorization: 'Bearer own' } }) },
    // ChatGPT also gets 401 for an invalid token.
    ['challenge_not_bare', 'chatgpt_sign_in_not_offered'],
  ],
  [
    'the gateway accepts any token',
    {
      answer: (_, { headers }) =>
        headers['authorization'] === undefined ? undefined : { status: 200, body: '{}' },
    },
    ['bad_token_accepted'],
  ],
  [
    'the gateway accepts requests without a token',
    replace(/^\/mcp$/, { status: 200, body: '{}' }, /POST/),
    ['bad_token_accepted', 'unauthenticated_allowed'],
  ],
  [
    'the gateway is private',
    replace(/^\/mcp$/, { status: 403, headers: HTML, body: PAGE }),
    ['cors_preflight_refused', 'function_not_public'],
  ],
  [
    'the rewrite of /mcp is missing',
    replace(/^\/mcp$/, { status: 404, headers: {}, body: '' }),
    ['cors_preflight_refused', 'mcp_get_not_405', 'mcp_missing'],
  ],
  ['the gateway crashes', replace(/^\/mcp$/, { status: 500, body: '{}' }, /POST/), ['mcp_failing']],
  [
    'the gateway cannot load the keys of the issuer',
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
    'the edge replaces the User-Agent header',
    { request: ({ headers }) => ({ headers: { ...headers, 'user-agent': 'cdn' } }) },
    ['chatgpt_sign_in_not_offered'],
  ],
  [
    'POST /mcp is redirected',
    replace(
      /^\/mcp$/,
      { status: 301, headers: { location: 'https://www.example/mcp' }, body: '' },
      /POST/,
    ),
    ['post_redirected'],
  ],
  [
    'the metadata is redirected',
    replace(METADATA, { status: 302, headers: { location: '/login' }, body: '' }),
    ['document_redirected', 'metadata_missing'],
  ],
  [
    'the metadata lacks CORS headers',
    field('access-control-allow-origin', undefined, (path) => METADATA.test(path)),
    ['metadata_cors_missing'],
  ],
  [
    'the preflight response is 401',
    replace(
      /^\/mcp$/,
      { status: 401, headers: { 'cache-control': 'no-store' }, body: '' },
      /OPTIONS/,
    ),
    ['cors_preflight_refused'],
  ],
  [
    'the preflight response does not allow the Authorization header',
    field('access-control-allow-headers', 'content-type'),
    ['cors_preflight_refused'],
  ],
  [
    'the CORS headers do not expose the challenge',
    field('access-control-expose-headers', undefined),
    ['challenge_not_exposed'],
  ],
  [
    '404 responses can be cached',
    field('cache-control', 'public, max-age=600', (_, __, { status }) => status === 404),
    ['not_found_cacheable'],
  ],
  [
    'responses of /mcp can be cached',
    field('cache-control', 'public, max-age=60', (_, method) => method === 'POST'),
    ['answer_cacheable'],
  ],
  [
    'the metadata can be cached for a year',
    field('cache-control', 'public, max-age=31536000', (path) => METADATA.test(path)),
    ['metadata_cached_too_long'],
  ],
  [
    'the metadata cannot be cached',
    field('cache-control', 'private', (path) => METADATA.test(path) || AS.test(path)),
    ['metadata_not_cacheable'],
  ],
  [
    'the metadata function is down',
    replace(/^\/health$/, { status: 503, body: '{}' }),
    ['health_failing'],
  ],
  [
    'the deployment cannot reach Auth0',
    replace(/^\/health\/auth0/, {
      status: 503,
      body: JSON.stringify({ status: 'failing', failing: ['jwks'], jwks: { reason: 'timeout' } }),
    }),
    ['auth0_health_failing'],
  ],
  [
    'the functions have different configurations',
    member(/^\/health\/auth0/, 'audience', 'https://old.example/mcp'),
    ['health_disagrees'],
  ],
  [
    'openapi.json is missing',
    replace(/^\/openapi/, { status: 404, body: '{}' }),
    ['openapi_missing'],
  ],
  [
    'a reference in openapi.json has no target',
    member(/^\/openapi/, 'x-more', [
      { $ref: '#/$defs/F' },
      { $ref: '#/components/schemas/Problem' },
    ]),
    ['openapi_references'],
  ],
  [
    'openapi.json has more operations than GPT Actions accept',
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
    'a description in openapi.json is longer than GPT Actions accept',
    member(/^\/openapi/, 'paths', { '/more': { post: { description: 'x'.repeat(301) } } }),
    ['openapi_descriptions'],
  ],
  [
    'openapi.json is larger than GPT Actions accept',
    member(/^\/openapi/, 'x-more', 'x'.repeat(100_000)),
    ['openapi_size'],
  ],
  [
    'the gateway has another PUBLIC_URL',
    member(/^\/openapi/, 'servers', [{ url: 'https://old.example' }]),
    ['gateway_public_url'],
  ],
  [
    'a clock is one hour slow',
    field('date', new Date(Date.now() - 3_600_000).toUTCString(), isMcp),
    ['clock_skew'],
  ],
]

test.each(FRONT_FAULTS)('reports that %s', async (_, misbehaviour, expected) => {
  front.misbehaves = misbehaviour
  const report = await doctorReport([front.url])
  expect(idsOf(report)).toEqual(expected)
  for (const { fix, why, seen } of report.findings) {
    expect(Math.min(fix.length, why.length, seen.length)).toBeGreaterThan(10)
  }
})

test.each([
  [
    member(/^\/openapi/, 'x-more', { $ref: '#/$defs/F' }),
    /^1 reference of openapi\.json cannot be resolved: /,
  ],
  [
    member(/^\/openapi/, 'paths', { '/more': { post: { description: 'x'.repeat(301) } } }),
    /^openapi\.json has 1 operation with a summary or description of more than 300 characters$/,
  ],
])('counts one fault of openapi.json in the singular: %#', async (misbehaviour, seen) => {
  front.misbehaves = misbehaviour
  const { findings } = await doctorReport([front.url])
  expect(findings.map((finding) => finding.seen)).toEqual([expect.stringMatching(seen)])
})
