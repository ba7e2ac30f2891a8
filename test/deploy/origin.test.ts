import { once } from 'node:events'
import { type IncomingMessage, type RequestListener, request, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { type Listener, listenOnLoopback } from '../../deploy/kit/listen.ts'
import { startOrigin } from '../../deploy/local/origin.ts'
import { forward, type Service } from '../../deploy/local/proxy.ts'

const LIMITS = { answerMs: 120_000, instanceMs: 120_000 }
const listeners: Listener[] = []

afterEach(() => Promise.all(listeners.splice(0).map((listener) => listener.close())))

async function originOf(gateway: Service | RequestListener, limits = LIMITS): Promise<number> {
  const service = typeof gateway === 'function' ? await serviceOf(gateway) : gateway
  const services = new Map([['gateway', service]])
  const origin = await startOrigin({ port: 0, services, hosts: ['tunnel.example'], limits })
  listeners.push(origin)
  return origin.port
}

async function serviceOf(handler: RequestListener): Promise<Service> {
  const listener = await listenOnLoopback(0, handler)
  listeners.push(listener)
  return { port: async () => listener.port }
}

function ask(port: number, headers: string[] = [], body?: string, path = '/mcp') {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request({ port, path, method: 'POST', headers: ['Host', `localhost:${port}`, ...headers] })
    .once('response', resolve)
    .once('error', reject)
    .end(body)
  return promise
}

test('the local origin forwards a request unchanged, with its own X-Forwarded header fields', async () => {
  let seen: IncomingMessage | undefined
  const port = await originOf(async (req, res) => {
    seen = req
    res.end(await text(req))
  })
  const answer = await ask(
    port,
    [
      ...['Authorization', 'Bearer a', 'authorization', 'Bearer b', 'MCP-Protocol-Version', '1'],
      ...[
        'traceparent',
        '00-x',
        'X-Forwarded-Host',
        'evil.example',
        'X-Forwarded-For',
        '192.0.2.1',
      ],
      ...['Content-Type', 'application/json', 'Content-Length', '10', 'Connection', 'close'],
    ],
    '{"a":"é"}',
    '/mcp?a=%20b',
  )

  expect(await text(answer)).toBe('{"a":"é"}')
  expect(seen?.url).toBe('/mcp?a=%20b')
  expect(seen?.headersDistinct).toMatchObject({
    authorization: ['Bearer a', 'Bearer b'],
    'mcp-protocol-version': ['1'],
    traceparent: ['00-x'],
    'x-forwarded-for': ['192.0.2.1, 127.0.0.1'],
    'x-forwarded-host': [`localhost:${port}`],
    'x-forwarded-proto': ['http'],
  })
})

test('the local origin returns a response unchanged and adds Cache-Control: private', async () => {
  const port = await originOf((_, res) => {
    res.writeHead(401, 'Who', ['WWW-Authenticate', 'Bearer a', 'WWW-Authenticate', 'Bearer b'])
    res.end('no')
  })
  const answer = await ask(port)

  expect([answer.statusCode, answer.statusMessage]).toEqual([401, 'Who'])
  expect(answer.headersDistinct['www-authenticate']).toEqual(['Bearer a', 'Bearer b'])
  expect(answer.headersDistinct['cache-control']).toEqual(['private'])
  expect(await text(answer)).toBe('no')
})

test('the local origin keeps the Cache-Control of the function', async () => {
  const port = await originOf((_, res) => {
    res.setHeader('cache-control', 'no-store')
    res.end()
  })

  expect((await ask(port)).headersDistinct['cache-control']).toEqual(['no-store'])
})

test('the local origin streams bodies in both directions', async () => {
  const port = await originOf((req, res) => req.pipe(res))
  const sent = request({ port, path: '/mcp', method: 'POST', host: 'localhost' })
  sent.write('one')
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const [first] = await once(answer, 'data')
  sent.end('two')

  expect(String(first)).toBe('one')
  expect(await text(answer)).toBe('two')
})

test.each([
  ['evil.example', 421],
  ['localhost.evil.example', 421],
  ['10.0.0.1', 421],
  ['localhost', 200],
  ['127.0.0.1:1', 200],
  ['[::1]:1', 200],
  ['tunnel.example', 200],
])('a request with the host %s gets the status %i', async (host, status) => {
  const port = await originOf((_, res) => res.end())
  const answer = await fetchAs(port, `POST /mcp HTTP/1.1\r\nHost: ${host}`)

  expect(answer).toContain(`HTTP/1.1 ${status} `)
})

test.each(['http://localhost/mcp', '*', '/%ff', '/%'])(
  'the malformed request target %s gets a 400',
  async (target) => {
    const port = await originOf((_, res) => res.end())

    expect(await fetchAs(port, `GET ${target} HTTP/1.1\r\nHost: localhost`)).toMatch(
      /^HTTP\/1.1 400 /,
    )
  },
)

async function fetchAs(port: number, head: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`${head}\r\nConnection: close\r\n\r\n`)
  return text(socket)
}

test('a body above the limit of Hosting gets a readable 413 response', async () => {
  let calls = 0
  const port = await originOf((_, res) => res.end(String(++calls)))

  const body = 'x'.repeat(40 * 1024 * 1024)
  await expectRefusal(
    await ask(port, ['Content-Length', `${body.length}`], body),
    413,
    'content_too_large',
  )
  expect(calls).toBe(0)
})

test('a function that does not respond in time results in a 504', async () => {
  const port = await originOf(() => undefined, { ...LIMITS, answerMs: 200 })

  await expectRefusal(await ask(port), 504, 'timed_out')
})

test('a function that closes the connection results in a 502', async () => {
  const port = await originOf((req) => req.destroy())

  await expectRefusal(await ask(port), 502, 'broken_off')
})

test('a function that has not started results in a 503, and one that is not deployed in a 404', async () => {
  const origin = await startOrigin({ port: 0, services: new Map([['gateway', undefined]]) })
  listeners.push(origin)

  await expectRefusal(await ask(origin.port), 503, 'no_instance')
  await expectRefusal(await ask(origin.port, [], '{}', '/oauth/register'), 404, 'not_found')
})

test('a function without an instance results in a 503 after the time limit', async () => {
  const { port: gone, close } = await listenOnLoopback(0, () => undefined)
  await close()
  const port = await originOf({ port: async () => gone }, { ...LIMITS, instanceMs: 200 })

  await expectRefusal(await ask(port), 503, 'no_instance')
})

test('a request waits for the next instance if the connection is refused', async () => {
  const { port: gone, close } = await listenOnLoopback(0, () => undefined)
  await close()
  const { promise: triedAgain, resolve: onThirdTry } = Promise.withResolvers<void>()
  let tries = 0
  let current: Service = {
    port: async () => {
      if (++tries === 3) onThirdTry()
      return gone
    },
  }
  const port = await originOf({ port: (signal) => current.port(signal) })
  const answer = ask(port, [], 'x')
  await triedAgain
  current = await serviceOf((req, res) => req.pipe(res))

  expect(await text(await answer)).toBe('x')
})

test('a client that disconnects ends the request to the function', async () => {
  const { promise: called, resolve: onCall } = Promise.withResolvers<IncomingMessage>()
  const port = await originOf(onCall)
  const sent = request({ port, path: '/mcp', method: 'POST', host: 'localhost' })
  sent.once('error', () => undefined)
  sent.end()
  const received = await called
  const closed = once(received.socket, 'close')
  sent.destroy()

  await closed
})

test('the function gets no connection for a client that has disconnected before it is called', async () => {
  let connections = 0
  const service = {
    port: async () => {
      connections++
      return 9
    },
  }
  const { promise: arrived, resolve: onArrival } = Promise.withResolvers<void>()
  const { promise: forwarded, resolve: onForwarded } = Promise.withResolvers<void>()
  const front = await listenOnLoopback(0, async (req, res) => {
    onArrival()
    await once(res, 'close')
    await forward(req, res, service, LIMITS)
    onForwarded()
  })
  listeners.push(front)
  const sent = request({ port: front.port, host: 'localhost' }).once('error', () => undefined)
  sent.end()
  await arrived
  sent.destroy()

  await forwarded
  expect(connections).toBe(0)
})

test('a response that arrives after the client has disconnected is discarded', async () => {
  const { promise: arrived, resolve: onArrival } = Promise.withResolvers<ServerResponse>()
  const { promise: cut, resolve: onCut } = Promise.withResolvers<void>()
  const service = await serviceOf((req, res) => {
    // `destroyed` is true before the event `close`, for which the proxy waits.
    void arrived.then((response) => {
      Object.defineProperty(response, 'destroyed', { value: true })
      res.end('late')
      req.socket.once('close', onCut)
    })
  })
  const front = await listenOnLoopback(0, (req, res) => {
    void forward(req, res, service, LIMITS)
    onArrival(res)
  })
  listeners.push(front)
  const sent = request({ port: front.port, host: 'localhost' }).once('error', () => undefined)
  sent.end()

  await cut
  sent.destroy()
})

async function expectRefusal(answer: IncomingMessage, status: number, error: string) {
  expect(answer.statusCode).toBe(status)
  expect(answer.headersDistinct['cache-control']).toEqual(['no-store'])
  expect(JSON.parse(await text(answer))).toMatchObject({ error })
}
