import { describe, expect, test } from 'vitest'
import { printableJson } from '../../shared/log/printable.ts'
import { gatewayStack } from '../support/gateway/stack.ts'
import { handshakeMessage, type SendOptions } from '../support/http/serve.ts'

const { issuer, startForFile } = await gatewayStack()
const served = await startForFile()

/** Bytes of the request as it goes on the wire, at least. */
function sentBytes({ method = 'GET', path, headers = {}, body }: SendOptions): number {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const text = body === undefined ? '' : JSON.stringify(body)
  const head = `${method} ${path} HTTP/1.1\r\nhost: a\r\n${fields.join('')}\r\n`
  return Buffer.byteLength(head) + Buffer.byteLength(text)
}

/** Bytes of the lines that are written for it. */
async function loggedBytes(request: SendOptions): Promise<number> {
  served.lines.length = 0
  await served.send(request)
  const lines = served.lines.map((line) => printableJson(`${JSON.stringify(line)}\n`))
  return Buffer.byteLength(lines.join(''))
}

const batch = (messages: number) =>
  Array.from({ length: messages }, () => handshakeMessage('tools/call', { name: 'about' }))

describe('the log of one request is bounded by what was sent', () => {
  const headers = { 'content-type': 'application/json' }
  const rows: readonly (SendOptions & { readonly name: string; readonly factor: number })[] = [
    { name: 'a path that is not there', path: '/x', factor: 8 },
    { name: 'a long path', path: `/${'x'.repeat(8_000)}`, factor: 0.1 },
    { name: 'no credentials', method: 'POST', path: '/mcp', headers, body: {}, factor: 8 },
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
  test.each(rows)('$name: $factor-fold', async ({ name: _, factor, ...request }) => {
    expect(await loggedBytes(request)).toBeLessThan(factor * sentBytes(request))
  })

  const subjects: readonly [name: string, subject: string][] = [
    ['a usual subject', 'auth0|65f1c0ffee'],
    ['a long subject', 's'.repeat(4_000)],
    ['a subject of controls', '\u0001'.repeat(600)],
    ['a subject of overrides', '\u202e'.repeat(1_300)],
  ]
  test.each(subjects)('a batch of 50 calls by %s: 14-fold', async (_, sub) => {
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
  })
})
