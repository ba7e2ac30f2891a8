import { execFile } from 'node:child_process'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { CAUSES } from '../../deploy/connect/causes.ts'
import { type ConnectOptions, connect } from '../../deploy/connect/connect.ts'
import { parseOptions, UsageError } from '../../deploy/connect/options.ts'
import { printStep } from '../../deploy/connect/print-step.ts'
import { STEPS, type Step } from '../../deploy/connect/step.ts'
import { readToken } from '../../deploy/connect/token.ts'
import type { System } from '../../deploy/local/system.ts'
import { ALICE, BOB } from '../support/people.ts'
import { startOnFreePorts } from '../support/system.ts'
import { adminOf } from '../support/tenant-admin.ts'

const run = (options: Partial<ConnectOptions> & { readonly url: string }) =>
  connect({ person: ALICE, onStep: () => undefined, openBrowser: () => undefined, ...options })

function failureOf({ steps }: { readonly steps: readonly Step[] }) {
  const failed = steps.find(({ id }) => id !== undefined)
  return failed && { step: failed.step, id: failed.id }
}

describe('the local system', () => {
  let system: System

  beforeAll(async () => {
    system = await startOnFreePorts()
  })
  afterEach(() =>
    adminOf(system.tenant).change({
      mode: 'strict',
      outage: false,
      logStream: { paused: false, delayMs: 0 },
    }),
  )
  afterAll(() => system.stop())

  test.each(['strict', 'permissive'])('connects in %s mode, step by step', async (mode) => {
    await adminOf(system.tenant).change({ mode })
    const told: Step[] = []
    const url = `${system.url}/mcp`
    const connection = await run({ url, onStep: (step) => told.push(step) })
    expect(connection).toEqual({ url, ok: true, steps: told })
    expect(told.map(({ step }) => step)).toEqual(STEPS)
    expect(told.find(({ step }) => step === 'token')?.seen).toContain(
      'scope events:read events:write',
    )
    expect(told.at(-1)?.seen).toMatch(/^listEvents: /)
    expect(JSON.stringify(told)).not.toMatch(/eyJ[\w-]{8}/)
  })

  test('bob, who may read only, connects too', async () => {
    const { steps } = await run({ url: `${system.url}/mcp`, person: BOB })
    expect(steps.at(-1)).toMatchObject({ step: 'call', ok: true })
  })

  test.each([
    {
      name: 'an outage of Auth0',
      change: { outage: true },
      expected: { step: 'authorization-server', id: 'no_authorization_server' },
    },
    {
      name: 'a log stream that delivers nothing',
      change: { mode: 'permissive', logStream: { paused: true } },
      expected: { step: 'admission', id: 'no_connection' },
    },
  ])('$name', async ({ change, expected }) => {
    await adminOf(system.tenant).change(change)
    const connection = await run({ url: `${system.url}/mcp`, admissionMs: 600 })
    expect(failureOf(connection)).toEqual(expected)
    expect(connection.ok).toBe(false)
    expect(connection.steps.map(({ step }) => step)).toEqual(STEPS)
    const [next] = connection.steps.slice(STEPS.indexOf(connection.steps.at(-1)?.step ?? 'call'))
    expect(next).toEqual({ step: 'call', ok: false, seen: 'not reached', ms: 0 })
  })

  test('a wrong password', async () => {
    const person = { ...ALICE, password: 'wrong' }
    const connection = await run({ url: `${system.url}/mcp`, person })
    expect(failureOf(connection)).toEqual({ step: 'sign-in', id: 'wrong_password' })
    expect(JSON.stringify(connection)).not.toContain('"wrong"')
  })

  test('a client id that nobody has', async () => {
    const connection = await run({ url: `${system.url}/mcp`, clientId: 'nobody', admissionMs: 0 })
    expect(connection.steps[2]?.seen).toBe('nobody exists: nothing was registered')
    expect(failureOf(connection)).toEqual({ step: 'admission', id: 'client_unknown' })
  })

  test('the command ends with 0 and prints one JSON document for machines', async () => {
    const { code, stdout } = await command([system.url, '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ url: `${system.url}/mcp`, ok: true })
  })
})

test('the command ends with 1 on failure, and says what to do', async () => {
  const { code, stdout } = await command(['http://127.0.0.1:9'])
  expect(code).toBe(1)
  expect(stdout).toContain(`FAIL protected-resource    http://127.0.0.1:9/mcp: `)
  expect(stdout).toContain(`cause: ${CAUSES.unreachable.cause}`)
  expect(stdout).toContain(`do:    ${CAUSES.unreachable.fix}`)
  expect(stdout).toContain('-    call                  not reached')
})

test.each([['--nope'], ['ftp://x'], ['nonsense'], ['http://a', 'http://b']])(
  'the command ends with 2 for %s',
  async (...args) => {
    expect((await command(args)).code).toBe(2)
  },
)

describe('the command line', () => {
  test.each([
    { args: [], env: {}, url: 'http://localhost:8080/mcp' },
    { args: [], env: { PORT: '9000' }, url: 'http://localhost:9000/mcp' },
    { args: ['https://mcp.example.com'], env: {}, url: 'https://mcp.example.com/mcp' },
    { args: ['https://mcp.example.com/'], env: {}, url: 'https://mcp.example.com/mcp' },
    { args: ['https://mcp.example.com/other'], env: {}, url: 'https://mcp.example.com/other' },
  ])('$args: $url', ({ args, env, url }) => {
    expect(parseOptions(args, env).url).toBe(url)
  })

  test('a fault says how it is written', () => {
    expect(() => parseOptions(['x'], {})).toThrow(UsageError)
    expect(() => parseOptions(['x'], {})).toThrow(/Usage: npm run connect/)
  })
})

describe('fronts and tenants in trouble', () => {
  const servers: ReturnType<typeof createServer>[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1')
    servers.push(server)
    await new Promise((resolve) => server.once('listening', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** A front that answers as it should, but for the documents that differ. */
  const front = (differ: (origin: string) => Record<string, unknown>) =>
    serve((req, res) => {
      const origin = `http://${req.headers.host}`
      const documents: Record<string, unknown> = {
        '/.well-known/oauth-protected-resource/mcp': {
          resource: `${origin}/mcp`,
          authorization_servers: [`${origin}/`],
          scopes_supported: ['events:read'],
        },
        '/.well-known/oauth-authorization-server': {
          issuer: `${origin}/`,
          authorization_endpoint: `${origin}/authorize`,
          token_endpoint: `${origin}/token`,
          registration_endpoint: `${origin}/register`,
          code_challenge_methods_supported: ['S256'],
        },
        '/mcp': [401, {}],
        '/register': [201, { client_id: 'c', redirect_uris: ['http://127.0.0.1/callback'] }],
        '/authorize': [200, {}],
        ...differ(origin),
      }
      const path = new URL(req.url ?? '/', origin).pathname
      const answer = documents[path]
      const [status, body] = Array.isArray(answer) ? answer : [answer ? 200 : 404, answer]
      const isHtml = typeof body === 'string'
      res.writeHead(Number(status), { 'content-type': isHtml ? 'text/html' : 'application/json' })
      res.end(isHtml ? body : JSON.stringify(body ?? {}))
    })

  const PRM = '/.well-known/oauth-protected-resource/mcp'
  const ASM = '/.well-known/oauth-authorization-server'
  const metadata = (origin: string, changes: Record<string, unknown>) => ({
    [ASM]: {
      issuer: `${origin}/`,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      registration_endpoint: `${origin}/register`,
      code_challenge_methods_supported: ['S256'],
      ...changes,
    },
  })

  test.each<{
    readonly name: string
    readonly differ: (origin: string) => Record<string, unknown>
    readonly expected: { readonly step: string; readonly id: string }
  }>([
    {
      name: 'a page at /mcp',
      differ: () => ({ '/mcp': [200, '<html>'] }),
      expected: { step: 'protected-resource', id: 'html' },
    },
    {
      name: 'a page in place of the metadata',
      differ: () => ({ [PRM]: [200, '<html>'] }),
      expected: { step: 'protected-resource', id: 'html' },
    },
    {
      name: 'no endpoint',
      differ: () => ({ '/mcp': [404, {}] }),
      expected: { step: 'protected-resource', id: 'not_found' },
    },
    {
      name: 'a gateway without keys',
      differ: () => ({ '/mcp': [503, {}] }),
      expected: { step: 'protected-resource', id: 'gateway_unavailable' },
    },
    {
      name: 'no metadata',
      differ: () => ({ [PRM]: [404, {}] }),
      expected: { step: 'protected-resource', id: 'no_protected_resource' },
    },
    {
      name: 'another resource',
      differ: (origin) => ({
        [PRM]: { resource: `${origin}/`, authorization_servers: [`${origin}/`] },
      }),
      expected: { step: 'protected-resource', id: 'resource_mismatch' },
    },
    {
      name: 'no metadata of the issuer',
      differ: () => ({ [ASM]: [404, {}] }),
      expected: { step: 'authorization-server', id: 'no_authorization_server' },
    },
    {
      name: 'an issuer without its slash',
      differ: (origin) => metadata(origin, { issuer: origin }),
      expected: { step: 'authorization-server', id: 'issuer_mismatch' },
    },
    {
      name: 'plain PKCE alone',
      differ: (origin) => metadata(origin, { code_challenge_methods_supported: ['plain'] }),
      expected: { step: 'authorization-server', id: 'no_s256' },
    },
    {
      name: 'no registration endpoint',
      differ: (origin) => metadata(origin, { registration_endpoint: undefined }),
      expected: { step: 'authorization-server', id: 'no_registration_endpoint' },
    },
    {
      name: 'registration off',
      differ: () => ({ '/register': [404, { error: 'endpoint_disabled' }] }),
      expected: { step: 'registration', id: 'registration_closed' },
    },
    {
      name: 'a redirect URI that is not allowed',
      differ: () => ({ '/register': [400, { error: 'invalid_redirect_uri' }] }),
      expected: { step: 'registration', id: 'redirect_uri_refused' },
    },
    {
      name: 'too many registrations',
      differ: () => ({ '/register': [429, { error: 'too_many_requests' }] }),
      expected: { step: 'registration', id: 'rate_limited' },
    },
    {
      name: 'no grant',
      differ: () => ({ '/authorize': [403, '<p>Client is not authorized to access this API'] }),
      expected: { step: 'admission', id: 'no_grant' },
    },
    {
      name: 'no API',
      differ: () => ({ '/authorize': [403, '<p>Service not found: x'] }),
      expected: { step: 'admission', id: 'unknown_audience' },
    },
    {
      name: 'another refusal',
      differ: () => ({ '/authorize': [500, '<p>Oops'] }),
      expected: { step: 'admission', id: 'not_admitted' },
    },
  ])('$name', async ({ differ, expected }) => {
    const url = `${await front(differ)}/mcp`
    expect(failureOf(await run({ url, admissionMs: 0 }))).toEqual(expected)
  })

  test.each([
    { name: 'nobody signs in', query: undefined, id: 'sign_in_timed_out' },
    { name: 'the user declines', query: 'error=access_denied', id: 'sign_in_refused' },
    { name: 'another state', query: 'code=c&state=other', id: 'state_mismatch' },
    { name: 'another issuer', query: 'code=c&iss=https://evil.example/', id: 'issuer_in_answer' },
    { name: 'the code is refused', query: 'code=c', id: 'token_refused' },
  ])('in a browser: $name', async ({ query, id }) => {
    const url = `${await front(() => ({ '/token': [403, { error: 'invalid_grant' }] }))}/mcp`
    const openBrowser = (start: string) => {
      const { searchParams } = new URL(start)
      if (query === undefined) return
      const state = query.includes('state=') ? '' : `&state=${searchParams.get('state')}`
      void fetch(`${searchParams.get('redirect_uri')}?${query}${state}`)
    }
    const connection = await run({ url, openBrowser, signInMs: 400 })
    expect(failureOf(connection)?.id).toBe(id)
  })
})

describe('the token', () => {
  const expected = { issuer: 'https://t.example/', audience: 'https://mcp.example/mcp' }
  const claims = { iss: expected.issuer, aud: expected.audience, scope: 'a b', exp: 4_000_000_000 }
  const hs256 = (payload: object) =>
    new SignJWT({ ...payload })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode('k'.repeat(32)))
  const rs256 = (payload: object) =>
    `${btoa('{"alg":"RS256"}')}.${btoa(JSON.stringify(payload)).replaceAll('=', '')}.c2ln`

  test('its scopes are read, and nothing of it is shown', () => {
    const token = rs256(claims)
    const { value, seen } = readToken(token, expected)
    expect(value.scopes).toEqual(['a', 'b'])
    expect(seen).not.toContain(token.slice(20, 60))
  })

  test.each([
    { id: 'ACCESS_TOKEN_IS_OPAQUE', token: async () => 'kf2K0' },
    { id: 'ACCESS_TOKEN_IS_ENCRYPTED_JWE', token: async () => 'a.b.c.d.e' },
    { id: 'token_algorithm', token: () => hs256(claims) },
    { id: 'token_algorithm', token: async () => new UnsecuredJWT(claims).encode() },
    { id: 'token_audience', token: async () => rs256({ ...claims, aud: 'https://other' }) },
    { id: 'token_issuer', token: async () => rs256({ ...claims, iss: 'https://t.example' }) },
  ])('$id', async ({ id, token }) => {
    const text = await token()
    expect(() => readToken(text, expected)).toThrow(expect.objectContaining({ id }))
  })
})

test('a step is one line, a failure says why and what to do', () => {
  expect(printStep({ step: 'call', ok: true, seen: 'x', ms: 3 })).toBe(
    'ok   call                  x (3 ms)\n',
  )
  const failed = { step: 'call', ok: false, seen: 'x', cause: 'c', fix: 'f', ms: 3 } as const
  expect(printStep(failed)).toBe('FAIL call                  x\n     cause: c\n     do:    f\n')
})

test('every cause has a reason and a remedy of its own', () => {
  const fixes = Object.values(CAUSES).map(({ cause, fix }) => `${cause} ${fix}`)
  expect(fixes.length).toBeGreaterThanOrEqual(15)
  expect(new Set(fixes).size).toBe(fixes.length)
})

const COMMAND = fileURLToPath(new URL('../../deploy/connect/index.ts', import.meta.url))

function command(args: readonly string[]) {
  return new Promise<{ readonly code: number; readonly stdout: string }>((resolve) => {
    execFile(process.execPath, [COMMAND, ...args], (error, stdout) => {
      resolve({ code: Number(error?.code ?? 0), stdout })
    })
  })
}
