import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { doctor, doctorReport, idsOf } from '../../support/auth0/doctor.ts'
import {
  type Front,
  type FrontAnswer,
  type Misbehaviour,
  startFront,
} from '../../support/http/front.ts'
import { discoveryOf, type Staged } from '../../support/http/issuer.ts'

const HTML = { 'content-type': 'text/html' }
const PAGE = '<!doctype html><title>App</title>'

let front: Front
beforeAll(async () => {
  front = await startFront()
})
afterAll(() => front?.[Symbol.asyncDispose]())
afterEach(() => void vi.useRealTimers())
beforeEach(() => {
  front.misbehaves = {}
  for (const name of Object.keys(front.issuer.staged))
    Reflect.deleteProperty(front.issuer.staged, name)
})

test('a healthy deployment has no finding', async () => {
  const { exitCode, output } = await doctor([front.url])
  expect(output).toContain('Healthy: no faults found.')
  expect(exitCode).toBe(0)
  const report = await doctorReport([`${front.url}/mcp`])
  expect(report).toMatchObject({ url: front.url, ok: true, findings: [] })
  expect(report.checked.length).toBeGreaterThan(30)
})

test('no line of the table is wider than 80 columns', async () => {
  const { output } = await doctor([front.url])
  const [table = ''] = output.split('Auth0 tenant')
  expect(table.split('\n').filter((line) => line.length > 80)).toEqual([])
})

/** Changes the JSON document at paths that match. */
function document(path: RegExp, change: (value: Record<string, unknown>) => unknown): Misbehaviour {
  return {
    answer: ({ body }, request) =>
      path.test(request.path) && request.method === 'GET'
        ? { body: JSON.stringify(change(JSON.parse(body))) }
        : undefined,
  }
}

function member(path: RegExp, name: string, value: unknown): Misbehaviour {
  return document(path, (document) => ({ ...document, [name]: value }))
}

/** Changes a header field of some answers; undefined takes it away. */
function field(
  name: string,
  value: string | undefined | ((before: string) => string),
  isMeant: (path: string, method: string, answer: FrontAnswer) => boolean = () => true,
): Misbehaviour {
  return {
    answer: (answer, { path, method }) => {
      const before = answer.headers[name]
      if (!isMeant(path, method, answer)) return undefined
      const after = typeof value === 'function' ? value(before ?? '') : value
      return { headers: { ...answer.headers, [name]: after } }
    },
  }
}

function replace(path: RegExp, answer: Partial<FrontAnswer>, methods = /./): Misbehaviour {
  return {
    answer: (_, request) =>
      path.test(request.path) && methods.test(request.method) ? answer : undefined,
  }
}

const METADATA = /oauth-protected-resource/
const AS = /oauth-authorization-server|openid-configuration/
const isMcp = (path: string) => path === '/mcp'
const challenge = (change: (before: string) => string) =>
  field(
    'www-authenticate',
    change,
    (_, __, { headers }) => headers['www-authenticate'] !== undefined,
  )

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

const ISSUER_FAULTS: readonly (readonly [string, () => Staged, readonly string[]])[] = [
  ['it is down', () => ({ outage: true }), ['issuer_unreachable']],
  [
    'it has no S256',
    () => ({ discovery: without('code_challenge_methods_supported') }),
    ['pkce_s256_missing'],
  ],
  [
    'nobody can register',
    () => ({ discovery: without('registration_endpoint') }),
    ['registration_endpoint_missing'],
  ],
  [
    'it has no token endpoint',
    () => ({ discovery: without('token_endpoint') }),
    ['endpoints_missing'],
  ],
  [
    'it wants a client secret',
    () => ({
      discovery: changed({ token_endpoint_auth_methods_supported: ['client_secret_post'] }),
    }),
    ['public_clients_refused'],
  ],
  [
    'it has no refresh tokens',
    () => ({ discovery: changed({ scopes_supported: ['openid'] }) }),
    ['refresh_unavailable'],
  ],
  [
    'it calls itself something else',
    () => ({ discovery: changed({ issuer: 'https://custom.example/' }) }),
    ['issuer_mismatch'],
  ],
  ['it names no key set', () => ({ discovery: without('jwks_uri') }), ['jwks_unreachable']],
  [
    'its key set is elsewhere',
    () => ({ discovery: changed({ jwks_uri: `${front.issuer.url}keys` }) }),
    ['jwks_unreachable'],
  ],
  ['its key set is empty', () => ({ jwks: { keys: [] } }), ['jwks_no_rs256_key']],
  [
    'its keys are for ES256',
    () => ({ jwks: { keys: [{ kty: 'EC', kid: 'a', crv: 'P-256', alg: 'ES256' }] } }),
    ['jwks_no_rs256_key'],
  ],
  [
    'its key has no kid',
    () => ({ jwks: { keys: [{ kty: 'RSA', n: 'x'.repeat(342), e: 'AQAB' }] } }),
    ['jwks_kid_missing'],
  ],
  [
    'its key is short',
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

test.each(ISSUER_FAULTS)('names the fault of an issuer: %s', async (_, staged, expected) => {
  // What the functions have fetched before, they keep: all of it, as long as no time passes.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  await doctorReport([front.url])
  Object.assign(front.issuer.staged, staged())
  const found = idsOf(await doctorReport([front.url]))
  expect(found.filter((id) => id !== 'auth0_health_failing')).toEqual(expected)
})

test('curated metadata is healthy, and is told apart from an issuer that sends iss', async () => {
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

test('curated metadata that is not served for an issuer that sends iss is one fault', async () => {
  await using curated = await startFront({ AUTH_SERVER_METADATA: 'curated' })
  curated.issuer.staged.discovery = {
    ...discoveryOf(curated.issuer.url),
    authorization_response_iss_parameter_supported: true,
  }
  expect(idsOf(await doctorReport([curated.url]))).toEqual(['curated_with_iss'])
})

describe('a function at its own address', () => {
  let front: Front
  beforeAll(async () => {
    front = await startFront()
  })
  afterAll(() => front[Symbol.asyncDispose]())

  test('that can be reached around the front is a warning', async () => {
    const report = await doctorReport([front.url, '--function-url', front.url])
    expect(idsOf(report)).toEqual(['function_reachable_around_front'])
    expect(report.ok).toBe(true)
  })

  test('that asks for no token is a fault', async () => {
    await using open = await startFront()
    open.misbehaves = replace(/^\/mcp$/, { status: 200, body: '{}' }, /POST/)
    const report = await doctorReport([front.url, '--function-url', open.url])
    expect(idsOf(report)).toEqual(['function_open_around_front'])
  })

  test('that cannot be reached is as it should be', async () => {
    const report = await doctorReport([front.url, '--function-url', 'http://127.0.0.1:9/gateway'])
    expect(report.findings).toEqual([])
  })
})

test('a front that is not there is one finding', async () => {
  const { exitCode, output } = await doctor(['http://127.0.0.1:9'])
  expect(exitCode).toBe(1)
  expect(output).toContain('url_unreachable')
  expect(output).toContain('Broken: 1 fault.')
})

test('a public tool is no fault: calls without a token go through', async () => {
  const TOOL_SCOPES_JSON = '{"about":[],"listEvents":["events:read"]}'
  await using open = await startFront({ TOOLS: '', TOOL_SCOPES_JSON })
  expect(idsOf(await doctorReport([open.url]))).toEqual([])
  open.misbehaves = { request: ({ headers: { authorization: _, ...headers } }) => ({ headers }) }
  expect(idsOf(await doctorReport([open.url]))).toEqual(['authorization_stripped'])
})

describe('a public tool beside protected ones', () => {
  let open: Front
  beforeAll(async () => {
    const TOOL_SCOPES_JSON = '{"about":[],"listEvents":["events:read"]}'
    open = await startFront({ TOOLS: '', TOOL_SCOPES_JSON })
  })
  afterAll(() => open?.[Symbol.asyncDispose]())
  beforeEach(() => {
    open.misbehaves = {}
  })

  test('the challenge and the sign-in in ChatGPT are checked by a protected tool', async () => {
    const { checked, skipped } = await doctorReport([open.url])
    const names = checked.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['challenge', 'sign-in in ChatGPT']))
    expect(skipped.filter(({ reason }) => reason.includes('401'))).toEqual([])
  })

  test.each([
    ['a challenge that is gone', challenge(() => ''), ['challenge_missing']],
    [
      'a sign-in that is not offered',
      { request: () => ({}), answer: withoutSignIn },
      ['chatgpt_sign_in_not_offered'],
    ],
    ['a protected tool that anybody may call', { answer: letIn }, ['unauthenticated_allowed']],
  ] satisfies (readonly [string, Misbehaviour, readonly string[]])[])(
    '%s',
    async (_, misbehaves, ids) => {
      open.misbehaves = misbehaves
      expect(idsOf(await doctorReport([open.url]))).toEqual(expect.arrayContaining(ids))
    },
  )
})

/** Drops the challenge from the tool result. */
function withoutSignIn({ body }: FrontAnswer) {
  return { body: body.replaceAll('mcp/www_authenticate', 'mcp/other') }
}

/** Answers every refused call as if a tool had run. */
function letIn({ status, body }: FrontAnswer, { path, method }: { path: string; method: string }) {
  if (!isMcp(path) || method !== 'POST' || (status === 200 && !body.includes('www_authenticate'))) {
    return undefined
  }
  const headers = { 'content-type': 'application/json' }
  return { status: 200, headers, body: '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}' }
}

test('nothing is changed: only GET, OPTIONS and POST /mcp are sent, never with a token', async () => {
  const sent: string[] = []
  front.misbehaves = {
    request: ({ method, path, headers }) => {
      sent.push(
        `${method} ${method === 'POST' ? path : ''} ${headers['authorization'] ?? ''}`.trim(),
      )
      return {}
    },
  }
  const token = await front.issuer.token({ aud: `${front.url}/mcp` })
  await doctor([front.url, '--token', token])
  expect([...new Set(sent.filter((line) => !line.includes('eyJ')))].sort()).toEqual(
    ['GET', 'OPTIONS', 'POST /mcp', 'POST /mcp  Bearer doctor'].map((line) =>
      line.replace('  ', ' '),
    ),
  )
  expect(sent.join('\n')).not.toContain(token)
})

describe('the command line', () => {
  test.each([
    [['ftp://mcp.example.com']],
    [['https://mcp.example.com/other']],
    [['https://user@mcp.example.com']],
    [['https://a.example', 'https://b.example']],
    [['--plan', 'huge']],
    [['--token']],
    [['--token=']],
    [['--function-url', 'http://plain.example']],
    [['--unknown']],
  ])('refuses %j', async (args) => {
    const { exitCode, output, errorOutput } = await doctor(args)
    expect(exitCode).toBe(2)
    expect(output).toBe('')
    expect(errorOutput).toContain('Usage: npm run doctor')
  })

  test('without a URL it examines the local system, at the port that that is given', async () => {
    const fetch = () => Promise.reject(new TypeError('refused'))
    expect(await doctorReport([], { fetch })).toMatchObject({ url: 'http://localhost:8080' })
    const env = { PORT: '9999' }
    expect(await doctorReport([], { fetch, env })).toMatchObject({ url: 'http://localhost:9999' })
  })

  test('--help tells how', async () => {
    expect(await doctor(['--help'])).toMatchObject({ exitCode: 0, errorOutput: '' })
  })

  test('what a front says cannot move the cursor', async () => {
    front.misbehaves = member(METADATA, 'resource', '\u001b[2Jevil')
    const { output } = await doctor([front.url])
    expect(output).not.toContain('\u001b')
  })
})
