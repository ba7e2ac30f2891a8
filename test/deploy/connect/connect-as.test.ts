import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { connectCommand } from '../../../deploy/commands/connect.ts'
import { serverId } from '../../../deploy/connect/client/imitate.ts'
import {
  CLIENT_NAMES,
  type ClientName,
  IMITATIONS,
} from '../../../deploy/connect/client/imitations.ts'
import { connect } from '../../../deploy/connect/connect.ts'
import type { ConnectOptions } from '../../../deploy/connect/connect-options.ts'
import { CONNECT_OPTIONS, toOptions } from '../../../deploy/connect/options.ts'
import { type ConnectStep, STEPS } from '../../../deploy/connect/step.ts'
import { helpOf } from '../../../deploy/kit/command-line.ts'
import { PLAIN } from '../../../deploy/kit/style.ts'
import type { System } from '../../../deploy/local/system.ts'
import { createManagement, credentialsIn } from '../../../shared/auth0/management.ts'
import type { Environment } from '../../../shared/config.ts'
import { adminOf } from '../../support/auth0/tenant-admin.ts'
import { CLI, parsed } from '../../support/command-line.ts'
import { ALICE } from '../../support/people.ts'
import { startOnFreePorts } from '../../support/system.ts'

/** One recorded request of a client. */
interface Seen {
  readonly method: string
  readonly url: URL
  readonly userAgent: string | null
  readonly body: string
}

let system: System
beforeAll(async () => {
  system = await startOnFreePorts()
})
afterEach(() => adminOf(system.tenant).change({ reset: true }))
afterAll(() => system?.stop())

async function connectAs(name: ClientName, options: Partial<ConnectOptions> = {}) {
  const requests: Seen[] = []
  const watched: typeof fetch = (input, init) => {
    const { method = 'GET', body } = init ?? {}
    const userAgent = new Headers(init?.headers).get('user-agent')
    requests.push({ method, url: new URL(String(input)), userAgent, body: String(body ?? '') })
    return fetch(input, init)
  }
  const { ok, steps } = await connect({
    url: `${system.url}/mcp`,
    person: ALICE,
    imitation: IMITATIONS[name],
    callbackPort: 0,
    onStep: () => undefined,
    openBrowser: () => expect.unreachable('no browser is needed at the local tenant'),
    fetch: watched,
    ...options,
  })
  const to = (path: string) => requests.filter(({ url }) => url.pathname === path)
  return {
    ok,
    steps,
    to,
    requests,
    registered: JSON.parse(to('/oidc/register')[0]?.body || 'null'),
    authorized: to('/authorize')[0]?.url.searchParams,
  }
}

/** The local tenant requires no callback port, so the port of VS Code may be in use. */
const VSCODE_URI = 'http://127.0.0.1:33418/'
const atItsPort = (name: ClientName) => (name === 'vscode' ? { redirectUri: VSCODE_URI } : {})

const atPort = (name: ClientName) => (name === 'vscode' ? ['--redirect-uri', VSCODE_URI] : [])

const failed = (steps: readonly ConnectStep[]) => steps.filter(({ ok }) => !ok)

test.each([
  {
    name: 'codex',
    uris: [/^http:\/\/127\.0\.0\.1:\d+\/callback\/ID$/],
    registration: { client_name: 'Codex', scope: 'events:read events:write' },
    agents: { discovery: null, token: null },
  },
  {
    name: 'claude-code',
    uris: [/^http:\/\/localhost:\d+\/callback$/],
    registration: { client_name: 'Claude Code (connect)' },
    agents: { discovery: 'claude-code/2.1.295 (cli)', token: 'claude-code/2.1.295 (cli)' },
  },
  {
    name: 'chatgpt',
    uris: [/^https:\/\/chatgpt\.com\/connector\/oauth\/ID$/],
    registration: { client_name: 'ChatGPT', application_type: 'web' },
    agents: {
      discovery: 'Python/3.14 aiohttp/3.13.5',
      token: 'openai-connectors-oauth/1.0',
    },
  },
  {
    name: 'vscode',
    uris: [
      /^https:\/\/insiders\.vscode\.dev\/redirect$/,
      /^https:\/\/vscode\.dev\/redirect$/,
      /^http:\/\/127\.0\.0\.1\/$/,
      /^http:\/\/127\.0\.0\.1:33418\/$/,
    ],
    registration: {
      client_name: 'Visual Studio Code',
      client_uri: 'https://code.visualstudio.com',
      application_type: 'native',
      scope: 'events:read events:write',
    },
    agents: { discovery: 'Visual Studio Code/1.128.0', token: 'Visual Studio Code/1.128.0' },
  },
] as const)(
  'connect --as $name registers and sends requests as the client does',
  async ({ name, uris, registration, agents }) => {
    const connection = await connectAs(name, atItsPort(name))
    const { ok, steps, to, registered, requests } = connection
    expect(failed(steps)).toEqual([])
    expect(ok).toBe(true)
    const id = serverId(`${system.url}/mcp`)
    expect(registered).toMatchObject({ ...registration, token_endpoint_auth_method: 'none' })
    const given = (registered.redirect_uris as string[]).map((uri) => uri.replace(id, 'ID'))
    expect(given).toEqual(uris.map((uri) => expect.stringMatching(uri)))
    expect(to('/oidc/register')[0]?.userAgent).toBe(agents.discovery)
    expect(to('/oauth/token')[0]?.userAgent).toBe(agents.token)
    expect(to('/mcp').at(-1)?.userAgent).toBe(IMITATIONS[name].userAgent.mcp)
    expect(to('/authorize')[0]?.userAgent).toBeNull()
    expect(requests[0]?.method).toBe(name === 'codex' ? 'GET' : 'POST')
    const resources = [to('/authorize')[0]?.url.searchParams, to('/oauth/token')[0]?.body]
    for (const sent of resources) {
      expect(new URLSearchParams(String(sent)).get('resource')).toBe(`${system.url}/mcp`)
    }
  },
)

test('connect --as codex starts with initialize, --as claude-code with the newest MCP revision', async () => {
  const codex = await connectAs('codex')
  expect(codex.steps.at(-2)?.seen).toMatch(/^MCP 2025-11-25, /)
  const claude = await connectAs('claude-code')
  expect(claude.steps.at(-2)?.seen).toMatch(/^MCP 2026-07-28, /)
})

test('connect --as vscode uses an unregistered port if its own is in use', async () => {
  const completed = createServer(() => undefined).listen(33_418, '127.0.0.1')
  await new Promise((resolve) => completed.once('listening', resolve).once('error', resolve))
  const options = { callbackPort: undefined, admissionMs: 600 }
  const { authorized, registered, steps } = await connectAs('vscode', options)
  completed.close()
  expect(registered.redirect_uris).toContain(VSCODE_URI)
  expect(authorized?.get('redirect_uri')).toMatch(/^http:\/\/127\.0\.0\.1:(?!33418)\d+\/$/)
  expect(steps[3]).toMatchObject({ step: 'admission', id: 'redirect_uri_refused' })
})

test('connect --as vscode accepts the redirect URI of VS Code in the browser', async () => {
  const redirectUri = 'https://vscode.dev/redirect'
  const { ok, steps, registered, authorized } = await connectAs('vscode', { redirectUri })
  expect(failed(steps)).toEqual([])
  expect(ok).toBe(true)
  expect(registered.redirect_uris).toHaveLength(4)
  expect(authorized?.get('redirect_uri')).toBe(redirectUri)
})

describe('connect to a tenant that sends iss', () => {
  test('uses the stable redirect URI with --as chatgpt', async () => {
    await sendIss()
    const { ok, steps, authorized } = await connectAs('chatgpt')
    expect(failed(steps)).toEqual([])
    expect(ok).toBe(true)
    expect(authorized?.get('redirect_uri')).toBe(
      'https://chatgpt.com/connector_platform_oauth_redirect',
    )
    expect(steps[4]?.seen).toContain(`iss ${system.issuer}`)
  })
})

test('connect --as chatgpt requests the identity scopes that the tenant advertises', async () => {
  const { authorized } = await connectAs('chatgpt')
  const scopes = authorized?.get('scope')?.split(' ')
  expect(scopes).toEqual(expect.arrayContaining(['openid', 'email', 'profile', 'events:read']))
  const codex = await connectAs('codex')
  expect(codex.authorized?.get('scope')).not.toContain('openid')
})

test.each([
  ['chatgpt', 'https://chatgpt.com/oauth/ID/client.json'],
  ['claude-code', 'https://claude.ai/oauth/claude-code-client-metadata'],
  ['vscode', 'https://vscode.dev/oauth/client-metadata.json'],
] as const)(
  'connect --as %s uses its metadata document if the tenant supports such documents',
  async (name, document) => {
    await changeSettings({ client_id_metadata_document_supported: true })
    const { steps, to } = await connectAs(name)
    const id = document.replace('ID', serverId(`${system.url}/mcp`))
    expect(to('/oidc/register')).toEqual([])
    expect(steps[2]?.seen).toContain(`metadata document ${id}`)
    expect(steps[3]).toMatchObject({ step: 'admission', id: 'cimd_client_missing' })
  },
)

const parseOptions = (args: readonly string[], env: Environment) =>
  toOptions(parsed(connectCommand, CONNECT_OPTIONS, args), env)

describe('the command line of npm run connect', () => {
  test.each(CLIENT_NAMES)('completes all steps with --as %s', async (name) => {
    const { code, stdout } = await command([system.url, '--json', '--as', name, ...atPort(name)])
    expect(JSON.parse(stdout).steps.map(({ step }: ConnectStep) => step)).toEqual(STEPS)
    expect(code).toBe(0)
    expect(stdout).not.toMatch(/eyJ[\w-]{8}/)
  })

  test.each([['Codex'], ['cursor'], ['']])('exits with 2 for --as %j', async (name) => {
    const { code, stderr, stdout } = await command([system.url, '--as', name])
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(
      /^--as must be codex, claude-code, chatgpt, or vscode, not '\w*'\..*\nUsage: /,
    )
  })

  test('lists the values of --as in the help', () => {
    const help = helpOf(connectCommand, PLAIN)
    for (const name of CLIENT_NAMES) expect(help).toContain(name)
  })

  test('reads CLIENT_SECRET only with --client-id', () => {
    const env = { CLIENT_SECRET: 's' }
    expect(parseOptions(['--client-id', 'c'], env)?.clientSecret).toBe('s')
    expect(parseOptions([], env)?.clientSecret).toBeUndefined()
  })
})

test('connect asks for the final address if the redirect URI is not on this machine', async () => {
  const tenant = await startWithoutState()
  const opened: string[] = []
  const { steps } = await connectAs('chatgpt', {
    fetch: (input, init) => fetch(tenant.hide(String(input)), init),
    openBrowser: (url) => opened.push(url),
    askForAddress: async () => '',
    admissionMs: 120_000,
  })
  await tenant.close()
  expect(opened).toHaveLength(1)
  expect(steps[4]).toMatchObject({ step: 'sign-in', id: 'sign_in_refused' })
  expect(steps[4]?.seen).toMatch(/^the address does not start with https:\/\/chatgpt\.com\//)
})

/** Hides the state endpoint of the Auth0 emulator, so that connect treats it as Auth0. */
async function startWithoutState() {
  const server = createServer((_, res) => res.writeHead(404).end()).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return {
    hide: (url: string) =>
      new URL(url).pathname === '/__tenant' ? `http://127.0.0.1:${port}/` : url,
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

const sendIss = () => changeSettings({ authorization_response_iss_parameter_supported: true })

async function changeSettings(settings: object): Promise<void> {
  const { MGMT_DOMAIN = '', MGMT_CLIENT_ID = '', MGMT_CLIENT_SECRET = '' } = system.variables
  const credentials = credentialsIn({ MGMT_DOMAIN, MGMT_CLIENT_ID, MGMT_CLIENT_SECRET })
  const calls = { attemptTimeoutMs: 60_000, callTimeoutMs: 120_000, maxAttempts: 3 }
  const { tenants } = await createManagement(credentials, calls)()
  await tenants.settings.update(settings)
}

function command(args: readonly string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [CLI, 'connect', ...args], (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr })
    })
  })
}
