import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposableSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { greeting, startDocument } from '../../deploy/local/start.ts'
import { startSystem } from '../../deploy/local/system.ts'
import { compileCatalogue } from '../../shared/compile-catalogue.ts'
import { catalogueFolder } from '../support/catalogue-folder.ts'
import { CLI } from '../support/command-line.ts'
import { childrenOf, descendantsOf, isRunning } from '../support/processes.ts'
import { startOnFreePorts } from '../support/system.ts'

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const started: ChildProcess[] = []
// A process that ends by SIGKILL leaves its temporary file.
const temporary = mkdtempDisposableSync(join(tmpdir(), 'start-tests-'))

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})
afterAll(() => temporary.remove())

function start(env: Record<string, string>, ...options: readonly string[]) {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [CLI, 'start', ...options], {
    env: { PATH, HOME, TMPDIR: temporary.path, PORT: '0', TENANT_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(child)
  return child
}

/** Reads what `npm start` prints up to `ready`. */
async function untilReady({ stdout }: { readonly stdout: Readable }): Promise<string[]> {
  const lines: string[] = []
  for await (const line of createInterface({ input: stdout })) {
    if (line === 'ready') return lines
    lines.push(line)
  }
  throw new Error(`not ready:\n${lines.join('\n')}`)
}

describe('npm start', () => {
  test('prints the URLs and the users, then "ready", as the README shows', async () => {
    const printed = (await untilReady(start({}))).join('\n')

    expect(printed).toMatch(/http:\/\/localhost:\d+\/mcp\n/)
    expect(printed).toMatch(/http:\/\/localhost:\d+\/__tenant/)
    expect(printed).toContain('alice@example.com, password  (events:read events:write)')
    expect(printed).toContain('bob@example.com, password  (events:read)')
    const [connector] = /http:\S+\/mcp$/m.exec(printed) ?? []
    expect(printed).toContain(`npm run connect -- ${connector}\n`)

    const onAnyPort = (output: string) => output.replaceAll(/localhost:\d+/g, 'localhost').trim()
    const [, sample = ''] = /\$ npm ci && npm start\n(.*?)ready\n```/s.exec(README) ?? []
    expect(onAnyPort(sample)).toBe(onAnyPort(printed.replace(` -- ${connector}`, '')))
  })

  test('prints the warnings about the catalogue as text and in the JSON document', async () => {
    const TOOLS = '{"listThings": {"scopes": [], "inputschema": {}}}'
    const child = start({ TOOLS }, '--json')
    const errors = text(child.stderr)
    let printed = ''
    for await (const chunk of child.stdout) {
      printed += chunk
      if (printed.endsWith('\n}\n')) break
    }
    child.kill('SIGTERM')

    const ignored = [
      'tool "listThings": inputschema: unknown member, ignored. Did you mean inputSchema?',
    ]
    expect(JSON.parse(printed)).toMatchObject({
      warnings: { toolsWithoutBackend: ['listThings'], ignored },
    })
    expect(await errors).toBe(`Catalogue: ${ignored[0]}
FUNCTIONS_BASE is not set. These tools have no backend: listThings.
Set FUNCTIONS_BASE to the URL of your backends.
`)
  })

  test('prints the limits of GPT Actions that the catalogue exceeds as text', async () => {
    const tools = Array.from({ length: 31 }, (_, index) => [`t${index}`, { scopes: [] }])
    const child = start({
      TOOLS: JSON.stringify(Object.fromEntries(tools)),
      FUNCTIONS_BASE: 'http://localhost:9000',
    })
    const printed = (await untilReady(child)).join('\n')

    expect(printed).toMatch(
      /^Catalogue: 31 operations exceed the GPT Actions limit of 30: import \/openapi\.json\?tools=a,b\n\nConnector /,
    )
    expect(printed).not.toContain('gpt_actions_limits_exceeded')
  })

  test('prints a warning if PUBLIC_URL names another port of this machine', async () => {
    const child = start({ PUBLIC_URL: 'http://localhost:9' })
    const [warning = ''] = await untilReady(child)

    expect(warning).toMatch(
      /^PUBLIC_URL is http:\/\/localhost:9, but npm start listens on port (\d+), .* Set PUBLIC_URL to http:\/\/localhost:\1, or PORT to 9\.$/,
    )
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('ends all processes on %s', async (signal) => {
    const child = start({})
    await untilReady(child)
    const children = childrenOf(child.pid)
    child.kill(signal)

    expect(await once(child, 'exit')).toEqual([0, null])
    expect(children).toHaveLength(3)
    expect(children.filter(isRunning)).toEqual([])
  })

  test('ends processes that are still starting', async () => {
    const child = start({})
    let children: number[] = []
    const spawned = () => {
      children = childrenOf(child.pid)
      return children
    }
    await expect.poll(spawned, { interval: 10 }).toHaveLength(3)
    child.kill('SIGINT')
    await once(child, 'exit')

    // They were killed, which takes effect when the system has time.
    await expect.poll(() => children.filter(isRunning)).toEqual([])
  })

  test('leaves no process behind after SIGKILL', async () => {
    const child = start({})
    await untilReady(child)
    const children = childrenOf(child.pid)
    child.kill('SIGKILL')

    await expect.poll(() => children.filter(isRunning)).toEqual([])
  })

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'leaves no process behind if npm gets %s',
    async (signal) => {
      const { PATH = '', HOME = '' } = process.env
      const npm = spawn('npm', ['start'], {
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
        env: { PATH, HOME, TMPDIR: temporary.path, PORT: '0', TENANT_PORT: '0' },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      started.push(npm)
      await untilReady(npm)
      const below = descendantsOf(npm.pid)
      npm.kill(signal)

      expect(below.length).toBeGreaterThanOrEqual(4)
      await expect.poll(() => below.filter(isRunning)).toEqual([])
    },
  )

  test.each(['PORT', 'TENANT_PORT'])(
    'prints %s and the port if the port is in use',
    async (variable) => {
      const other = createServer().listen(0, '127.0.0.1')
      await once(other, 'listening')
      const address = other.address()
      const port = typeof address === 'object' ? String(address?.port) : ''
      const child = start({ [variable]: port })
      const [stdout, stderr, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'exit'),
      ])
      other.close()

      expect(code).toBe(1)
      expect(stdout).toBe('')
      expect(stderr).toBe(
        `Port ${port} is in use: stop the process that uses it, or set ${variable} to another port.\n`,
      )
    },
  )

  test('fails with a port that fetch blocks', async () => {
    const child = start({ PORT: '10080' })
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])

    expect(code).toBe(1)
    expect(stderr).toBe('GET /health at port 10080: bad port.\n')
  })

  test('prints all configuration errors without a stack trace', async () => {
    const child = start({
      TENANT_PORT: '99999',
      OAUTH_ISSUER: 'x',
      LOG_LEVEL: 'loud',
      TOOLS: '{"": {}}',
      LOG_WEBHOOK_SECRET: 'short',
      CLIENT_REDIRECT_URIS: '/cb',
    })
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])

    expect(code).toBe(1)
    expect(stderr).toBe(`Configuration refused:
  TENANT_PORT must be a port from 0 to 65535
  OAUTH_ISSUER must be an https URL without credentials or fragment (http only on loopback)
  LOG_LEVEL must be debug, info, warning or error
  TOOLS: tool "": name must be 1 to 128 of A-Z a-z 0-9 _ - .
  CLIENT_REDIRECT_URIS: pattern 1 is not a URLPattern
  LOG_WEBHOOK_SECRET must have at least 32 characters
`)
  })
})

describe('with a tenant of Auth0', () => {
  const issuer = 'http://localhost:8081/'
  const users = [{ email: 'alice@example.com', password: 'password', userId: 'a', permissions: [] }]
  const local = { OAUTH_ISSUER: issuer, MGMT_DOMAIN: 'localhost:8081', PUBLIC_URL: 'http://a' }
  const greeted = (variables: Readonly<Record<string, string>>) => {
    const system = { url: 'http://a', issuer, users, variables: { ...local, ...variables } }
    const warnings = { toolsWithoutBackend: [], ignored: [], gptActionsLimits: [] }
    const known = { ...system, warnings }
    return { text: greeting(known), document: startDocument(known) }
  }

  test.each([
    { OAUTH_ISSUER: 'https://tenant.eu.auth0.com/', MGMT_DOMAIN: 'tenant.eu.auth0.com' },
    { OAUTH_ISSUER: 'https://tenant.eu.auth0.com/' },
  ])('npm start prints its issuer and not the users of the emulator: %j', (variables) => {
    const { text: printed, document } = greeted(variables)
    expect(printed).toContain('\nIssuer          https://tenant.eu.auth0.com/\n')
    expect(printed).not.toMatch(/emulator|8081|alice/)
    expect(document).toMatchObject({ issuer: variables.OAUTH_ISSUER, users: [] })
  })

  test('npm start does not print the users if only MGMT_DOMAIN names it', () => {
    expect(greeted({ MGMT_DOMAIN: 'tenant.eu.auth0.com' }).text).not.toContain('alice')
  })

  test('npm start prints no permissions of a user without permissions', () => {
    expect(greeted({}).text).toContain('\nSign-in         alice@example.com, password\n')
  })
})

describe('the catalogue of npm start', () => {
  const CATALOGUE = {
    tools: { listThings: { scopes: [] } },
    resources: [{ uri: 'docs://terms', file: 'terms.md', scopes: [] }],
  }

  test('is read once, with the files beside it', async () => {
    using folder = catalogueFolder(CATALOGUE, { 'terms.md': '# Terms' })
    // A second read of a pipe would wait for a second writer.
    const pipe = join(folder.folder, 'tools.yaml')
    execFileSync('mkfifo', [pipe])
    started.push(spawn('cp', [folder.file, pipe]))
    const printed = (await untilReady(start({ TOOLS_FILE: pipe }))).join('\n')
    const [connector = ''] = /http:\S+\/mcp$/m.exec(printed) ?? []
    const send = async (method: string, params = {}) => {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
      return (await fetch(connector, { method: 'POST', headers, body })).json()
    }
    const tools = await send('tools/list')
    const resource = await send('resources/read', { uri: 'docs://terms' })

    expect(tools).toMatchObject({ result: { tools: [{ name: 'listThings' }] } })
    expect(resource).toMatchObject({ result: { contents: [{ text: '# Terms' }] } })
  })

  test('does not stay in the temporary directory', async () => {
    using folder = catalogueFolder({})
    const filesOfStart = () => readdirSync(folder.folder).filter((name) => /^start-/.test(name))
    const child = start({ TMPDIR: folder.folder })
    await untilReady(child)
    expect(filesOfStart()).toHaveLength(1)
    child.kill('SIGINT')
    await once(child, 'exit')
    expect(filesOfStart()).toEqual([])

    const interrupted = start({ TMPDIR: folder.folder })
    await expect.poll(filesOfStart, { interval: 10 }).toHaveLength(1)
    interrupted.kill('SIGINT')
    await once(interrupted, 'exit')
    expect(filesOfStart()).toEqual([])
  })

  test('of names and scopes only is refused', async () => {
    const TOOLS = compileCatalogue({ TOOLS: '{"a": {"scopes": []}}' }, 'access')
    await expect(startOnFreePorts({ TOOLS })).rejects.toThrow(
      'the gateway needs the whole catalogue',
    )
  })

  test('has all its faults in the message, with the variable and the line', async () => {
    const ofSchema = "a: {scopes: [], inputSchema: {type: 'text'}}"
    await expect(startOnFreePorts({ TOOLS: `${ofSchema}\nb: {scopes: ['a b']}` })).rejects.toThrow(
      /TOOLS: tool "a": inputSchema.*\n.*TOOLS: tool "b": scopes/,
    )
    await expect(startOnFreePorts({ TOOLS: 'a: {scopes: []}\nb: [' })).rejects.toThrow(
      /TOOLS is not YAML or JSON \(line 2, column \d+: .+\)/,
    )
  })
})

test('several systems run in one process and stop', async () => {
  const env = { PORT: '0', TENANT_PORT: '0' }
  const [one, two] = await Promise.all([startSystem(env), startSystem(env)])
  const answers = await Promise.all([one, two].map(({ url }) => fetch(`${url}/health`)))
  const prm = await fetch(`${one.url}/.well-known/oauth-protected-resource`)

  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  expect(await prm.json()).toMatchObject({
    resource: `${one.url}/mcp`,
    authorization_servers: [one.issuer],
  })
  await Promise.all([one.stop(), two.stop()])
  await expect(fetch(`${one.url}/health`)).rejects.toThrow()
})
