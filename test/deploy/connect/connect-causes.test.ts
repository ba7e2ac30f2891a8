import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { IMITATIONS } from '../../../deploy/connect/client/imitations.ts'
import { connect } from '../../../deploy/connect/connect.ts'
import type { ConnectOptions } from '../../../deploy/connect/connect-options.ts'
import { CONNECT_FAULTS, type ConnectFaultId, FORMER_IDS } from '../../../deploy/connect/failure.ts'
import { STEPS, type StepName } from '../../../deploy/connect/step.ts'
import { explain } from '../../../deploy/diagnostics/faults/faults.ts'
import { ALICE } from '../../support/people.ts'

/** A body is JSON, a string is a page; a number alone is a status. */
type Answer = number | readonly [number, unknown, Readonly<Record<string, string>>?]
type Answers = Readonly<Record<string, Answer>>

/** How a cause is brought about. */
interface Staging {
  readonly step: StepName
  /** By path, and by `method` at /mcp, with `+ token` when there is one: what differs from a system that works. */
  readonly answers?: (origin: string) => Answers
  /** What the browser brings back beside our state; undefined = it never comes back. */
  readonly back?: string | undefined
  readonly options?: (origin: string) => Partial<ConnectOptions>
}

const PRM = '/.well-known/oauth-protected-resource/mcp'
const ASM = '/.well-known/oauth-authorization-server'
const TENANT = '/__tenant'
const CHATGPT = 'https://chatgpt.com/connector_platform_oauth_redirect'
const BACK = 'code=c'

const TOOL = { name: 'listEvents', inputSchema: { type: 'object' } }
const needs = (scope: string) => ({
  ...TOOL,
  _meta: { securitySchemes: [{ type: 'oauth2', scopes: [scope] }] },
})
const listed = (tools: readonly unknown[]): Answer => [200, { result: { tools } }]
const called = (result: object): Answer => [
  200,
  { result: { content: [{ type: 'text', text: 'x' }], ...result } },
]

function claimsFor(origin: string) {
  return { iss: `${origin}/`, aud: `${origin}/mcp`, scope: 'events:read', exp: 4_000_000_000 }
}

/** Nobody here checks the signature. */
function rs256(claims: object): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  return `${encode({ alg: 'RS256' })}.${encode(claims)}.c2ln`
}

const issued = (access_token: string): Answers => ({
  '/token': [200, { access_token, token_type: 'Bearer' }],
})

const hs256 = await new SignJWT({ sub: 'x' })
  .setProtectedHeader({ alg: 'HS256' })
  .sign(new TextEncoder().encode('k'.repeat(32)))

function metadataOf(origin: string) {
  return {
    issuer: `${origin}/`,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
  }
}

const metadata = (changes: object) => (origin: string) => ({
  [ASM]: [200, { ...metadataOf(origin), ...changes }] as const,
})

/** The Auth0 emulator, with what log-webhook did about the client. */
const tenant = (delivery: object | undefined, authorize = 'no connections enabled'): Answers => ({
  [TENANT]: [
    200,
    {
      clients: [{ client_id: 'c' }],
      connections: [],
      clientGrants: [],
      logStream: { deliveries: delivery === undefined ? [] : [delivery] },
    },
  ],
  '/authorize': [403, `<p>${authorize}`],
})
const outcome = (of: string, reason?: string) => ({
  status: 200,
  answer: { records: [{ client_id: 'c', outcome: of, reason }] },
})

const LOGIN = '<form action="/login"><input name="username"><input name="password"></form>'

/** Every fault, staged; one that is added without an entry here does not compile. */
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
    options: () => ({ admissionMs: 15_000 }),
  },
  not_dynamic: {
    step: 'admission',
    answers: () => tenant(outcome('refused', 'not_dynamic')),
    options: () => ({ admissionMs: 15_000 }),
  },
  policy_observes: {
    step: 'admission',
    answers: () => tenant(outcome('observed')),
    options: () => ({ admissionMs: 15_000 }),
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

/** Other ways to the same causes. */
const ISS = metadata({ authorization_response_iss_parameter_supported: true })
/** The authorization endpoint answers with a redirect that has these parameters. */
const redirected = (parameters: string): Answers => ({
  '/authorize': [303, {}, { location: `${CHATGPT}?${parameters}` }],
})
const existing = () => ({ clientId: 'c', redirectUri: CHATGPT })

const VARIANTS: readonly (Staging & { readonly name: string; readonly id: ConnectFaultId })[] = [
  {
    name: 'a page in place of the metadata',
    id: 'rewrite_returns_html',
    step: 'protected-resource',
    answers: () => ({ [PRM]: [200, '<html>'] }),
  },
  {
    name: 'a gateway without keys, before any token',
    id: 'gateway_keys_unavailable',
    step: 'protected-resource',
    answers: () => ({ '/mcp': 503 }),
  },
  {
    name: 'metadata that is no such document',
    id: 'metadata_missing',
    step: 'protected-resource',
    answers: (origin) => ({
      [PRM]: [200, { resource: `${origin}/mcp`, authorization_servers: ['tenant'] }],
    }),
  },
  {
    name: 'a page in place of the metadata of the authorization server',
    id: 'rewrite_returns_html',
    step: 'authorization-server',
    answers: () => ({ [ASM]: [200, '<html>'] }),
  },
  {
    name: 'an authorization server without the code flow',
    id: 'issuer_unreachable',
    step: 'admission',
    answers: metadata({ response_types_supported: ['token'] }),
  },
  {
    name: 'a registration endpoint that is a page',
    id: 'registration_closed',
    step: 'registration',
    answers: () => ({ '/register': [404, '<html>'] }),
  },
  {
    name: 'a registration that is answered with no client',
    id: 'registration_refused',
    step: 'registration',
    answers: () => ({ '/register': [201, { client: 'c' }] }),
  },
  {
    name: 'a registration endpoint that does not answer',
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
    name: 'an admission that failed',
    id: 'webhook_failed',
    step: 'admission',
    answers: () => tenant(outcome('failed', 'conn_lookup_http_403')),
  },
  {
    name: 'a log webhook that does not answer',
    id: 'webhook_failed',
    step: 'admission',
    answers: () => tenant({ status: null, answer: 'fetch failed' }),
  },
  {
    name: 'an error that is sent back to the client',
    id: 'client_grant_missing',
    step: 'sign-in',
    back: 'error=unauthorized_client',
  },
  {
    name: 'an iss that differs by its slash',
    id: 'issuer_in_answer',
    step: 'sign-in',
    answers: ISS,
    options: (origin) => ({ openBrowser: backWith(`code=c&iss=${origin}`) }),
  },
  {
    name: 'an iss twice',
    id: 'issuer_in_answer',
    step: 'sign-in',
    answers: ISS,
    options: (origin) => ({ openBrowser: backWith(`code=c&iss=${origin}/&iss=${origin}/`) }),
  },
  {
    name: 'an error response from another issuer',
    id: 'issuer_in_answer',
    step: 'sign-in',
    back: 'error=access_denied&iss=https://evil.example/',
  },
  {
    name: 'an error response without the iss that is advertised',
    id: 'issuer_not_in_answer',
    step: 'sign-in',
    answers: ISS,
    back: 'error=access_denied',
  },
  {
    name: 'an error response with the right iss',
    id: 'access_denied',
    step: 'sign-in',
    answers: ISS,
    options: (origin) => ({ openBrowser: backWith(`error=access_denied&iss=${origin}/`) }),
  },
  {
    name: 'a client of an administrator, refused at the authorization endpoint without iss',
    id: 'issuer_not_in_answer',
    step: 'admission',
    answers: (origin) => ({ ...ISS(origin), ...redirected('error=unauthorized_client') }),
    options: existing,
  },
  {
    name: 'the same with the iss of another issuer',
    id: 'issuer_in_answer',
    step: 'admission',
    answers: () => redirected('error=unauthorized_client&iss=https://evil.example/'),
    options: existing,
  },
  {
    name: 'the same with the right iss',
    id: 'client_grant_missing',
    step: 'admission',
    answers: (origin) => ({
      ...ISS(origin),
      ...redirected(`error=unauthorized_client&iss=${encodeURIComponent(`${origin}/`)}`),
    }),
    options: existing,
  },
  {
    name: 'a new client that is not admitted, and whose error has no iss',
    id: 'webhook_silent',
    step: 'admission',
    answers: (origin) => ({ ...ISS(origin), ...tenant(undefined) }),
  },
  {
    name: 'an address that is not the redirect URI',
    id: 'sign_in_refused',
    step: 'sign-in',
    back: undefined,
    options: () => ({ ...existing(), askForAddress: async () => 'https://chatgpt.com/' }),
  },
  {
    name: 'a refused code with a page around it',
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
    name: 'three parts that are no JWT',
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
    name: 'a refused call over HTTP',
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
    name: 'a refused call in the form for ChatGPT',
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
    name: 'a token that a call does not suffice with any more, in the form for ChatGPT',
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

let staged: Answers = {}
let origin = ''

/** A gateway and its authorization server in one that answer as they should, but for what is staged. */
const server = createServer(async (req, res) => {
  const path = new URL(req.url ?? '/', origin).pathname
  const asked = path === '/mcp' ? await askedOf(req) : { keys: [path], id: undefined }
  const answers: Answers = { ...working(), ...staged }
  const answer = asked.keys.map((key) => answers[key]).find((one) => one !== undefined) ?? 404
  const [status, body = {}, headers = {}] = typeof answer === 'number' ? [answer] : answer
  const isPage = typeof body === 'string'
  const type = isPage ? 'text/html' : 'application/json'
  res.writeHead(status, { 'content-type': type, ...headers })
  const isRpc = asked.id !== undefined && status === 200 && !isPage
  const message = isRpc ? { jsonrpc: '2.0', id: asked.id, ...Object(body) } : body
  res.end(isPage ? body : JSON.stringify(message))
})

async function askedOf(req: IncomingMessage) {
  const { id, method } = Object(await json(req).catch(() => ({})))
  const hasToken = req.headers.authorization !== undefined
  return {
    keys: hasToken ? [`${method} + token`] : [String(method), '/mcp'],
    id: hasToken ? id : undefined,
  }
}

function working(): Answers {
  const initialized = {
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    serverInfo: { name: 'staged', version: '1' },
  }
  return {
    [PRM]: [
      200,
      {
        resource: `${origin}/mcp`,
        authorization_servers: [`${origin}/`],
        scopes_supported: ['events:read'],
      },
    ],
    [ASM]: [200, metadataOf(origin)],
    '/mcp': 401,
    '/register': [201, { client_id: 'c', redirect_uris: ['http://127.0.0.1/callback'] }],
    '/authorize': [200, '<p>Sign in'],
    ...issued(rs256(claimsFor(origin))),
    'server/discover + token': 400,
    'initialize + token': [200, { result: initialized }],
    'notifications/initialized + token': 202,
    'tools/list + token': listed([needs('events:read')]),
    'tools/call + token': called({}),
  }
}

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

/** A browser that brings this back beside our state. */
function backWith(back: string) {
  return (start: string) => {
    const { searchParams } = new URL(start)
    void fetch(`${searchParams.get('redirect_uri')}?${back}&state=${searchParams.get('state')}`)
  }
}

function run({ answers, options, ...staging }: Omit<Staging, 'step'>) {
  staged = answers?.(origin) ?? {}
  const back = 'back' in staging ? staging.back : BACK
  const openBrowser = (start: string) => {
    if (back === undefined) return
    const { searchParams } = new URL(start)
    const state = back.includes('state=') ? '' : `&state=${searchParams.get('state')}`
    void fetch(`${searchParams.get('redirect_uri')}?${back}${state}`)
  }
  return connect({
    url: `${origin}/mcp`,
    person: ALICE,
    admissionMs: 0,
    signInMs: 10_000,
    onStep: () => undefined,
    openBrowser,
    ...options?.(origin),
  })
}

async function failureOf(staging: Staging) {
  const connection = await run(staging)
  expect(connection.ok).toBe(false)
  expect(connection.steps.map(({ step }) => step)).toEqual(STEPS)
  expect(JSON.stringify(connection)).not.toMatch(/eyJ[\w-]{8}/)
  const failed = connection.steps.find(({ id }) => id !== undefined)
  const id = failed?.id ?? 'protocol'
  expect(failed?.cause).toBe(explain(id).why)
  expect(failed?.fix).toMatch(/\S/)
  expect(failed?.formerly).toBe(FORMER_IDS[id])
  return { step: failed?.step, id: failed?.id, seen: failed?.seen }
}

test('without trouble a person signs in with a browser', async () => {
  const { ok, steps } = await run({})
  expect(steps.filter((step) => !step.ok)).toEqual([])
  expect(ok).toBe(true)
  expect(steps[3]?.seen).toMatch(/^not visible from outside, but the sign-in may start, after /)
})

test('the right iss is taken, with the stable redirect URI of ChatGPT too', async () => {
  const withIss = (back: string) => ({
    answers: ISS,
    options: (issuer: string) => ({ openBrowser: backWith(`${back}&iss=${issuer}/`) }),
  })
  expect((await run(withIss('code=c'))).ok).toBe(true)
  let opened = new URL(origin)
  const { ok, steps } = await run({
    answers: ISS,
    options: (issuer) => ({
      ...existing(),
      openBrowser: (url) => {
        opened = new URL(url)
      },
      askForAddress: async () =>
        `${CHATGPT}?code=c&iss=${issuer}/&state=${opened.searchParams.get('state')}\n`,
    }),
  })
  expect(steps.filter((step) => !step.ok)).toEqual([])
  expect(ok).toBe(true)
  expect(opened.searchParams.get('redirect_uri')).toBe(CHATGPT)
  expect(steps[4]?.seen).toContain(`iss ${origin}/`)
})

test.each(Object.entries(STAGED))('%s', async (id, staging) => {
  expect(await failureOf(staging)).toMatchObject({ id, step: staging.step })
})

test.each(VARIANTS)('$name: $id', async ({ id, ...staging }) => {
  expect(await failureOf(staging)).toMatchObject({ id, step: staging.step })
})

test("nothing of an answer to somebody else's request is told", async () => {
  expect((await failureOf(STAGED.state_mismatch)).seen).toBe('the state does not match')
})

test.each([
  ['redirect_uri_refused'],
  ['no_connection'],
  ['client_grant_missing'],
  ['sign_in_timed_out'],
] as const)('%s says what to do about a loopback redirect URI', (id) => {
  expect(explain(id).fix).toMatch(
    /CLIENT_REDIRECT_URIS .*http:\/\/127\.0\.0\.1:\*\/\*.*--client-id/,
  )
})

test('every fault has a reason and a remedy of its own', () => {
  const causes = CONNECT_FAULTS.map((id) => explain(id))
  expect(new Set(causes.map(({ why }) => why)).size).toBe(causes.length)
  expect(new Set(causes.map(({ fix }) => fix)).size).toBeGreaterThan(causes.length * 0.8)
})

const SERVERS = (origin: string, resource: string) => ({
  resource,
  authorization_servers: [`${origin}/`],
  scopes_supported: ['events:read'],
})
const ROOT = '/.well-known/oauth-protected-resource'

test.each([
  ['at the path', (at: string): Answers => ({ [PRM]: [200, SERVERS(at, `${at}/mcp`)] }), PRM],
  [
    'at the root, about the endpoint',
    (at: string): Answers => ({ [PRM]: 404, [ROOT]: [200, SERVERS(at, `${at}/mcp`)] }),
    ROOT,
  ],
])('without a challenge the metadata is found %s', async (_, answers, path) => {
  const connection = await run({
    answers: (at) => ({ ...answers(at), '/mcp': 401 }),
    back: BACK,
  })
  expect(connection.ok).toBe(true)
  expect(connection.steps[0]?.seen).toContain(`metadata at ${origin}${path}`)
})

test.each([
  ['of the origin', (at: string) => at],
  ['of the endpoint', (at: string) => `${at}/mcp`],
])('the challenge leads to the root, with metadata %s', async (_, resource) => {
  const connection = await run({
    answers: (at) => ({
      [PRM]: 404,
      [ROOT]: [200, SERVERS(at, resource(at))],
      '/mcp': [401, {}, { 'www-authenticate': `Bearer resource_metadata="${at}${ROOT}"` }],
      '/token': [
        200,
        {
          access_token: rs256({ ...claimsFor(at), aud: resource(at) }),
          token_type: 'Bearer',
        },
      ],
    }),
    back: BACK,
  })
  expect(connection.steps.filter((step) => !step.ok)).toEqual([])
  expect(connection.steps[0]?.seen).toContain(`${resource(origin)}, authorization server`)
})

test('without resource metadata, the origin is taken for the authorization server as VS Code does', async () => {
  const answers = (at: string): Answers => ({
    [PRM]: 404,
    [ROOT]: 404,
    '/mcp': 401,
    ...metadata({ issuer: at })(at),
    '/token': [200, { access_token: rs256({ ...claimsFor(at), iss: at }), token_type: 'Bearer' }],
  })
  const { steps } = await run({
    answers,
    back: BACK,
    options: () => ({ imitation: IMITATIONS.vscode, callbackPort: 0 }),
  })
  expect(steps[0]).toMatchObject({ step: 'protected-resource', ok: true })
  expect(steps[0]?.seen).toContain(`authorization server ${origin} (2025-03-26)`)
  const step = 'protected-resource'
  expect(await failureOf({ step, answers })).toMatchObject({ id: 'metadata_missing' })
})

test('with a public tool, the challenge of a protected one leads to the metadata', async () => {
  const place = '/custom/metadata.json'
  const connection = await run({
    answers: (at) => ({
      [PRM]: 404,
      [place]: [200, SERVERS(at, `${at}/mcp`)],
      'tools/list': listed([TOOL, needs('events:read')]),
      'tools/call': [401, {}, { 'www-authenticate': `Bearer resource_metadata="${at}${place}"` }],
    }),
    back: BACK,
  })
  expect(connection.ok).toBe(true)
  expect(connection.steps[0]?.seen).toContain('challenge on listEvents with resource_metadata')
})
