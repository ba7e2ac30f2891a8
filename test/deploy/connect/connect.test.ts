import { execFile } from 'node:child_process'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { provisionCommand } from '../../../deploy/commands/provision.ts'
import { connect } from '../../../deploy/connect/connect.ts'
import type { ConnectOptions } from '../../../deploy/connect/connect-options.ts'
import { type ConnectStep, STEPS } from '../../../deploy/connect/step.ts'
import { explain } from '../../../deploy/diagnostics/faults/faults.ts'
import { runCommand } from '../../../deploy/kit/run-command.ts'
import type { System } from '../../../deploy/local/system.ts'
import { createManagement, credentialsIn } from '../../../shared/auth0/management.ts'
import { CHATGPT_REDIRECT_URIS } from '../../../shared/auth0/redirect-uris.ts'
import { adminOf } from '../../support/auth0/tenant-admin.ts'
import { CLI } from '../../support/command-line.ts'
import { declining } from '../../support/http/declining.ts'
import { ALICE, BOB } from '../../support/people.ts'
import { startOnFreePorts } from '../../support/system.ts'

const CALLS = { attemptTimeoutMs: 60_000, callTimeoutMs: 120_000, maxAttempts: 3 }

function connectTo(system: System, options: Partial<ConnectOptions> = {}) {
  const openBrowser = () => expect.unreachable('no browser is needed at the local tenant')
  const url = `${system.url}/mcp`
  return connect({ url, person: ALICE, onStep: () => undefined, openBrowser, ...options })
}

/** Lets connect wait for an admission until a response contains the text. */
function waitUntil(text: RegExp): Pick<ConnectOptions, 'admissionMs' | 'fetch' | 'now'> {
  let now = 0
  return {
    admissionMs: 1,
    now: () => now,
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      if (text.test(await response.clone().text())) now = 1
      return response
    },
  }
}

function seenAt(name: ConnectStep['step'], steps: readonly ConnectStep[]): string | undefined {
  return steps.find(({ step }) => step === name)?.seen
}

function managementOf({ variables }: System) {
  const { MGMT_DOMAIN = '', MGMT_CLIENT_ID = '', MGMT_CLIENT_SECRET = '' } = variables
  const credentials = credentialsIn({ MGMT_DOMAIN, MGMT_CLIENT_ID, MGMT_CLIENT_SECRET })
  return createManagement(credentials, CALLS)()
}

function command(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return new Promise<{
    readonly code: number
    readonly stdout: string
    readonly stderr: string
  }>((resolve) => {
    const options = { env: { ...process.env, ...env } }
    execFile(process.execPath, [CLI, 'connect', ...args], options, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr })
    })
  })
}

describe('connect to the local system', () => {
  let system: System

  beforeAll(async () => {
    system = await startOnFreePorts()
  })
  afterEach(() => adminOf(system.tenant).change({ reset: true }))
  afterAll(() => system?.stop())

  test.each([
    { mode: 'strict', admission: 'third-party client, client grant for events:read events:write' },
    {
      mode: 'permissive',
      admission: 'first-party client, client grant for events:read events:write',
    },
  ])('completes all steps in $mode mode', async ({ mode, admission }) => {
    await adminOf(system.tenant).change({ mode })
    const told: ConnectStep[] = []
    const connection = await connectTo(system, { onStep: (step) => told.push(step) })
    expect(connection).toEqual({ url: `${system.url}/mcp`, ok: true, steps: told })
    expect(told.map(({ step }) => step)).toEqual(STEPS)
    expect(seenAt('registration', told)).toMatch(/ http:\/\/127\.0\.0\.1:\d+\/callback$/)
    expect(seenAt('admission', told)).toMatch(
      new RegExp(`^${admission}, connection google-oauth2, after \\d+ ms$`),
    )
    expect(seenAt('token', told)).toContain(
      `iss ${system.issuer}, aud ${system.url}/mcp, scope events:read events:write, permissions events:read events:write, exp in 60 min`,
    )
    expect(seenAt('call', told)).toMatch(/^listEvents: /)
    const said = await adminOf(system.tenant).withoutClientIds(JSON.stringify(told))
    expect(said).not.toMatch(/eyJ[\w-]{8}/)
  })

  test('completes for a user with only the read permission', async () => {
    const { steps } = await connectTo(system, { person: BOB })
    expect(steps.at(-1)).toMatchObject({ step: 'call', ok: true })
  })

  test.each(['strict', 'permissive'])(
    'explains a declined consent of a %s client',
    async (mode) => {
      await adminOf(system.tenant).change({ mode })
      const { ok, steps } = await connectTo(system, { fetch: declining })
      expect(ok).toBe(false)
      const { why: cause } = explain('access_denied')
      expect(steps).toContainEqual(
        expect.objectContaining({ step: 'sign-in', id: 'access_denied', cause }),
      )
      expect(seenAt('sign-in', steps)).toContain('User did not authorize the request')
    },
  )

  test.each([
    {
      name: 'an outage of Auth0',
      change: { outage: true },
      expected: { step: 'authorization-server', id: 'issuer_unreachable' },
    },
    {
      name: 'a new tenant without registration',
      change: { empty: true },
      expected: { step: 'registration', id: 'registration_closed' },
    },
    {
      name: 'a tenant at its entity limit',
      change: { entityLimit: 0 },
      expected: { step: 'registration', id: 'application_limit_reached' },
    },
    {
      name: 'too many registrations',
      change: { registration: { rateLimit: { times: 1 } } },
      expected: { step: 'registration', id: 'rate_limited' },
    },
    {
      name: 'a paused log stream (strict)',
      change: { logStream: { paused: true } },
      expected: { step: 'admission', id: 'webhook_silent' },
    },
    {
      name: 'a paused log stream (permissive)',
      change: { mode: 'permissive', logStream: { paused: true } },
      expected: { step: 'admission', id: 'webhook_silent' },
    },
    {
      name: 'a 403 of the Management API',
      change: { management: { failAfter: { calls: 0, status: 403 } } },
      until: /"outcome":"failed"/,
      expected: { step: 'admission', id: 'webhook_failed' },
    },
    {
      name: 'Rules in a tenant with strict clients',
      change: { rules: [{ name: 'old' }] },
      until: /Rules are active/,
      expected: { step: 'admission', id: 'rules_active' },
    },
    {
      name: 'encrypted tokens',
      change: { encryptTokens: true },
      until: /nothing/,
      expected: { step: 'token', id: 'ACCESS_TOKEN_IS_ENCRYPTED_JWE' },
    },
  ])('reports the step and the fault for $name', async ({ change, expected, until }) => {
    await adminOf(system.tenant).change(change)
    const wait = until === undefined ? { admissionMs: 600 } : waitUntil(until)
    const { ok, steps } = await connectTo(system, wait)
    expect(ok).toBe(false)
    expect(steps.map(({ step }) => step)).toEqual(STEPS)
    const failed = steps.findIndex(({ id }) => id !== undefined)
    expect(steps[failed]).toMatchObject(expected)
    expect(steps.slice(0, failed).every((step) => step.ok)).toBe(true)
    expect(steps.slice(failed + 1)).toEqual(
      STEPS.slice(failed + 1).map((step) => ({ step, ok: false, seen: 'not reached', ms: 0 })),
    )
  })

  test('registers no client with --client-id', async () => {
    await connectTo(system)
    const registered = async () =>
      (await adminOf(system.tenant).state()).clients.filter((one) => one.is_first_party !== true)
    const [client] = await registered()
    const clientId = client?.client_id ?? ''
    const { ok, steps } = await connectTo(system, { clientId })
    expect(ok).toBe(true)
    expect(seenAt('registration', steps)).toContain(`skipped (--client-id): ${clientId}`)
    expect(seenAt('admission', steps)).toBe('skipped (--client-id): the sign-in may start')
    expect(await registered()).toHaveLength(1)
  })

  test('signs in a predefined ChatGPT client if the tenant sends iss', async () => {
    const redirectUri = 'https://chatgpt.com/connector_platform_oauth_redirect'
    const variables = {
      ...system.variables,
      CLIENT_REDIRECT_URIS: `${redirectUri},http://127.0.0.1:*/*`,
    }
    const written: string[] = []
    const write = (text: string) => written.push(text)
    const args = ['--apply', '--predefined', redirectUri]
    const exitCode = await runCommand(provisionCommand, {
      args,
      env: variables,
      write,
      writeError: write,
    })
    expect(exitCode, written.join('')).toBe(0)
    await managementOf(system).then(({ tenants }) =>
      tenants.settings.update({ authorization_response_iss_parameter_supported: true }),
    )
    const { clients } = await adminOf(system.tenant).state()
    const clientId = clients.find(({ name }) => name === 'ChatGPT (predefined)')?.client_id ?? ''
    const { ok, steps } = await connectTo(system, { clientId })
    expect(steps.filter((step) => !step.ok)).toEqual([])
    expect(ok).toBe(true)
    expect(seenAt('registration', steps)).toContain(`redirect URI ${redirectUri}`)
    expect(seenAt('sign-in', steps)).toContain(`iss ${system.issuer}`)
  })

  test('reports an unknown client id without waiting for an admission', async () => {
    const { steps } = await connectTo(system, { clientId: 'nobody', admissionMs: 200_000 })
    expect(steps[3]).toMatchObject({ step: 'admission', id: 'client_unknown' })
    expect(steps[3]?.ms).toBeLessThan(100_000)
  })

  test('does not print a wrong password', async () => {
    const connection = await connectTo(system, { person: { ...ALICE, password: 'wrong-one' } })
    expect(connection.steps[4]).toMatchObject({ step: 'sign-in', id: 'wrong_password' })
    expect(connection.steps[4]?.seen).toMatch(/^stuck .* 400: Sign in .* Wrong email or password /)
    expect(JSON.stringify(connection)).not.toContain('wrong-one')
  })

  test('exits with 0 and prints one JSON document with --json', async () => {
    const { code, stdout } = await command(['--json'], { PORT: new URL(system.url).port })
    expect(code).toBe(0)
    const printed = JSON.parse(stdout)
    expect(printed).toMatchObject({ url: `${system.url}/mcp`, ok: true })
    expect(printed.steps.map(({ step }: ConnectStep) => step)).toEqual(STEPS)
  })

  test('calls the tool in --tool with the arguments in --arguments', async () => {
    const args = [system.url, '--tool', 'searchEvents', '--arguments', '{"title":["Dentist"]}']
    const { code, stdout } = await command(args)
    expect(stdout).toMatch(/^ok {3}call +searchEvents: \{"result":\[\{[^}]*"Dentist"[^}]*\}\]\}/m)
    expect(code).toBe(0)
  })

  test('shows that the server rejects arguments', async () => {
    const args = [system.url, '--tool', 'addEvent', '--arguments', '{"title":"x"}']
    const { code, stdout } = await command(args)
    expect(stdout).toMatch(/^FAIL call +addEvent: Invalid arguments: /m)
    expect(code).toBe(1)
  })

  test('exits with 2 for a tool that the server does not have', async () => {
    const { code, stdout, stderr } = await command([system.url, '--tool', 'nope', '--json'])
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain('The server has no tool nope. Its tools: listEvents, addEvent,')
  })

  test('fails if the user has no permissions', async () => {
    await adminOf(system.tenant).change({ userPermissions: { [BOB.username]: [] } })
    const { code, stdout } = await command([system.url, '--user', BOB.username])
    expect(stdout).toMatch(/^FAIL call +listEvents requires events:read$/m)
    expect(stdout).toContain('insufficient_scope')
    expect(code).toBe(1)
  })

  test('prints one line per step', async () => {
    const { code, stdout } = await command([system.url, '--user', BOB.username])
    expect(code).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line) => line.slice(0, 26).trimEnd())).toEqual(
      STEPS.map((step) => `ok   ${step}`),
    )
    expect(lines[5]).toContain('scope events:read, permissions events:read,')
  })

  test('exits with 1 and prints one JSON document with --json after a failure', async () => {
    await adminOf(system.tenant).change({ outage: true })
    const { code, stdout } = await command([system.url, '--json'])
    expect(code).toBe(1)
    const { why: cause, fix } = explain('issuer_unreachable')
    const printed = JSON.parse(stdout)
    expect(printed.ok).toBe(false)
    expect(printed.steps[1]).toMatchObject({ step: 'authorization-server', cause, fix })
  })
})

describe('connect to a system with curated metadata', () => {
  let system: System
  beforeAll(async () => {
    system = await startOnFreePorts({ AUTH_SERVER_METADATA: 'curated' })
  })
  afterAll(() => system?.stop())

  test.each(['strict', 'permissive'])('completes in %s mode without a log stream', async (mode) => {
    await adminOf(system.tenant).change({ mode, logStream: { paused: true } })
    const { ok, steps } = await connectTo(system)
    expect(steps.filter((step) => !step.ok)).toEqual([])
    expect(ok).toBe(true)
    expect(seenAt('authorization-server', steps)).toBe(
      `${system.url}, S256, ${system.url}/oauth/register`,
    )
    expect(seenAt('token', steps)).toContain(`iss ${system.issuer}`)
  })
})

test('connect checks the challenge and the ChatGPT sign-in with a protected tool if another is public', async () => {
  const tools = {
    getTime: { description: 'Public', scopes: [], annotations: { readOnlyHint: true } },
    listEvents: { description: 'Protected', scopes: ['events:read'] },
  }
  const system = await startOnFreePorts({ TOOLS: JSON.stringify(tools) })
  const { steps } = await connectTo(system)
  await system.stop()
  expect(seenAt('protected-resource', steps)).toContain(
    'challenge on listEvents with resource_metadata and a challenge in the tool result for ChatGPT',
  )
  expect(seenAt('token', steps)).toContain('scope events:read')
})

test('connect calls a protected tool if another is public, to test the token', async () => {
  const annotations = { readOnlyHint: true }
  const tools = {
    listEvents: { scopes: [], annotations },
    search: { scopes: ['events:read'], annotations },
  }
  const system = await startOnFreePorts({ TOOLS: JSON.stringify(tools) })
  const { steps } = await connectTo(system)
  await system.stop()
  expect(steps.at(-1)).toMatchObject({ step: 'call', ok: true })
  expect(seenAt('call', steps)).toMatch(/^search: /)
})

test('connect reports an uncovered redirect URI as soon as log-webhook refuses it', async () => {
  const system = await startOnFreePorts({ CLIENT_REDIRECT_URIS: CHATGPT_REDIRECT_URIS.join(',') })
  const { steps } = await connectTo(system, { admissionMs: 200_000 })
  await system.stop()
  expect(steps[3]).toMatchObject({ step: 'admission', id: 'redirect_uri_not_covered' })
  expect(steps[3]?.seen).toMatch(/^log-webhook: refused; /)
  expect(steps[3]?.ms).toBeLessThan(100_000)
})

test('connect exits with 1 after a failure and prints the cause and the fix', async () => {
  const { code, stdout } = await command(['http://127.0.0.1:9'])
  expect(code).toBe(1)
  expect(stdout).toContain(`FAIL protected-resource    http://127.0.0.1:9/mcp: `)
  const text = stdout.replaceAll(/\n {2,}/g, ' ')
  expect(text).toContain(` why:   ${explain('url_unreachable').why}`)
  expect(text).toContain(` fix:   ${explain('url_unreachable').fix}`)
  expect(stdout).toContain('-    call                  not reached')
})

test.each(['--help', '-h'])('connect %s prints the usage', async (arg) => {
  const { code, stdout } = await command([arg])
  expect(code).toBe(0)
  expect(stdout).toContain('Usage: npm run connect')
})

test.each([
  ['--nope'],
  ['ftp://x'],
  ['nonsense'],
  ['http://a', 'http://b'],
  ['--callback-port', '70000'],
  ['--redirect-uri', 'https://chatgpt.com/connector_platform_oauth_redirect'],
  ['--client-id', 'c', '--redirect-uri', 'chatgpt.com'],
  ['--arguments', '{}'],
  ['--print-token', '--json'],
  ['--print-token', '--tool', 'listEvents'],
  ['--tool', 'listEvents', '--arguments', '{'],
  ['--tool', 'listEvents', '--arguments', '[]'],
])('connect exits with 2 for %s', async (...args) => {
  const { code, stdout, stderr } = await command(args)
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toContain('Usage: npm run connect')
})
