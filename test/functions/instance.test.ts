import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import {
  MGMT_CLIENT_ID,
  MGMT_CLIENT_SECRET,
  startManagementApi,
} from '../support/auth0/management-api.ts'
import { gatewayStack } from '../support/gateway/stack.ts'
import { freePort } from '../support/http/free-port.ts'
import { JWKS_PATH } from '../support/http/issuer.ts'
import { startNumbering } from '../support/http/raw-server.ts'
import { type Answer, HMAC_SECRET, send, TOOLS } from '../support/http/serve.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FRAMEWORK = 'node_modules/@google-cloud/functions-framework/build/src/main.js'
const SIGNALS = ['SIGTERM', 'SIGINT'] as const

interface Instance {
  readonly child: ChildProcess
  readonly url: string
  readonly output: () => string
  /** Resolves with exit code and signal. */
  readonly ended: Promise<readonly [number | null, NodeJS.Signals | null]>
}

const { issuer, backend } = await gatewayStack()
const running: ChildProcess[] = []

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

/**
 * Starts the function as Cloud Run does, with the command of functions-framework in a separate process.
 * `preloaded` is JavaScript that runs before it.
 */
async function spawnFunction(
  target: string,
  env: Readonly<Record<string, string>>,
  preloaded = '',
): Promise<Instance> {
  const port = await freePort()
  const source = `functions/${target}/index.ts`
  const child = spawn(
    process.execPath,
    [
      `--import=data:text/javascript,${encodeURIComponent(preloaded)}`,
      FRAMEWORK,
      `--source=${source}`,
      `--target=${target}`,
      `--port=${port}`,
    ],
    {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  running.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  }
  const ended = once(child, 'close').then(
    ([code, signal]) => [code as number | null, signal as NodeJS.Signals | null] as const,
  )
  return { child, url: `http://127.0.0.1:${port}`, output: () => output, ended }
}

function gatewayEnv(): Readonly<Record<string, string>> {
  return {
    PUBLIC_URL: 'https://mcp.test',
    OAUTH_ISSUER: issuer.url,
    FUNCTIONS_BASE: backend.url,
    GATEWAY_HMAC_SECRET: HMAC_SECRET,
    TOOLS: JSON.stringify(TOOLS),
  }
}

async function spawnGateway(preloaded?: string): Promise<Instance> {
  const instance = await spawnFunction('gateway', gatewayEnv(), preloaded)
  await until(() => isAnswering(instance))
  return instance
}

function isAnswering({ url }: Instance): Promise<boolean> {
  return send(url, { path: '/openapi.json' }).then(
    () => true,
    () => false,
  )
}

function callAbout({ url }: Instance): Promise<Answer> {
  const headers = { 'content-type': 'application/json' }
  return send(url, { method: 'POST', path: '/tools/about', headers, body: {} })
}

/** Connects and sends a call. `answer` is everything that the instance sends. */
async function connectedCall({ url }: Instance): Promise<{ readonly answer: Promise<string> }> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const answer = text(socket)
  await once(socket, 'connect')
  const fields = ['Host: mcp.test', 'Content-Type: application/json', 'Connection: close']
  socket.write(
    ['POST /tools/about HTTP/1.1', ...fields, 'Content-Length: 2', '', '{}'].join('\r\n'),
  )
  return { answer }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}

/** The error code of the attempt to connect, or `connected`. */
function tryToConnect({ url }: Instance): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    socket.once('connect', () => {
      socket.destroy()
      resolve('connected')
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

test('a new gateway fetches the keys of the issuer before the first token arrives', async () => {
  issuer.requests.length = 0
  await spawnGateway()
  await until(() => issuer.countOf(JWKS_PATH) > 0)
  expect(issuer.countOf(JWKS_PATH)).toBe(1)
})

test('a new gateway connects to the backend before the first call', async () => {
  const { port, open } = await startNumbering()
  await spawnFunction('gateway', { ...gatewayEnv(), FUNCTIONS_BASE: `http://127.0.0.1:${port}` })
  await until(() => open.size === 1)
})

test('a new gateway does not connect to FUNCTIONS_BASE if no tool is called there', async () => {
  const { port } = await startNumbering()
  const about = { ...TOOLS.about, request: { url: `${backend.url}/about` } }
  const instance = await spawnFunction('gateway', {
    ...gatewayEnv(),
    FUNCTIONS_BASE: `http://127.0.0.1:${port}`,
    TOOLS: JSON.stringify({ about }),
  })
  await until(() => isAnswering(instance))
  expect((await callAbout(instance)).status).toBe(200)
  expect(await fetch(`http://127.0.0.1:${port}`).then((answer) => answer.text())).toBe('1')
})

test('a gateway starts and answers while the keys of the issuer are unavailable', async () => {
  const env = { ...gatewayEnv(), JWKS_URI: 'http://127.0.0.1:1/jwks.json' }
  const instance = await spawnFunction('gateway', env)
  await until(() => isAnswering(instance))
  expect((await callAbout(instance)).status).toBe(200)
  expect(instance.output()).not.toContain('error')
})

test.each(SIGNALS)(
  'after %s requests in flight are answered and new connections are refused',
  async (signal) => {
    const refused = Promise.withResolvers<void>()
    backend.script('about', { after: refused.promise, body: { about: 'us' } })
    const instance = await spawnGateway()
    const calls = Array.from({ length: 20 }, () => callAbout(instance))
    await until(() => backend.calls.length === 20)

    instance.child.kill(signal)
    await until(async () => (await tryToConnect(instance)) === 'ECONNREFUSED')
    expect(instance.child.exitCode).toBeNull()
    refused.resolve()

    const answers = await Promise.all(calls)
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    for (const answer of answers) {
      expect(answer.json()).toEqual({ about: 'us' })
      expect(answer.headers.connection).toBe('close')
    }
    expect(await instance.ended).toEqual([0, null])
  },
)

/** Stops the process after its handlers of SIGTERM and before their first timer. */
const STOPS_ITSELF = `
  import { writeSync } from 'node:fs'
  process.on('SIGTERM', () => queueMicrotask(() => {
    writeSync(2, 'stopped')
    process.kill(process.pid, 'SIGSTOP')
  }))`

/** Longer than the instance waits after SIGTERM before it closes its server. */
const STOPPED_MS = 50

test('an instance that is stopped briefly answers the connections that the kernel accepted', async () => {
  const instance = await spawnGateway(STOPS_ITSELF)
  instance.child.kill('SIGTERM')
  await until(() => instance.output().includes('stopped'))
  const stoppedAt = performance.now()
  const calls = await Promise.all(Array.from({ length: 12 }, () => connectedCall(instance)))
  await until(() => performance.now() - stoppedAt > STOPPED_MS)
  instance.child.kill('SIGCONT')
  const answers = await Promise.all(calls.map(({ answer }) => answer))
  expect(answers).toEqual(Array(12).fill(expect.stringMatching(/^HTTP\/1\.1 200 /)))
  expect(await instance.ended).toEqual([0, null])
})

// An instance that waits for its clients exits with 1 after 9 s.
test('an idle instance exits immediately', async () => {
  const instance = await spawnGateway()
  instance.child.kill('SIGTERM')
  expect(await instance.ended).toEqual([0, null])
})

/** Keeps idle connections open without a time limit. */
const KEEPS_CONNECTIONS = `
  import { Server } from 'node:http'
  const { listen } = Server.prototype
  Server.prototype.listen = function (...args) {
    this.keepAliveTimeout = 0
    return listen.apply(this, args)
  }`

test('an idle keep-alive connection does not delay the exit', async () => {
  const instance = await spawnGateway(KEEPS_CONNECTIONS)
  const { hostname, port } = new URL(instance.url)
  const socket = connect(Number(port), hostname)
  socket.write(`GET /openapi.json HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`)
  const [head] = (await once(socket, 'data')) as [Buffer]
  expect(String(head)).toMatch(/^HTTP\/1\.1 200 /)
  expect(String(head).toLowerCase()).toContain('connection: keep-alive')
  socket.resume()
  instance.child.kill('SIGTERM')
  expect(await instance.ended).toEqual([0, null])
})

test('log-webhook completes the current client and reports the others as deferred', async () => {
  await using api = await startManagementApi()
  const connection = { id: 'con_1', name: 'google-oauth2', is_domain_connection: true }
  api.connections.add(connection)
  const ids = Array.from({ length: 100 }, (_, index) => `tpc_${index}`)
  const callbacks = ['https://chatgpt.com/connector_platform_oauth_redirect']
  for (const client_id of ids) api.clients.set(client_id, { client_id, callbacks })
  api.stageDelay(100)
  const instance = await spawnFunction('log-webhook', {
    OAUTH_AUDIENCE: 'https://mcp.test/mcp',
    TOOLS: JSON.stringify(TOOLS),
    MGMT_DOMAIN: api.domain,
    MGMT_CLIENT_ID,
    MGMT_CLIENT_SECRET,
    LOG_WEBHOOK_SECRET: HMAC_SECRET,
    GOOGLE_CONNECTION_NAME: connection.name,
  })
  await until(async () => (await tryToConnect(instance)) === 'connected')
  const answer = send(instance.url, {
    method: 'POST',
    path: '/auth0-log-webhook',
    headers: { authorization: HMAC_SECRET },
    body: ids.map((client_id) => ({
      type: 'sapi',
      description: 'Dynamic client registration',
      client_id,
    })),
  })
  await until(() => api.grants.length > 0)
  instance.child.kill('SIGTERM')

  const { status, json } = await answer
  expect(status).toBe(503)
  const { records } = json<{ records: { outcome: string; reason?: string }[] }>()
  const admitted = records.filter(({ outcome }) => outcome === 'admitted')
  expect(admitted).toHaveLength(api.grants.length)
  expect(records.slice(admitted.length)).toEqual(
    ids.slice(admitted.length).map((client_id) => ({
      client_id,
      outcome: 'deferred',
      reason: 'ending',
      retry: true,
    })),
  )
  expect(await instance.ended).toEqual([0, null])
})

const SHORT_SECRET = 'short-secret-value'
const refused = [
  {
    target: 'gateway',
    env: {
      PUBLIC_URL: 'http://insecure.example',
      OAUTH_ISSUER: 'https://YOUR_TENANT.us.auth0.com/',
      FUNCTIONS_BASE: 'https://tools.example',
      GATEWAY_HMAC_SECRET: SHORT_SECRET,
      TOOLS: '{"bad name!":{"scopes":[]}}',
    },
    names: ['PUBLIC_URL', 'OAUTH_ISSUER', 'GATEWAY_HMAC_SECRET', 'TOOLS'],
    values: ['insecure.example', 'YOUR_TENANT', SHORT_SECRET],
  },
  {
    target: 'metadata',
    env: { PUBLIC_URL: 'https://mcp.test/path', OAUTH_ISSUER: 'nonsense-issuer' },
    names: ['PUBLIC_URL', 'OAUTH_ISSUER', 'TOOLS'],
    values: ['mcp.test', 'nonsense-issuer'],
  },
  {
    target: 'log-webhook',
    env: {
      LOG_WEBHOOK_SECRET: SHORT_SECRET,
      MGMT_DOMAIN: 'https://with-scheme.example',
      MGMT_CLIENT_SECRET: 'replace-with-random-0123456789-0123456789',
      DCR_POLICY: 'whatever-policy',
    },
    names: [
      'LOG_WEBHOOK_SECRET',
      'OAUTH_AUDIENCE',
      'MGMT_DOMAIN',
      'MGMT_CLIENT_ID',
      'MGMT_CLIENT_SECRET',
      'GOOGLE_CONNECTION_NAME',
      'DCR_POLICY',
      'TOOLS',
    ],
    values: [SHORT_SECRET, 'with-scheme', 'replace-with-random', 'whatever-policy'],
  },
]
test.each(refused)(
  'a refused configuration of $target is one log line with the names of the variables',
  async (row) => {
    const instance = await spawnFunction(row.target, row.env)
    const [code] = await instance.ended
    expect(code).toBe(1)
    const lines = instance.output().trim().split('\n')
    expect(lines).toHaveLength(1)
    const entry = JSON.parse(lines[0] ?? '') as { severity: string; faults: string[] }
    expect(entry.severity).toBe('ERROR')
    const named = new Set(entry.faults.map((fault) => /^[A-Z_]+/.exec(fault)?.[0]))
    expect(named).toEqual(new Set(row.names))
    for (const value of row.values) expect(instance.output()).not.toContain(value)
  },
)

function openConnection({ url }: Instance, text: string) {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  socket.write(text)
  return socket
}

// An instance that waits for its clients exits with 1 after 9 s.
test.each([
  ['has sent nothing', ''],
  ['has sent half of a request head', 'GET /openapi.json HTTP/1.1\r\nHost: a\r\n'],
])('a connection that %s does not delay the exit', async (_, text) => {
  const instance = await spawnGateway()
  await once(openConnection(instance, text), 'connect')
  instance.child.kill('SIGTERM')
  expect(await instance.ended).toEqual([0, null])
})

test('a second SIGTERM does not interrupt the calls in flight', async () => {
  const { promise: after, resolve } = Promise.withResolvers<void>()
  backend.script('about', { after, body: { about: 'us' } })
  const instance = await spawnGateway()
  const answer = callAbout(instance)
  await until(() => backend.calls.length === 1)
  instance.child.kill('SIGTERM')
  await until(async () => (await tryToConnect(instance)) === 'ECONNREFUSED')
  instance.child.kill('SIGTERM')
  resolve()
  expect((await answer).json()).toEqual({ about: 'us' })
  expect(await instance.ended).toEqual([0, null])
  expect(instance.output()).toContain('"tool_answered"')
})

test('pipelined calls in flight are all answered (RFC 9112 s9.3.2)', async () => {
  const { promise: after, resolve } = Promise.withResolvers<void>()
  backend.script('about', { after, body: { about: 'us' } })
  const instance = await spawnGateway()
  const call =
    'POST /tools/about HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'
  const socket = openConnection(instance, call.repeat(3))
  await until(() => backend.calls.length === 3)
  instance.child.kill('SIGTERM')
  await until(async () => (await tryToConnect(instance)) === 'ECONNREFUSED')
  resolve()
  const answers = await text(socket)
  expect(answers.match(/HTTP\/1\.1 200 /g)).toHaveLength(3)
  expect(answers.match(/connection: close/gi)).toHaveLength(1)
  expect(await instance.ended).toEqual([0, null])
})
