import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Issuer, startIssuer } from './support/http/issuer.ts'
import { handshakeMessage, type Served, serveGateway } from './support/http/serve.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const TOOL = {
  scopes: [],
  outputSchema: { type: 'object', properties: { events: { type: 'array' } }, required: ['events'] },
}

// Each `main` serves the sample as its framework would and prints the port.
const samples = [
  {
    language: 'js',
    command: process.execPath,
    file: 'answer.mjs',
    main: `
import express from 'express'
const server = express()
  .use(express.json())
  .post('/listEvents', listEvents)
  .listen(0, '127.0.0.1', () => console.log(server.address().port))
`,
  },
  {
    language: 'python',
    command: 'python3',
    file: 'answer.py',
    main: `
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.sent = self.rfile.read(int(self.headers["Content-Length"]))
        body, status, headers = list_events(self)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def get_json(self):
        return json.loads(self.sent)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
`,
  },
] as const

const hasPython = spawnSync('python3', ['--version']).status === 0
if (!hasPython) process.stderr.write('SKIPPED: the Python sample is not tested without python3.\n')

describe.each(samples)('the backend of docs/backends.md in $language', (sample) => {
  const { language, command, file, main } = sample
  let directory: string
  let child: ChildProcess | undefined
  let issuer: Issuer
  let served: Served | undefined

  beforeAll(async () => {
    issuer = await startIssuer()
    if (language === 'python' && !hasPython) return
    // The directory is below the root, so that the sample finds the packages.
    directory = await mkdtemp(`${ROOT}.samples-`)
    const document = await readFile(`${ROOT}docs/backends.md`, 'utf8')
    const section = document.slice(document.indexOf('## What a backend returns'))
    const code = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(section)?.[1]
    await writeFile(`${directory}/${file}`, `${code}${main}`)
    const env = { PATH: process.env['PATH'] }
    const started = spawn(command, [`${directory}/${file}`], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child = started
    const [port] = await once(started.stdout, 'data')
    served = await serveGateway({
      issuer: issuer.url,
      functionsBase: `http://127.0.0.1:${String(port).trim()}`,
      env: { TOOLS: JSON.stringify({ listEvents: TOOL }) },
    })
  })
  afterAll(async () => {
    await served?.[Symbol.asyncDispose]()
    await issuer[Symbol.asyncDispose]()
    if (child !== undefined) {
      child.kill()
      await once(child, 'exit')
      await rm(directory, { recursive: true })
    }
  })

  const headers = { 'content-type': 'application/json' }
  const call = async (args: object) => {
    const body = handshakeMessage('tools/call', { name: 'listEvents', arguments: args })
    const mcp = await served?.send({ method: 'POST', path: '/mcp', headers, body })
    const rest = await served?.send({
      method: 'POST',
      path: '/tools/listEvents',
      headers,
      body: args,
    })
    return { mcp: mcp?.json(), rest: rest?.json(), status: rest?.status }
  }

  test.skipIf(language === 'python' && !hasPython)(
    'responds according to the outputSchema',
    async () => {
      expect(await call({ limit: 5 })).toMatchObject({
        mcp: { result: { structuredContent: { events: ['dentist'] } } },
        rest: { events: ['dentist'] },
        status: 200,
      })
    },
  )

  test.skipIf(language === 'python' && !hasPython)('gives the reason for a refusal', async () => {
    const detail = 'limit must be at most 200'
    expect(await call({ limit: 500 })).toMatchObject({
      mcp: { result: { isError: true, content: [{ type: 'text', text: detail }] } },
      rest: { detail },
      status: 400,
    })
  })
})
