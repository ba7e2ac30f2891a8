import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createProbe } from '../../../deploy/diagnostics/probe.ts'

let stop = async () => undefined as unknown
afterEach(() => stop())

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stop = () => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  }
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

test('stops waiting for a response that does not start', async () => {
  const url = await serve(() => undefined)
  expect(await createProbe({ timeoutMs: 50 })({ url })).toMatchObject({ failure: 'timeout' })
})

test('stops reading a response that does not end', async () => {
  const url = await serve((_, res) => res.writeHead(200).write('{'))
  expect(await createProbe({ timeoutMs: 50 })({ url })).toMatchObject({ failure: 'timeout' })
})

test('stops reading a response that is too large', async () => {
  const url = await serve((_, res) => res.end('x'.repeat(600_000)))
  expect(await createProbe()({ url })).toMatchObject({ failure: 'oversized' })
})

test('returns a redirect without following it', async () => {
  const paths: string[] = []
  const url = await serve((req, res) => {
    paths.push(req.url ?? '')
    res.writeHead(302, { location: '/elsewhere' }).end()
  })
  expect(await createProbe()({ url })).toMatchObject({ status: 302 })
  expect(paths).toEqual(['/'])
})

test('returns the system error code of a refused connection', async () => {
  const url = await serve(() => undefined)
  await stop()
  expect(await createProbe()({ url })).toMatchObject({ failure: 'ECONNREFUSED' })
})
