import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Pool } from 'undici'
import { type ServerProcess, startServer } from '../server-process.ts'
import { backend } from '../subjects.ts'

const ANSWER = { events: [{ id: 'evt_1', title: 'Dentist', at: '2026-12-01' }] }
const BODIES = ['', '{}', 'x'.repeat(70_000), 'y'.repeat(1_048_576)]

describe('The backend of the benchmark', () => {
  let server: ServerProcess
  beforeAll(async () => {
    server = await startServer(backend, { path: '/' })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test('answers calls of undici over one connection', async () => {
    const pool = new Pool(server.url, { connections: 1 })
    let connections = 0
    pool.on('connect', () => {
      connections++
    })
    for (const body of [...BODIES, ...BODIES]) {
      const answer = await pool.request({ path: '/listEvents', method: 'POST', body })
      expect([answer.statusCode, await answer.body.json()]).toEqual([200, ANSWER])
    }
    await pool.close()
    expect(connections).toBe(1)
  })

  test('answers calls of node:http over one connection, with chunked bodies too', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const isReused: boolean[] = []
    for (const body of BODIES) {
      const outgoing = request(server.url, { agent, method: 'POST' })
      // Without a length before the first write, Node sends chunks.
      outgoing.write(body.slice(0, 10) || 'x')
      outgoing.end(body.slice(10))
      const [incoming] = await once(outgoing, 'response')
      expect(JSON.parse(await text(incoming))).toEqual(ANSWER)
      isReused.push(outgoing.reusedSocket)
    }
    agent.destroy()
    expect(isReused).toEqual([false, true, true, true])
  })

  test.each(BODIES)('answers a call of fetch (body %#)', async (body) => {
    const answer = await fetch(server.url, { method: 'POST', body })
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(await answer.json()).toEqual(ANSWER)
  })

  test('answers a request that arrives in pieces of one byte, and closes on request', async () => {
    const { hostname, port } = new URL(server.url)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    const head = 'POST / HTTP/1.1\r\nContent-Length: 3\r\nConnection: close\r\n\r\n'
    for (const byte of `${head}abc`) {
      await new Promise<void>((resolve) => socket.write(byte, () => resolve()))
    }
    const answer = await text(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toEqual(ANSWER)
  })

  test('survives other bytes than HTTP and reset connections', async () => {
    const { hostname, port } = new URL(server.url)
    for (const bytes of [
      '\x16\x03\x01 TLS\r\n\r\n',
      'POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\n',
    ]) {
      const socket = connect({ host: hostname, port: Number(port) })
      socket.on('error', () => socket.destroy())
      await new Promise<void>((resolve) => socket.write(bytes, () => resolve()))
      socket.resetAndDestroy()
    }
    expect(await (await fetch(server.url)).json()).toEqual(ANSWER)
  })
})
