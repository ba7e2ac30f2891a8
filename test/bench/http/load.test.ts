import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listen } from '../../support/http/listen.ts'
import { type Load, type LoadRequest, run } from '../load.ts'

const post: LoadRequest = {
  method: 'POST',
  path: '/mcp?a=b',
  headers: { 'content-type': 'text/plain' },
  body: 'Grüße',
}

async function serving(listener: RequestListener) {
  const server = createServer(listener)
  const { url, ...listening } = await listen(server)
  onTestFinished(() => listening[Symbol.asyncDispose]())
  let opened = 0
  server.on('connection', () => {
    opened++
  })
  return { url, connections: () => opened }
}

/** A server that answers each piece that it receives with `step`. */
async function servingBytes(step: (socket: Socket) => void): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('data', () => step(socket)).on('error', () => socket.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const load = (url: string, changes: Partial<Load> = {}): Load => ({
  url,
  connections: 3,
  calls: 20,
  next: () => post,
  isGood: (status) => status === 200,
  ...changes,
})

describe('The load generator', () => {
  test('sends each request unchanged over the connections that it keeps', async () => {
    const received: string[] = []
    const { url, connections } = await serving(async (req, res) => {
      const body = await req.setEncoding('utf8').toArray()
      const { host, 'content-type': type, 'content-length': length } = req.headers
      received.push([req.method, req.url, host, type, length, body.join('')].join(' '))
      res.end('ok')
    })
    const latencies = await run(load(url))
    const line = `POST /mcp?a=b ${new URL(url).host} text/plain 7 Grüße`
    expect(received).toEqual(Array.from({ length: 20 }, () => line))
    expect(connections()).toBe(3)
    expect(latencies).toHaveLength(20)
    expect([...latencies]).toEqual([...latencies].toSorted((a, b) => a - b))
    expect(latencies[0]).toBeGreaterThan(0)
  })

  test('asks for the request of each index once', async () => {
    const { url } = await serving((_req, res) => void res.end())
    const indices: number[] = []
    const next = (index: number): LoadRequest => {
      indices.push(index)
      return { method: 'GET', path: `/${index}`, headers: {}, body: '' }
    }
    await run(load(url, { next }))
    expect(indices).toEqual(Array.from({ length: 20 }, (_, index) => index))
  })

  test('sends the same request object to two servers', async () => {
    const hosts: (string | undefined)[] = []
    const answer: RequestListener = (req, res) => {
      hosts.push(req.headers.host)
      res.end()
    }
    const [first, second] = [await serving(answer), await serving(answer)]
    for (const { url } of [first, second]) await run(load(url, { calls: 1 }))
    expect(hosts).toEqual([first, second].map(({ url }) => new URL(url).host))
  })

  test('checks bodies of every size, with a length and in chunks', async () => {
    const bodies = ['', 'a', 'Grüße', 'x'.repeat(70_000), 'y'.repeat(1_000_000), 'z'.repeat(99)]
    let count = 0
    const { url } = await serving((req, res) => {
      const body = bodies[count++ % bodies.length] ?? ''
      req.resume().on('end', () => {
        if (count % 2 === 0) res.setHeader('content-length', Buffer.byteLength(body))
        res.write(body.slice(0, 50))
        res.end(body.slice(50))
      })
    })
    const checked: string[] = []
    const isGood = (_status: number, body: string) => checked.push(body) > 0
    await run(load(url, { connections: 1, calls: 12, isGood }))
    expect(checked).toEqual([...bodies, ...bodies])
  })

  test('opens a new connection after a response that closes the old one', async () => {
    const { url, connections } = await serving((_req, res) => {
      res.setHeader('connection', 'close')
      res.end('ok')
    })
    await run(load(url, { connections: 1, calls: 5 }))
    expect(connections()).toBe(5)
  })

  test('reads a response that the end of the connection delimits', async () => {
    const url = await servingBytes((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nDentist'))
    const isGood = (_status: number, body: string) => body === 'Dentist'
    expect(await run(load(url, { isGood }))).toHaveLength(20)
  })

  test('rejects at a response that differs from the accepted ones', async () => {
    let count = 0
    const { url } = await serving((_req, res) => void res.end(count++ < 9 ? 'good' : 'evil'))
    const isGood = (_status: number, body: string) => body === 'good'
    await expect(run(load(url, { isGood }))).rejects.toThrow('HTTP 200: evil')
    expect(count).toBeLessThan(15)
  })

  test('rejects at the accepted body with another status', async () => {
    let count = 0
    const { url } = await serving((_req, res) => {
      res.statusCode = count++ < 9 ? 200 : 500
      res.end('same')
    })
    await expect(run(load(url))).rejects.toThrow('HTTP 500: same')
  })

  test.each([
    ['the server closes without a response', '', 'before its response'],
    ['the server closes within a response', 'HTTP/1.1 200 OK\r\ncontent-le', 'within a message'],
    ['the response is not HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', 'Not an HTTP response'],
  ])('rejects when %s', async (_, bytes, message) => {
    const url = await servingBytes((socket) => socket.end(bytes))
    await expect(run(load(url))).rejects.toThrow(message)
  })

  test('rejects when the server resets the connection', async () => {
    const url = await servingBytes((socket) => socket.resetAndDestroy())
    await expect(run(load(url))).rejects.toThrow('ECONNRESET')
  })

  test('rejects when no server listens', async () => {
    const server = createTcpServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    await expect(run(load(`http://127.0.0.1:${port}`))).rejects.toThrow('ECONNREFUSED')
  })

  test('rejects when the next request cannot be made', async () => {
    const { url } = await serving((_req, res) => void res.end())
    const next = (index: number) => {
      if (index === 7) throw new Error('no request 7')
      return post
    }
    await expect(run(load(url, { next }))).rejects.toThrow('no request 7')
  })
})
