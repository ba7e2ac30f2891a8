import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { listenOnLoopback } from '../../deploy/kit/listen.ts'
import { createTools } from '../../deploy/local/backends/tools.ts'
import { startPreview } from '../../deploy/preview/server.ts'
import { startLocalTenant } from '../support/auth0/local-tenant.ts'

const opened = new Set<() => Promise<void>>()

afterEach(async () => {
  await Promise.all([...opened].map((close) => close()))
  opened.clear()
})

/** Sends a request line that `fetch` cannot send. Returns the status of the response. */
async function statusOf(port: number, requestLine: string): Promise<string | undefined> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`${requestLine} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`)
  return /^HTTP\/1\.1 (\d+)/.exec(await text(socket))?.[1]
}

test.each([
  ['host', 'GET //', '404'],
  ['host', 'GET http://[', '404'],
  ['sandbox', 'GET //', '404'],
  ['sandbox', 'GET /?csp={', '400'],
] as const)('the %s of the preview answers %s with %s', async (name, requestLine, status) => {
  const options = { url: 'http://127.0.0.1:9/mcp', token: undefined, tool: undefined, args: {} }
  const preview = await startPreview({ ...options, port: 0 })
  opened.add(async () => preview[Symbol.asyncDispose]())
  const { port } = new URL(name === 'host' ? preview.url : preview.sandbox)

  expect(await statusOf(Number(port), requestLine)).toBe(status)
})

test.each(['GET //', 'GET http://['])(
  'the Auth0 emulator answers %s with 400 and reports no fault',
  async (requestLine) => {
    const reports: string[] = []
    const tenant = await startLocalTenant({ report: (line) => reports.push(line) })
    opened.add(() => tenant.close())

    expect(await statusOf(tenant.port, requestLine)).toBe('400')
    expect(reports).toEqual([])
  },
)

test('the sample backends keep running if the caller disconnects within the body', async () => {
  const { promise: arrived, resolve: onArrival } = Promise.withResolvers<void>()
  const { promise: closed, resolve: onClose } = Promise.withResolvers<void>()
  const tools = createTools({ base: 'http://127.0.0.1', issuer: 'i', secrets: ['s'.repeat(64)] })
  const watched: RequestListener = (req, res) => {
    req.once('data', onArrival)
    req.once('close', onClose)
    return tools(req, res)
  }
  const { port, close } = await listenOnLoopback(0, watched)
  opened.add(close)
  const caller = connect(port, '127.0.0.1')
  caller.write('POST /listEvents HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n\r\n{"a"')
  await arrived
  caller.destroy()
  await closed

  // An unhandled rejection would fail this test.
  expect(await statusOf(port, 'GET /listEvents')).toBe('405')
})

test('the Auth0 emulator reports no fault if the client disconnects within the body', async () => {
  const reports: string[] = []
  const tenant = await startLocalTenant({ report: (line) => reports.push(line) })
  opened.add(() => tenant.close())
  const client = connect(tenant.port, '127.0.0.1')
  client.write('POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n')
  client.write('Content-Length: 50\r\n\r\n{"a"')
  // The interim response shows that the request has arrived.
  await once(client, 'data')
  client.destroy()
  await tenant.close()

  expect(reports).toEqual([])
})
