import { setImmediate } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { connectTo } from '../../../../functions/gateway/backend/send.ts'
import { call, PLENTY } from '../../../support/gateway/send-to.ts'
import { freePort } from '../../../support/http/free-port.ts'
import { response, startNumbering, startRawServer } from '../../../support/http/raw-server.ts'

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate()
}

afterEach(() => void vi.useRealTimers())

describe('an idle connection', () => {
  test('is not used later than a second before the time-out that the server states', async () => {
    // Without its timers: a process that was suspended has not run them.
    vi.useFakeTimers({ toFake: ['hrtime'] })
    const { port } = await startNumbering('keep-alive: timeout=10\r\n')
    expect(await call(port)).toBe('1')
    vi.advanceTimersByTime(8_999)
    expect(await call(port)).toBe('1')
    vi.advanceTimersByTime(9_000)
    expect(await call(port)).toBe('2')
  })

  test('with a time-out of a second is not used', async () => {
    const { port } = await startNumbering('keep-alive: timeout=1\r\n')
    expect([await call(port), await call(port)]).toEqual(['1', '2'])
  })

  test('with a time-out of a second is not used by a call that waits', async () => {
    const { port } = await startNumbering('keep-alive: timeout=1\r\n')
    const results = await Promise.all(Array.from({ length: 300 }, () => call(port)))
    expect(new Set(results).size).toBe(300)
  })

  test.each(['', 'keep-alive: timeout=600\r\n'])('is used for a minute: %j', async (fields) => {
    vi.useFakeTimers({ toFake: ['hrtime'] })
    const { port } = await startNumbering(fields)
    expect(await call(port)).toBe('1')
    vi.advanceTimersByTime(59_999)
    expect(await call(port)).toBe('1')
    vi.advanceTimersByTime(60_000)
    expect(await call(port)).toBe('2')
  })

  test('is closed once it is stale, and others stay open', async () => {
    vi.useFakeTimers({ toFake: ['hrtime', 'setTimeout', 'clearTimeout'] })
    const { port, open } = await startRawServer((socket, connection, path) => {
      socket.write(
        response(String(connection), path === '/brief' ? 'keep-alive: timeout=9\r\n' : ''),
      )
    })
    const paths = ['/', '/brief', '/brief']
    await Promise.all(paths.map((path) => call(port, { path })))
    expect(open.size).toBe(3)
    vi.advanceTimersByTime(30_000)
    await until(() => open.size < 3)
    await until(() => open.size < 2)
    expect(await call(port, { path: '/' })).toMatch(/^[123]$/)
    vi.advanceTimersByTime(90_000)
    await until(() => open.size === 0)
    // Without connections, no timer is left.
    await until(() => vi.advanceTimersByTime(30_000).getTimerCount() === 0)
  })

  test.each([
    ['after Connection: close', response('a', 'Connection: close\r\n')],
    ['after HTTP/1.0', response('a', '', 'HTTP/1.0 200 OK')],
    [
      'after HTTP/1.0 with keep-alive',
      response('a', 'connection: keep-alive\r\n', 'HTTP/1.0 200 OK'),
    ],
    ['with bytes after the response', `${response('a')}b`],
  ])('is not kept %s', async (_, text) => {
    const connections: number[] = []
    const { port, open } = await startRawServer((socket, connection) => {
      connections.push(connection)
      socket.write(text)
    })
    expect([await call(port), await call(port)]).toEqual(['a', 'a'])
    expect(connections).toEqual([1, 2])
    await until(() => open.size === 0)
  })

  test('is not used if the server closes it after the response without saying so', async () => {
    const { port } = await startRawServer((socket, connection) => {
      socket.end(response(String(connection)))
    })
    for (let calls = 1; calls <= 100; calls += 1) expect(await call(port)).toBe(String(calls))
  })

  test.each([16, 300])('is not used then by any of %d callers', async (callers) => {
    const { port } = await startRawServer((socket, connection) => {
      socket.end(response(String(connection)))
    })
    const callTwice = async () => [await call(port), await call(port)]
    const results = await Promise.all(Array.from({ length: callers }, callTwice))
    expect(new Set(results.flat()).size).toBe(2 * callers)
  })

  test('is used by the next call', async () => {
    const { port } = await startNumbering()
    for (let calls = 1; calls <= 100; calls += 1) expect(await call(port)).toBe('1')
  })

  test('is not kept after HEAD, to which some servers send content', async () => {
    const content = response('content of HEAD')
    let requests = 0
    const { port } = await startRawServer((socket, connection) => {
      requests += 1
      if (requests === 1)
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${content.length}\r\n\r\n`)
      // The content is late.
      else socket.write(connection === 1 ? content : response(String(connection)))
    })
    expect(await call(port, { method: 'HEAD' })).toBe('')
    expect(await call(port)).toBe('2')
  })

  test('is not kept if the response arrives before the request is sent', async () => {
    const { port, open } = await startRawServer((socket, connection) => {
      socket.pause()
      socket.write(response(String(connection)))
    })
    const body = 'x'.repeat(50_000_000)
    expect(await call(port, { method: 'POST', body })).toBe('1')
    expect(await call(port)).toBe('2')
    for (const socket of open) socket.resume()
    await until(() => open.size === 1)
  })
})

describe('a connection before the first call', () => {
  test('is used by it', async () => {
    const { port, open } = await startNumbering()
    connectTo(`http://127.0.0.1:${port}`)
    await until(() => open.size === 1)
    expect(await call(port)).toBe('1')
    connectTo(`http://127.0.0.1:${port}`)
    expect(await call(port)).toBe('1')
    expect(open.size).toBe(1)
  })

  test('is closed after 2 s without a call, and not after a call', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { port, open } = await startNumbering()
    connectTo(`http://127.0.0.1:${port}`)
    await until(() => open.size === 1)
    vi.advanceTimersByTime(1_999)
    for (let turns = 0; turns < 50; turns += 1) await setImmediate()
    expect(open.size).toBe(1)
    vi.advanceTimersByTime(1)
    await until(() => open.size === 0)
    connectTo(`http://127.0.0.1:${port}`)
    await until(() => open.size === 1)
    expect(await call(port)).toBe('2')
    vi.advanceTimersByTime(2_000)
    expect(await call(port)).toBe('2')
  })

  test('that the server closes does not fail it', async () => {
    const { port, open } = await startNumbering()
    connectTo(`http://127.0.0.1:${port}`)
    await until(() => open.size === 1)
    for (const socket of open) socket.destroy()
    await until(() => open.size === 0)
    expect(await call(port)).toBe('2')
  })

  test('that is refused does not fail it', async () => {
    const port = await freePort()
    connectTo(`http://127.0.0.1:${port}`)
    await startRawServer((socket) => socket.write(response('a')), { port })
    expect(await call(port)).toBe('a')
  })

  test('whose handshake does not end does not delay it', async () => {
    // Without a TLS handshake.
    const { port, open } = await startRawServer(() => undefined)
    const origin = `https://127.0.0.1:${port}`
    connectTo(origin)
    await until(() => open.size === 1)
    const [first] = open
    const outcome = call(port, { origin }, PLENTY, 60_000)
    await until(() => open.size === 2)
    first?.destroy()
    await until(() => open.size === 1)
    for (const socket of open) socket.destroy()
    expect(await outcome).toBe('unreachable')
  })
})

describe('calls that wait for a connection', () => {
  test.each([1, 3, 450])('all fail if the server refuses connections: %d', async (count) => {
    const port = await freePort()
    const callAll = () => Promise.all(Array.from({ length: count }, () => call(port)))
    expect(await callAll()).toEqual(Array.from({ length: count }, () => 'unreachable'))
    await startRawServer((socket) => socket.write(response('a')), { port })
    expect(await callAll()).toEqual(Array.from({ length: count }, () => 'a'))
  })

  test('all fail if the name of the server is unknown', async () => {
    const origin = 'http://backend.invalid'
    const calls = Array.from({ length: 5 }, () => call(0, { origin }))
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 5 }, () => 'unreachable'))
  })

  test('do not depend on an attempt to connect that another call has waited for', async () => {
    // Without a TLS handshake.
    const { port, open } = await startRawServer(() => undefined)
    const origin = `https://127.0.0.1:${port}`
    expect(await call(port, { origin }, PLENTY, 50)).toBe('timeout')
    await until(() => open.size === 1)
    let failure: string | undefined
    const later = call(port, { origin }).then((result) => {
      failure = result
    })
    await until(() => open.size === 2)
    const [first, second] = open
    first?.destroy()
    await until(() => open.size === 1)
    for (let turns = 0; turns < 50; turns += 1) await setImmediate()
    expect(failure).toBe(undefined)
    second?.destroy()
    await later
    expect(failure).toBe('unreachable')
  })

  test('use 200 connections, and others when those are closed', async () => {
    const held: (() => void)[] = []
    let isHolding = true
    const { port } = await startRawServer((socket, connection, path) => {
      const respond = () => socket.end(response(`${path} ${connection}`, 'connection: close\r\n'))
      if (isHolding) held.push(respond)
      else respond()
    })
    const paths = Array.from({ length: 450 }, (_, index) => `/${index}`)
    const calls = paths.map((path) => call(port, { path }))
    await until(() => held.length === 200)
    for (let turns = 0; turns < 50; turns += 1) await setImmediate()
    expect(held).toHaveLength(200)
    isHolding = false
    for (const respond of held) respond()
    const bodies = (await Promise.all(calls)).map((body) => body.split(' '))
    expect(bodies.map(([path]) => path)).toEqual(paths)
    expect(new Set(bodies.map(([, connection]) => connection)).size).toBe(450)
  })
})
