import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import { emulatorCommand } from '../../../deploy/commands/emulator.ts'
import type { EmulatorDescription } from '../../../deploy/emulator/description.ts'
import { EMULATOR_OPTIONS, toEmulatorSettings } from '../../../deploy/emulator/options.ts'
import { UsageError } from '../../../deploy/kit/errors.ts'
import { CLI, parsed } from '../../support/command-line.ts'

const started: ChildProcess[] = []

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [CLI, 'emulator', ...args], {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(child)
  return child
}

/** Waits for the JSON that the command prints when it serves, and returns it. */
async function described(
  child: ReturnType<typeof start>,
): Promise<EmulatorDescription & { readonly printed: string }> {
  let printed = ''
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    printed += String(chunk)
    if (printed.endsWith('\n}\n')) return { ...JSON.parse(printed), printed }
  }
  throw new Error(`it did not start: ${await text(child.stderr)}`)
}

function settings(args: readonly string[], env = {}) {
  return toEmulatorSettings(parsed(emulatorCommand, EMULATOR_OPTIONS, args), env)
}

test('npm run emulator serves discovery, Management API tokens and calls, and ends after SIGINT', async () => {
  const child = start(['--port', '0', '--public-url', 'https://mcp.example.com', '--json'])
  const { issuer, managementApi, control, apis } = await described(child)
  expect(apis).toEqual([
    { identifier: 'https://mcp.example.com/mcp', scopes: ['events:read', 'events:write'] },
  ])

  const discovery = await fetch(`${issuer}.well-known/openid-configuration`)
  expect(await discovery.json()).toMatchObject({
    issuer,
    token_endpoint: managementApi.tokenEndpoint,
  })

  const { clientId, clientSecret = '', audience, tokenEndpoint, url } = managementApi
  const form = { grant_type: 'client_credentials', client_id: clientId, audience }
  const body = new URLSearchParams({ ...form, client_secret: clientSecret })
  const answer = await fetch(tokenEndpoint, { method: 'POST', body })
  const { access_token } = (await answer.json()) as { readonly access_token: string }
  const created = await fetch(`${url}clients`, {
    method: 'POST',
    headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Made by a test', app_type: 'regular_web' }),
  })
  expect(created.status).toBe(201)
  const { client_id } = (await created.json()) as { readonly client_id: string }
  const state = await (await fetch(control)).json()
  expect(state).toMatchObject({ clients: [{ client_id, name: 'Made by a test' }] })

  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('npm run emulator prints URLs and examples without the secret from the environment', async () => {
  const child = start(['--port', '0'], { MGMT_CLIENT_SECRET: 'a-secret-of-this-machine' })
  const printed = text(child.stdout)
  child.stdout.once('data', () => child.kill('SIGTERM'))
  const [code] = await once(child, 'exit')
  expect(code).toBe(0)
  expect(await printed).toMatch(/^Issuer +http:\/\/localhost:\d+\/\n/)
  expect(await printed).toMatch(/^ {2}token +curl http:\/\/localhost:\d+\/oauth\/token -d /m)
  expect(await printed).toMatch(/^Control +http:\/\/localhost:\d+\/__tenant /m)
  expect(await printed).toMatch(/\nPress Ctrl-C to stop\n\nready\n$/)
  expect(await printed).toContain('client_secret=$MGMT_CLIENT_SECRET')
  expect(await printed).not.toContain('a-secret-of-this-machine')
})

test('npm run emulator -- --empty lists users without permissions, because no API exists', async () => {
  const { users } = await described(start(['--port', '0', '--empty', '--json']))
  expect(users.map(({ email, permissions }) => [email, permissions])).toEqual([
    ['alice@example.com', []],
    ['bob@example.com', []],
  ])
})

test('npm run emulator exits with 1 and prints the port if it is in use', async () => {
  const first = start(['--port', '0', '--json'])
  const { issuer } = await described(first)
  const { port } = new URL(issuer)
  const second = start([], { TENANT_PORT: port })
  const [stderr, [code]] = await Promise.all([text(second.stderr), once(second, 'exit')])
  expect([code, stderr]).toEqual([
    1,
    `Port ${port} is in use: end what uses it, or choose another with --port.\n`,
  ])
})

describe('the options of npm run emulator', () => {
  test('define several APIs with the same scopes', () => {
    const { setup, apis } = settings([
      ...['--public-url', 'https://a.example/', '--api', 'https://b.example', '--scope', 'x:read'],
    ])
    const scopes = [{ value: 'x:read', description: 'x:read' }]
    expect(apis).toEqual([
      { identifier: 'https://a.example/mcp', scopes },
      { identifier: 'https://b.example', scopes },
    ])
    expect(setup).toMatchObject({ audience: 'https://a.example/mcp', apis: apis.slice(1) })
  })

  test('default to the API and the port of npm start', () => {
    const { port, apis, setup } = settings([])
    expect([port, apis.map(({ identifier }) => identifier)]).toEqual([
      8081,
      ['http://localhost:8080/mcp'],
    ])
    expect(setup.users.map(({ email, permissions }) => [email, permissions])).toEqual([
      ['alice@example.com', ['events:read', 'events:write']],
      ['bob@example.com', ['events:read']],
    ])
  })

  test('set the Management API client from the environment', () => {
    const env = { MGMT_CLIENT_ID: 'mine', MGMT_CLIENT_SECRET: 's', GOOGLE_CONNECTION_NAME: 'a,b' }
    expect(settings([], env).setup).toMatchObject({
      management: { clientId: 'mine', clientSecret: 's' },
      connections: ['a', 'b'],
    })
  })

  test('generate a new client secret at each start', () => {
    const [one, other] = [settings([]), settings([])].map(({ setup }) => setup.management)
    expect(one?.clientSecret).not.toBe(other?.clientSecret)
  })

  test.each([
    [['--port', '65536'], {}, '--port must be 0 to 65535.'],
    [[], { TENANT_PORT: 'x' }, 'TENANT_PORT must be 0 to 65535.'],
    [['--public-url', 'mcp.example.com'], {}, '--public-url must be an http or https URL.'],
    [
      ['--empty', '--api', 'x'],
      {},
      '--empty cannot be combined with --public-url, --api or --mode.',
    ],
  ])('reject %j with %j as a usage error: %s', (args, env, message) => {
    expect(() => settings(args, env)).toThrow(new UsageError(message))
  })
})
