import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Issuer, startIssuer } from './support/http/issuer.ts'
import { type Listening, listen } from './support/http/listen.ts'
import { HMAC_SECRET, type Served, serveGateway } from './support/http/serve.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SETTINGS = { PUBLIC_URL: 'https://mcp.test', GATEWAY_HMAC_SECRET: HMAC_SECRET }
const SAMPLES = `${ROOT}deploy/samples/`
const NOT_FORWARDED = ['host', 'connection', 'content-length', 'transfer-encoding']
const INPUT = { type: 'object', properties: { limit: { type: 'integer' } } }
const LIMIT_IN_QUERY = {
  url: '/listEvents',
  parameters: [{ name: 'limit', in: 'query' }],
}
const TOOLS = {
  listEvents: { scopes: ['events:read'], inputSchema: INPUT },
  listByQuery: { scopes: ['events:read'], inputSchema: INPUT, request: LIMIT_IN_QUERY },
}

// `removed` is the part of the path that the proxy in front of the sample removes: Google Cloud removes
// the name of a function. `main` serves the sample if it does not do so itself, and prints the port.
const samples = [
  {
    file: 'function-backend.mjs',
    removed: '/base/listEvents',
    main: `
import { getTestServer } from '@google-cloud/functions-framework/testing'
const server = getTestServer('listEvents').listen(0, '127.0.0.1', () => console.log(server.address().port))
`,
  },
  {
    file: 'express-backend.mjs',
    removed: '/base',
    main: `
server.on('listening', () => console.log(server.address().port))
`,
  },
] as const

interface Forwarded {
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: Buffer
}

describe.each(samples)('deploy/samples/$file', ({ file, removed, main }) => {
  let directory: string
  let child: ChildProcess | undefined
  let issuer: Issuer
  let proxy: Listening
  let served: Served
  let sample: string
  const calls: Forwarded[] = []

  const forward = async ({ url, headers, body }: Forwarded): Promise<Response> => {
    const path = url.slice(removed.length)
    const sent = Object.entries(headers).filter(([name]) => !NOT_FORWARDED.includes(name))
    return fetch(`${sample}${path.startsWith('/') ? path : `/${path}`}`, {
      method: 'POST',
      headers: sent,
      body: new Uint8Array(body),
    })
  }

  beforeAll(async () => {
    issuer = await startIssuer()
    const server = createServer(async (req, res) => {
      const call = { url: req.url ?? '', headers: fieldsOf(req), body: await buffer(req) }
      calls.push(call)
      const response = await forward(call)
      res.writeHead(response.status, {
        'content-type': response.headers.get('content-type') ?? '',
      })
      res.end(await response.text())
    })
    proxy = await listen(server)
    const functionsBase = `${proxy.url}/base`
    // The directory is below the root, so that the samples find the packages.
    directory = await mkdtemp(`${ROOT}.samples-`)
    await copyFile(`${SAMPLES}verify-hmac.mjs`, `${directory}/verify-hmac.mjs`)
    await writeFile(`${directory}/${file}`, (await readFile(`${SAMPLES}${file}`, 'utf8')) + main)
    const started = spawn(process.execPath, [`${directory}/${file}`], {
      env: {
        PATH: process.env['PATH'],
        BACKEND_PORT: '0',
        FUNCTIONS_BASE: functionsBase,
        ...SETTINGS,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child = started
    const [port] = await once(started.stdout, 'data')
    sample = `http://127.0.0.1:${String(port).trim()}`
    const env = { TOOLS: JSON.stringify(TOOLS) }
    served = await serveGateway({ issuer: issuer.url, functionsBase, env })
  })
  afterAll(async () => {
    await served[Symbol.asyncDispose]()
    await proxy[Symbol.asyncDispose]()
    await issuer[Symbol.asyncDispose]()
    if (child !== undefined) {
      child.kill()
      await once(child, 'exit')
    }
    await rm(directory, { recursive: true })
  })

  test('is the same in docs/backends.md', async () => {
    const document = await readFile(`${ROOT}docs/backends.md`, 'utf8')
    const code = await readFile(`${SAMPLES}${file}`, 'utf8')
    expect(document.includes(`\`\`\`js\n${code}\`\`\``)).toBe(true)
  })

  const callTool = async (tool: keyof typeof TOOLS) => {
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${await issuer.token()}`,
    }
    const body = { limit: 5 }
    return served.send({ method: 'POST', path: `/tools/${tool}`, headers, body })
  }

  test.each([
    ['listEvents', '/base/listEvents'],
    ['listByQuery', '/base/listEvents?limit=5'],
  ] as const)('accepts the call of %s at %s', async (tool, url) => {
    const answer = await callTool(tool)
    expect([answer.status, answer.json()]).toEqual([200, { events: ['dentist, for auth0|alice'] }])
    expect(calls.at(-1)?.url).toBe(url)
  })

  test('refuses a changed or missing assertion, query or body', async () => {
    await callTool('listByQuery')
    const call = calls.at(-1) as Forwarded
    const { 'x-gateway-assertion': assertion = '', ...without } = call.headers
    const json = { 'content-type': 'application/json' }
    const changed: Record<string, Forwarded> = {
      'no assertion': { ...call, headers: without },
      'another assertion': {
        ...call,
        headers: { ...without, 'x-gateway-assertion': assertion.replace(/\.[^.]*$/, '.AAAA') },
      },
      'another query': { ...call, url: '/base/listEvents?limit=6' },
      'no query': { ...call, url: '/base/listEvents' },
      'another body': {
        ...call,
        headers: { ...call.headers, ...json },
        body: Buffer.from('{"limit":6}'),
      },
    }
    expect((await forward(call)).status).toBe(200)
    for (const [name, one] of Object.entries(changed)) {
      expect([name, (await forward(one)).status]).toEqual([name, 401])
    }
  })
})

test.each([
  {
    name: 'loopback only, without the PORT of the gateway',
    variables: { PORT: '1', BACKEND_PORT: '0' },
    expected: /^127\.0\.0\.1$/,
  },
  {
    name: 'all interfaces at PORT on Cloud Run',
    variables: { K_SERVICE: 'list-events', PORT: '0', BACKEND_PORT: '1' },
    expected: /^(::|0\.0\.0\.0)$/,
  },
])('deploy/samples/express-backend.mjs listens on $name', async ({ variables, expected }) => {
  const program = `
const { server } = await import('./deploy/samples/express-backend.mjs')
server.on('listening', () => {
  console.log(server.address().address)
  server.close()
})
`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', program],
    {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], ...SETTINGS, ...variables },
    },
  )
  expect(stdout.trim()).toMatch(expected)
})

// jose checks no issuer if it is undefined.
test.each([{ PUBLIC_URL: '' }, { GATEWAY_HMAC_SECRET: 'short' }])(
  'deploy/samples/verify-hmac.mjs does not start with %j',
  async (variables) => {
    const started = promisify(execFile)(process.execPath, ['deploy/samples/verify-hmac.mjs'], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], ...SETTINGS, ...variables },
    })
    await expect(started).rejects.toThrow('must be as in the gateway')
  },
)

function fieldsOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
