import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { gatewayStack } from '../support/gateway/stack.ts'
import { handshakeMessage } from '../support/http/serve.ts'

const { issuer, backend, startForFile } = await gatewayStack()
const served = await startForFile()

/** Writes these bytes to the gateway, and returns everything that comes back until it closes. */
async function exchange(bytes: string): Promise<string> {
  const socket = await dial()
  socket.write(bytes)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}

async function dial(): Promise<Socket> {
  const { hostname, port } = new URL(served.url)
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

function request(
  body: string,
  fields: readonly string[] = [],
  line = 'POST /mcp HTTP/1.1',
): string {
  return [
    line,
    'Host: mcp.test',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...fields,
    '',
    body,
  ].join('\r\n')
}

const statusesIn = (answer: string) =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
const callAbout = JSON.stringify(handshakeMessage('tools/call', { name: 'about' }))
const ping = JSON.stringify(handshakeMessage('ping'))

/** The gateway still serves: what came before has not harmed it. */
async function expectServing(): Promise<void> {
  expect(statusesIn(await exchange(request(ping)))).toEqual([200])
}

describe('requests as no library writes them', () => {
  test('pipelined requests are answered in order', async () => {
    const first = request(ping).replace('Connection: close\r\n', '')
    const answer = await exchange(`${first}${request('{')}`)
    expect(statusesIn(answer)).toEqual([200, 400])
  })

  test('a client that closes its half has hung up: its call is given up', async () => {
    backend.script('about', { delayMs: 5_000 })
    const socket = await dial()
    socket.write(request(callAbout))
    await vi.waitUntil(() => backend.calls.length === 1, 10_000)
    socket.end()
    await backend.calls[0]?.abandoned
  })

  test('a client that goes away in the middle of its body calls nothing', async () => {
    const socket = await dial()
    socket.write(request(callAbout).slice(0, -5))
    socket.destroy()
    await expectServing()
    expect(backend.calls).toEqual([])
  })

  test.each([
    { name: 'both lengths', fields: ['Transfer-Encoding: chunked'] },
    { name: 'two lengths', fields: ['Content-Length: 3'] },
    { name: 'a space before the colon', fields: ['X-A : b'] },
    { name: 'a line that is folded', fields: ['X-A: b', ' c'] },
    { name: 'a control character in a value', fields: ['X-A: b\u0000c'] },
    { name: 'an unknown transfer coding', fields: ['Transfer-Encoding: identity, chunked'] },
  ])('$name: 400, and nothing is called', async ({ fields }) => {
    expect(statusesIn(await exchange(request(callAbout, fields)))).toEqual([400])
    expect(backend.calls).toEqual([])
  })

  test('a flood of header fields: 431', async () => {
    const flood = Array.from({ length: 2_000 }, (_, index) => `X-${index}: ${'v'.repeat(20)}`)
    expect(statusesIn(await exchange(request(ping, flood)))).toEqual([431])
    await expectServing()
  })

  test('a chunked body over 1 MiB: 413, whatever it claims', async () => {
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`
    const head = request('').replace(/Content-Length: 0\r\n/, 'Transfer-Encoding: chunked\r\n')
    expect(statusesIn(await exchange(`${head}${chunk.repeat(20)}0\r\n\r\n`))).toEqual([413])
  })

  test('a body of nothing but brackets: an error, not a crash', async () => {
    for (const deep of ['['.repeat(500_000), `${'['.repeat(100_000)}${']'.repeat(100_000)}`]) {
      expect(statusesIn(await exchange(request(deep)))).toEqual([400])
    }
    const depth = 20_000
    const nested = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
    const message = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"about","arguments":${nested}}}`
    expect(statusesIn(await exchange(request(message)))).toHaveLength(1)
    await expectServing()
  })
})

describe('a refused request', () => {
  const KIB = 1024
  /** Of a request that is refused for its path, so that its body is never read. */
  const head = (fields: readonly string[]) =>
    ['POST /nothing HTTP/1.1', 'Host: mcp.test', ...fields, '', ''].join('\r\n')
  const nextPing = request(ping)

  /** Collects what comes back. */
  const listening = (socket: Socket) => {
    const seen = { text: '', error: undefined as Error | undefined }
    socket.on('data', (chunk) => {
      seen.text += String(chunk)
    })
    socket.on('error', (error) => {
      seen.error = error
    })
    return seen
  }

  test('is answered when a small body has been received, and the connection is kept', async () => {
    const socket = await dial()
    const seen = listening(socket)
    socket.write(`${head([`Content-Length: ${300 * KIB}`])}${'x'.repeat(100 * KIB)}`)
    await expectServing()
    expect(seen.text).toBe('')
    socket.write(`${'x'.repeat(200 * KIB)}${nextPing}`)
    await once(socket, 'end')
    expect(statusesIn(seen.text)).toEqual([404, 200])
    expect(seen.error).toBeUndefined()
  })

  test.each([
    ['with a length', [`Content-Length: ${4 * KIB * KIB}`], (text: string) => text],
    [
      'in chunks',
      ['Transfer-Encoding: chunked'],
      (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`,
    ],
  ])(
    'is answered before a large body %s is received, which resets nothing',
    async (_, fields, encode) => {
      const socket = await dial()
      const seen = listening(socket)
      const piece = encode('x'.repeat(256 * KIB))
      socket.write(`${head(fields)}${piece}`)
      await vi.waitUntil(() => seen.text.endsWith('}'), 10_000)
      expect(statusesIn(seen.text)).toEqual([404])
      expect(seen.text.toLowerCase()).toContain('connection: close')
      for (let sent = 1; sent < 16; sent++) socket.write(piece)
      if (fields[0]?.startsWith('Transfer')) socket.write('0\r\n\r\n')
      await once(socket, 'end')
      expect(statusesIn(seen.text)).toEqual([404])
      expect(seen.error).toBeUndefined()
    },
  )

  test('is not parsed: a token that is not valid is 401 whatever the body is', async () => {
    for (const body of ['{', 'x'.repeat(2 * KIB * KIB)]) {
      const answer = await exchange(request(body, ['Authorization: Bearer a']))
      expect(statusesIn(answer)).toEqual([401])
      expect(answer).toContain('error="invalid_token"')
    }
  })

  test('a client that waits for 100 (Continue) gets it', async () => {
    const answer = await exchange(request(ping, ['Expect: 100-continue']))
    expect(statusesIn(answer)).toEqual([100, 200])
  })
})

describe('what the request says of itself is not believed', () => {
  test.each([
    'Host: evil.example',
    'X-Forwarded-Host: evil.example',
    'Forwarded: host=evil.example;proto=http',
    'X-Forwarded-Proto: http',
    'X-Original-URL: /tools/about',
    'X-Rewrite-URL: /tools/about',
  ])('%s: the challenge stays the same', async (field) => {
    const body = JSON.stringify(handshakeMessage('tools/call', { name: 'listEvents' }))
    const raw = request(body, field.startsWith('Host') ? [] : [field])
    const answer = await exchange(
      field.startsWith('Host') ? raw.replace('Host: mcp.test', field) : raw,
    )
    expect(statusesIn(answer)).toEqual([401])
    expect(answer).toContain(
      'resource_metadata="https://mcp.test/.well-known/oauth-protected-resource/mcp"',
    )
    expect(answer).not.toContain('evil')
  })

  test.each([
    'X-Forwarded-Authorization',
    'X-Serverless-Authorization',
    'X-Apigateway-Api-Userinfo',
    'X-Endpoint-API-UserInfo',
    'X-User-Uid',
    'X-Gateway-Assertion',
    'Proxy-Authorization',
  ])('credentials in %s are none', async (name) => {
    const body = JSON.stringify(handshakeMessage('tools/call', { name: 'listEvents' }))
    const answer = await exchange(request(body, [`${name}: Bearer ${await issuer.token()}`]))
    expect(statusesIn(answer)).toEqual([401])
    expect(answer).not.toContain('error=')
  })

  test.each(['X-HTTP-Method-Override: POST', 'X-Method-Override: POST'])(
    '%s makes no POST of a GET',
    async (field) => {
      const answer = await exchange(request('', [field], 'GET /mcp HTTP/1.1'))
      expect(statusesIn(answer)).toEqual([401])
    },
  )

  test.each(['/MCP', '//mcp', '/mcp//', '/mcp%2f', '/%6dcp', '/mcp/../mcp', '/mcp;a', '/./mcp'])(
    '%s is another path: 404',
    async (path) => {
      const answer = await exchange(request(ping, [], `POST ${path} HTTP/1.1`))
      expect(statusesIn(answer)).toEqual([404])
      expect(answer).toContain('"error":"not_found"')
      expect(answer.toLowerCase()).toContain('cache-control: no-store')
    },
  )

  test('an absolute target of another host is not found', async () => {
    const answer = await exchange(request(ping, [], 'POST http://evil.example/mcp HTTP/1.1'))
    expect(statusesIn(answer)).toEqual([404])
  })
})
