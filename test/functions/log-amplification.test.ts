import { describe, expect, test } from 'vitest'
import { printableJson } from '../../shared/log/printable.ts'
import { gatewayStack } from '../support/gateway/stack.ts'
import { handshakeMessage, type SendOptions } from '../support/http/serve.ts'

const { issuer, startForFile } = await gatewayStack()
const served = await startForFile()

/** The least number of bytes that the request has on the wire. */
function sentBytes({ method = 'GET', path, headers = {}, body }: SendOptions): number {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const text = body === undefined ? '' : JSON.stringify(body)
  const head = `${method} ${path} HTTP/1.1\r\nhost: a\r\n${fields.join('')}\r\n`
  return Buffer.byteLength(head) + Buffer.byteLength(text)
}

/** The number of bytes that the request adds to the log. */
async function loggedBytes(request: SendOptions): Promise<number> {
  served.lines.length = 0
  await served.send(request)
  const lines = served.lines.map((line) => printableJson(`${JSON.stringify(line)}\n`))
  return Buffer.byteLength(lines.join(''))
}

const batch = (messages: number) =>
  Array.from({ length: messages }, () => handshakeMessage('tools/call', { name: 'about' }))

describe('the log of one request', () => {
  const headers = { 'content-type': 'application/json' }
  const rows: readonly (SendOptions & { readonly name: string; readonly factor: number })[] = [
    { name: 'an unknown path', path: '/x', factor: 8 },
    { name: 'a long path', path: `/${'x'.repeat(8_000)}`, factor: 0.1 },
    {
      name: 'a request without credentials',
      method: 'POST',
      path: '/mcp',
      headers,
      body: {},
      factor: 8,
    },
    {
      name: 'a forged token',
      method: 'POST',
      path: '/mcp',
      headers: { ...headers, authorization: 'Bearer a.b.c' },
      body: {},
      factor: 8,
    },
    {
      name: 'a long forged token',
      method: 'POST',
      path: '/mcp',
      headers: { ...headers, authorization: `Bearer ${'\u0061'.repeat(8_000)}` },
      body: {},
      factor: 0.1,
    },
    {
      name: 'a batch of anonymous calls',
      method: 'POST',
      path: '/mcp',
      headers,
      body: batch(50),
      factor: 10,
    },
  ]
  test.each(rows)(
    'has less than $factor times the bytes of the request: $name',
    async ({ name: _, factor, ...request }) => {
      expect(await loggedBytes(request)).toBeLessThan(factor * sentBytes(request))
    },
  )

  const subjects: readonly [name: string, subject: string][] = [
    ['a usual subject', 'auth0|65f1c0ffee'],
    ['a long subject', 's'.repeat(4_000)],
    ['a subject of control characters', '\u0001'.repeat(600)],
    ['a subject of bidirectional overrides', '\u202e'.repeat(1_300)],
  ]
  test.each(subjects)(
    'has less than 14 times the bytes of the request for a batch of 50 calls by %s',
    async (_, sub) => {
      const authorization = `Bearer ${await issuer.token({ sub, azp: sub })}`
      const request = {
        method: 'POST',
        path: '/mcp',
        headers: { ...headers, authorization },
        body: batch(50),
      }
      const logged = await loggedBytes(request)
      expect(logged).toBeGreaterThan(0)
      expect(logged).toBeLessThan(14 * sentBytes(request))
    },
  )
})
