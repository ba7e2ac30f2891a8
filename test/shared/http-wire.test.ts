import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { serve } from '../support/http/serve.ts'

const LARGE = Buffer.alloc(32 * 1024 * 1024, 'x')
const paths: string[] = []
const served = await serve('wire', () => async (request) => {
  paths.push(`${request.path} ${request.query}`)
  const body = await request.body()
  return { status: 200, body: request.path === '/large' ? LARGE : body }
})
afterEach(() => {
  vi.useRealTimers()
  paths.length = 0
  served.lines.length = 0
})
afterAll(() => served[Symbol.asyncDispose]())

function open(request: string) {
  const socket = connect(Number(new URL(served.url).port), '127.0.0.1')
  socket.write(request)
  return socket
}

test.each([
  ['http://mcp.test/mcp?a=b', '/mcp a=b'],
  ['HTTPS://mcp.test:8443/a/b#c', '/a/b '],
  ['http://mcp.test', '/ '],
  ['http://mcp.test?a', '/ a'],
])('accepts the request target %s in absolute form (RFC 9112 s3.2.2)', async (target, expected) => {
  const { host } = new URL(target)
  const socket = open(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /)
  expect(paths).toEqual([expected])
})

test('rejects a transfer coding other than chunked with 415', async () => {
  const socket = open(
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  )
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 415 /)
})

test('disconnects a client that does not read a response within 30 seconds', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const socket = open('GET /large HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(socket, 'connect')
  socket.pause()
  const closed = once(socket, 'close')
  await vi.waitFor(() => expect(paths).toHaveLength(1), { timeout: 120_000 })
  // One turn later the response is written.
  await new Promise(setImmediate)
  await vi.advanceTimersByTimeAsync(29_000)
  expect(served.lines).toEqual([])
  await vi.advanceTimersByTimeAsync(1_000)
  vi.useRealTimers()
  expect(served.lines).toMatchObject([{ message: 'response_send_timed_out' }])
  expect(served.lines[0]?.['unsent_bytes']).toBeGreaterThan(0)
  socket.on('error', () => undefined).resume()
  await closed
  expect(socket.bytesRead).toBeLessThan(LARGE.length)
})
