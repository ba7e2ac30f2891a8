import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { gatewayStack } from '../support/gateway/stack.ts'
import { handshakeMessage } from '../support/http/serve.ts'

const { issuer, backend, startForFile } = await gatewayStack()
const served = await startForFile()

/** Writes the bytes to the gateway and returns everything that it sends until it closes the connection. */
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

/** Expects that the gateway still serves requests. */
async function expectServing(): Promise<void> {
  expect(statusesIn(await exchange(request(ping)))).toEqual([200])
}

describe('raw requests', () => {
  test('that are pipelined are answered in order', async () => {
    const first = request(ping).replace('Connection: close\r\n', '')
    const answer = await exchange(`${first}${request('{')}`)
    expect(statusesIn(answer)).toEqual([200, 400])
  })

  test('are aborted when the client half-closes the connection', async () => {
    backend.script('about', { delayMs: 5_000 })
    const socket = await dial()
    socket.write(request(callAbout))
    await vi.waitUntil(() => backend.calls.length === 1, 120_000)
    socket.end()
    await backend.calls[0]?.abandoned
  })

  test.each([
    ['GET /nothing', ''],
    ['POST /nothing', 'Content-Length: 0\r\n'],
    ['GET /mcp', ''],
    ['OPTIONS /mcp', ''],
  ])('without a body keep the connection: %s %s', async (line, fields) => {
    const socket = await dial()
    socket.write(`${line} HTTP/1.1\r\nHost: mcp.test\r\n${fields}\r\n`)
    const [first] = await once(socket, 'data')
    socket.write(request(ping))
    let second = ''
    for await (const chunk of socket) second += String(chunk)
    expect(String(first).toLowerCase()).not.toContain('connection: close')
    expect(statusesIn(second)).toEqual([200])
  })

  test('with an incomplete body do not call the backend', async () => {
    const socket = await dial()
    socket.write(request(callAbout).slice(0, -5))
    socket.destroy()
    await expectServing()
    expect(backend.calls).toEqual([])
  })

  test.each([
    { name: 'Content-Length and Transfer-Encoding', fields: ['Transfer-Encoding: chunked'] },
    { name: 'two Content-Length fields', fields: ['Content-Length: 3'] },
    { name: 'a space before a colon', fields: ['X-A : b'] },
    { name: 'a folded header field', fields: ['X-A: b', ' c'] },
    { name: 'a control character in a value', fields: ['X-A: b\u0000c'] },
    { name: 'an unknown transfer coding', fields: ['Transfer-Encoding: identity, chunked'] },
  ])('with an ambiguous header get 400 without a call: $name', async ({ fields }) => {
    expect(statusesIn(await exchange(request(callAbout, fields)))).toEqual([400])
    expect(backend.calls).toEqual([])
  })

  test('with 2,000 header fields get 431', async () => {
    const flood = Array.from({ length: 2_000 }, (_, index) => `X-${index}: ${'v'.repeat(20)}`)
    expect(statusesIn(await exchange(request(ping, flood)))).toEqual([431])
    await expectServing()
  })

  test('with a chunked body over 1 MiB get 413', async () => {
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`
    const head = request('').replace(/Content-Length: 0\r\n/, 'Transfer-Encoding: chunked\r\n')
    expect(statusesIn(await exchange(`${head}${chunk.repeat(20)}0\r\n\r\n`))).toEqual([413])
  })

  test('with deeply nested JSON get a response and do not stop the gateway', async () => {
    for (const deep of ['['.repeat(500_000), `${'['.repeat(100_000)}${']'.repeat(100_000)}`]) {
      expect(statusesIn(await exchange(request(deep)))).toEqual([400])
    }
    const depth = 20_000
    const nested = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
    const message = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"about","arguments":${nested}}}`
    expect(statusesIn(await exchange(request(message)))).toEqual([400])
    await expectServing()
  })
})

describe('a refused request', () => {
  const KIB = 1024
  /** The head of a request to an unknown path, whose body the gateway does not parse. */
  const head = (fields: readonly string[]) =>
    ['POST /nothing HTTP/1.1', 'Host: mcp.test', ...fields, '', ''].join('\r\n')
  const nextPing = request(ping)

  /** Collects the data and the error of the socket. */
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

  test('is answered after a small body is received, and the connection is kept', async () => {
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
    'is answered before a large body %s is received, and the connection is not reset',
    async (_, fields, encode) => {
      const socket = await dial()
      const seen = listening(socket)
      const piece = encode('x'.repeat(256 * KIB))
      socket.write(`${head(fields)}${piece}`)
      await vi.waitUntil(() => seen.text.endsWith('}'), 120_000)
      expect(statusesIn(seen.text)).toEqual([404])
      expect(seen.text.toLowerCase()).toContain('connection: close')
      for (let sent = 1; sent < 16; sent++) socket.write(piece)
      if (fields[0]?.startsWith('Transfer')) socket.write('0\r\n\r\n')
      await once(socket, 'end')
      expect(statusesIn(seen.text)).toEqual([404])
      expect(seen.error).toBeUndefined()
    },
  )

  test('with an invalid token gets 401 for any body', async () => {
    for (const body of ['{', 'x'.repeat(2 * KIB * KIB)]) {
      const answer = await exchange(request(body, ['Authorization: Bearer a']))
      expect(statusesIn(answer)).toEqual([401])
      expect(answer).toContain('error="invalid_token"')
    }
  })

  test('differs from one with Expect: 100-continue, which gets 100 (Continue) and 200', async () => {
    const answer = await exchange(request(ping, ['Expect: 100-continue']))
    expect(statusesIn(answer)).toEqual([100, 200])
  })
})

describe('a header field or target that is not trusted', () => {
  test.each([
    'Host: evil.example',
    'X-Forwarded-Host: evil.example',
    'Forwarded: host=evil.example;proto=http',
    'X-Forwarded-Proto: http',
    'X-Original-URL: /tools/about',
    'X-Rewrite-URL: /tools/about',
  ])('does not change the challenge: %s', async (field) => {
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
  ])('does not contain credentials: %s', async (name) => {
    const body = JSON.stringify(handshakeMessage('tools/call', { name: 'listEvents' }))
    const answer = await exchange(request(body, [`${name}: Bearer ${await issuer.token()}`]))
    expect(statusesIn(answer)).toEqual([401])
    expect(answer).not.toContain('error=')
  })

  test.each(['X-HTTP-Method-Override: POST', 'X-Method-Override: POST'])(
    'does not turn GET into POST: %s',
    async (field) => {
      const answer = await exchange(request('', [field], 'GET /mcp HTTP/1.1'))
      expect(statusesIn(answer)).toEqual([401])
    },
  )

  test.each(['/MCP', '//mcp', '/mcp//', '/mcp%2f', '/%6dcp', '/mcp/../mcp', '/mcp;a', '/./mcp'])(
    'gets 404 if it is another form of the path: %s',
    async (path) => {
      const answer = await exchange(request(ping, [], `POST ${path} HTTP/1.1`))
      expect(statusesIn(answer)).toEqual([404])
      expect(answer).toContain('"error":"not_found"')
      expect(answer.toLowerCase()).toContain('cache-control: no-store')
    },
  )

  test('gets 404 if it is an absolute target of another host', async () => {
    const answer = await exchange(request(ping, [], 'POST http://evil.example/mcp HTTP/1.1'))
    expect(statusesIn(answer)).toEqual([404])
  })
})
