import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { bearer, post } from '../support/gateway/mcp.ts'
import { gatewayStack } from '../support/gateway/stack.ts'
import { freePort } from '../support/http/free-port.ts'
import { listen } from '../support/http/listen.ts'
import { HMAC_SECRET, handshakeMessage, type Served, TOOLS } from '../support/http/serve.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FRAMEWORK = 'node_modules/@google-cloud/functions-framework/build/src/main.js'

const { issuer, backend, start } = await gatewayStack()
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

async function send(served: Served, body: unknown, scope?: string) {
  const token = await issuer.token({ ...(scope !== undefined && { scope }) })
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  return served.send({ method: 'POST', path: '/mcp', headers, body })
}

const recordsIn = ({ lines }: Served) =>
  lines.filter(({ message }) => String(message).startsWith('tool_'))
const callOf = (name: string, id = 1, args: object = {}) => ({
  ...handshakeMessage('tools/call', { name, arguments: args }),
  id,
})

describe('the audit records of a call', () => {
  test('contain no token, arguments or result', async () => {
    const served = await start()
    const token = await issuer.token()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await post(served, callOf('listEvents', 1, { limit: 7 }), { ...bearer(token), traceparent })
    const records = recordsIn(served)
    const common = {
      severity: 'NOTICE',
      time: expect.any(String),
      service: 'gateway',
      tool: 'listEvents',
      request_id: records[0]?.['request_id'],
      'logging.googleapis.com/trace': '0af7651916cd43dd8448eb211c80319c',
    }
    expect(records).toEqual([
      {
        ...common,
        message: 'tool_called',
        request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        subject: 'auth0|alice',
        client: 'tpc_chatgpt',
        decision: 'allowed',
      },
      { ...common, message: 'tool_answered', status: 200, ms: expect.any(Number) },
    ])
    const written = JSON.stringify(served.lines)
    for (const secret of [token, 'limit', 'dentist']) expect(written).not.toContain(secret)
  })

  test('include tool_called before the backend responds', async () => {
    const served = await start()
    backend.script('about', { delayMs: 60_000 })
    const hangUp = new AbortController()
    const sent = served.send({
      method: 'POST',
      path: '/mcp',
      headers: { 'content-type': 'application/json' },
      body: callOf('about'),
      signal: hangUp.signal,
    })
    await vi.waitUntil(() => backend.calls.length === 1, 120_000)
    expect(recordsIn(served)).toMatchObject([{ message: 'tool_called', decision: 'allowed' }])
    hangUp.abort()
    await sent.catch(() => undefined)
    await vi.waitUntil(() => recordsIn(served).length === 2, 120_000)
    const [called, answered] = recordsIn(served)
    expect(answered).toMatchObject({ message: 'tool_answered', status: 499 })
    expect(answered?.['request_id']).toBe(called?.['request_id'])
  })

  test('include only tool_called if the call is denied', async () => {
    const served = await start()
    await send(served, callOf('addEvent'), 'events:read')
    expect(recordsIn(served)).toEqual([
      expect.objectContaining({
        message: 'tool_called',
        severity: 'NOTICE',
        decision: 'denied',
        reason: 'scope_missing',
        tool: 'addEvent',
      }),
    ])
    expect(recordsIn(served)[0]).not.toHaveProperty('status')
    expect(backend.calls).toEqual([])
  })

  test('show invalid arguments as allowed and answered with status 400', async () => {
    const served = await start()
    await send(served, callOf('listEvents', 1, { limit: 'many' }))
    expect(recordsIn(served)).toMatchObject([
      { message: 'tool_called', decision: 'allowed' },
      { message: 'tool_answered', status: 400, reason: 'arguments_invalid', severity: 'NOTICE' },
    ])
  })

  test('have severity ERROR for tool_answered when the backend fails', async () => {
    const served = await start()
    backend.script('about', { status: 500, body: 'x' })
    await send(served, callOf('about'))
    expect(recordsIn(served)).toMatchObject([
      { message: 'tool_called', severity: 'NOTICE' },
      { message: 'tool_answered', severity: 'ERROR', reason: 'backend_http_500', tool: 'about' },
    ])
  })

  test('form a pair with the same index for each call of a batch', async () => {
    const served = await start()
    backend.script('listEvents', { body: { events: [] } })
    backend.script('about', { delayMs: 50 })
    const ping = { ...handshakeMessage('ping'), id: 9 }
    await send(served, [callOf('about', 1), ping, callOf('listEvents', 2), callOf('about', 3)])
    const records = recordsIn(served)
    expect(new Set(records.map((record) => record['request_id'])).size).toBe(1)
    for (const [call, tool] of [
      [0, 'about'],
      [2, 'listEvents'],
      [3, 'about'],
    ]) {
      const pair = records.filter((record) => record['call'] === call)
      expect(pair.map(({ message }) => message)).toEqual(['tool_called', 'tool_answered'])
      expect(pair.map((record) => record['tool'])).toEqual([tool, tool])
    }
    expect(records).toHaveLength(6)
  })
})

/** Starts the gateway in a separate process and collects its output. */
async function spawnGateway(functionsBase: string) {
  const port = await freePort()
  const source = ['--source=functions/gateway/index.ts', '--target=gateway', `--port=${port}`]
  const child = spawn(process.execPath, [FRAMEWORK, ...source], {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://mcp.test',
      OAUTH_ISSUER: issuer.url,
      FUNCTIONS_BASE: functionsBase,
      GATEWAY_HMAC_SECRET: HMAC_SECRET,
      TOOLS: JSON.stringify(TOOLS),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += String(chunk)
  })
  const url = `http://127.0.0.1:${port}`
  await vi.waitUntil(
    () =>
      fetch(`${url}/openapi.json`).then(
        ({ ok }) => ok,
        () => false,
      ),
    { timeout: 120_000, interval: 50 },
  )
  return { child, ended, url, output: () => output }
}

test('after a SIGKILL under load the log has every call that the backend received', async () => {
  const ledger: string[] = []
  let limit = 0
  let onLimit = () => {}
  const counting = createServer((req, res) => {
    ledger.push(String(req.headers['x-request-id']))
    if (ledger.length === limit) onLimit()
    req.resume().once('end', () => setImmediate(() => res.end('{}')))
  })
  await using listening = await listen(counting)
  const body = JSON.stringify(callOf('about'))
  const headers = { 'content-type': 'application/json' }
  for (let kill = 0; kill < 10; kill++) {
    ledger.length = 0
    // A different moment during the load each time.
    limit = 1 + Math.floor(Math.random() * 150)
    const gateway = await spawnGateway(listening.url)
    onLimit = () => void gateway.child.kill('SIGKILL')
    const call = async () => {
      while (gateway.child.signalCode === null) {
        await fetch(`${gateway.url}/mcp`, { method: 'POST', headers, body }).catch(() => undefined)
      }
    }
    await Promise.all([...Array.from({ length: 12 }, call), gateway.ended])
    const called = new Set(
      gateway
        .output()
        .split('\n')
        .filter((line) => line.includes('"message":"tool_called"') && line.endsWith('}'))
        .map((line) => JSON.parse(line).request_id),
    )
    const moment = `SIGKILL at call ${limit}`
    expect(ledger.length, moment).toBeGreaterThanOrEqual(limit)
    expect(
      ledger.filter((id) => !called.has(id)),
      moment,
    ).toEqual([])
  }
}, 600_000)
