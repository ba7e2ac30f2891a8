import { describe, expect, test, vi } from 'vitest'
import { createBodyBudget } from '../../shared/http/body-budget.ts'
import { JSON_TYPE } from '../support/gateway/mcp.ts'
import { gatewayStack } from '../support/gateway/stack.ts'
import { handshakeMessage } from '../support/http/serve.ts'

const MIB = 1024 * 1024

const { backend, start } = await gatewayStack()

function callOf(bytes: number) {
  const call = { ...handshakeMessage('tools/call', { name: 'about', arguments: { text: '' } }) }
  const text = 'x'.repeat(bytes - JSON.stringify(call).length)
  return { ...call, params: { name: 'about', arguments: { text } } }
}

describe('the budget of bodies in flight', () => {
  test('refuses bytes beyond the limit and does not count them', () => {
    const budget = createBodyBudget(MIB)
    const [one, other] = [budget.open(), budget.open()]
    expect(one.take(MIB)).toBe(true)
    expect(other.take(100 * 1024)).toBe(false)
    expect(budget.held()).toBe(MIB)
    one.release()
    one.release()
    expect(budget.held()).toBe(0)
    expect(other.take(100 * 1024)).toBe(true)
  })

  test('has 8 MiB for small bodies in addition to the limit for large ones', () => {
    const budget = createBodyBudget(MIB)
    expect(budget.open().take(MIB)).toBe(true)
    let small = 0
    while (budget.open().take(64 * 1024)) small++
    expect(small).toBe(128)
    expect(budget.held()).toBe(9 * MIB)
  })

  test('counts a body as large once it exceeds 64 KiB', () => {
    const budget = createBodyBudget(MIB)
    budget.open().take(MIB)
    const share = budget.open()
    expect(share.take(64 * 1024)).toBe(true)
    expect(share.take(1)).toBe(false)
  })
})

describe('the gateway with bodies in flight', () => {
  test('returns 503 for large bodies beyond 16 MiB until others end, and accepts small ones', async () => {
    const served = await start()
    const path = '/mcp'
    const hangUp = new AbortController()
    backend.script('about', { delayMs: 600_000 })
    const post = (body: unknown, signal?: AbortSignal, to = path) =>
      served.send({ method: 'POST', path: to, headers: JSON_TYPE, body, ...(signal && { signal }) })
    const large = callOf(MIB)
    const waiting = Array.from({ length: 16 }, () => post(large, hangUp.signal).catch(() => 'gone'))
    await vi.waitUntil(() => backend.calls.length === 16, 120_000)

    const refused = await post(large)
    expect(refused.status).toBe(503)
    expect(refused.headers['retry-after']).toBe('1')
    expect(refused.json()).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: {
        code: -32000,
        message: 'The server is receiving too much data. Try again in a second.',
      },
    })
    expect(served.lines.at(-1)).toMatchObject({ reason: 'bodies_in_flight' })
    const rest = await post({ text: 'x'.repeat(MIB - 100) }, undefined, '/tools/about')
    expect(rest.status).toBe(503)
    expect(rest.headers['content-type']).toBe('application/problem+json')
    expect(rest.headers['retry-after']).toBe('1')

    backend.script('about', { body: { ok: true } })
    expect((await post(callOf(60 * 1024))).status).toBe(200)
    expect(backend.calls).toHaveLength(17)

    hangUp.abort()
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 16 }, () => 'gone'))
    await vi.waitUntil(async () => (await post(large)).status === 200, 120_000)
  }, 400_000)

  test('returns 413 for a body larger than MAX_BODY_BYTES', async () => {
    const served = await start({ MAX_BODY_BYTES: '2048' })
    const send = (bytes: number) =>
      served.send({ method: 'POST', path: '/mcp', headers: JSON_TYPE, body: callOf(bytes) })
    expect((await send(2_048)).status).toBe(200)
    const refused = await send(2_049)
    expect(refused.status).toBe(413)
    expect(refused.text).toContain('must not exceed 2048 bytes')
  })
})
