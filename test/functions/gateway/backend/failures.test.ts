import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { backendCalls, callAbout, reasonsIn } from '../../../support/gateway/backend-calls.ts'
import { JSON_TYPE } from '../../../support/gateway/mcp.ts'
import { gatewayStack } from '../../../support/gateway/stack.ts'
import { type Script, startBackend } from '../../../support/http/backend.ts'
import { handshakeMessage, TOOLS } from '../../../support/http/serve.ts'

type Json = Readonly<Record<string, unknown>>

const stack = await gatewayStack()
const { backend, start } = stack
const { callListEvents, callListEventsByMcp, onlyCall } = backendCalls(stack)

describe('a backend in trouble', () => {
  interface Trouble {
    readonly name: string
    readonly script: Script
    readonly reason: string
    readonly status: number
  }
  const events = { events: ['dentist'] }
  const troubles: readonly Trouble[] = [
    { name: 'answers late', script: { delayMs: 5_000 }, reason: 'backend_timeout', status: 504 },
    {
      name: 'drips past the time-out',
      script: { body: { events: ['x'.repeat(100)] }, manner: 'drip' },
      reason: 'backend_timeout',
      status: 504,
    },
    { name: 'resets', script: { manner: 'reset' }, reason: 'backend_unreachable', status: 502 },
    {
      name: 'changes the protocol',
      script: { manner: 'upgrade' },
      reason: 'backend_unreachable',
      status: 502,
    },
    {
      name: 'stops in the middle',
      script: { body: events, manner: 'truncate' },
      reason: 'backend_unreachable',
      status: 502,
    },
    {
      name: 'answers with too much',
      script: { body: { events: ['x'.repeat(5 * 1024 * 1024)] } },
      reason: 'backend_oversized',
      status: 502,
    },
    {
      name: 'answers with too much, in pieces',
      script: { body: { events: ['x'.repeat(5 * 1024 * 1024)] }, manner: 'chunked' },
      reason: 'backend_oversized',
      status: 502,
    },
    {
      name: 'redirects',
      script: { status: 302, headers: { location: '/elsewhere' } },
      reason: 'backend_http_302',
      status: 502,
    },
    {
      name: 'redirects with the method',
      script: { status: 307, headers: { location: '/elsewhere' } },
      reason: 'backend_http_307',
      status: 502,
    },
    {
      name: 'answers with a page',
      script: { contentType: 'text/html', body: '<p>Sign in</p>' },
      reason: 'backend_content_type',
      status: 502,
    },
    {
      name: 'answers with an image',
      script: { contentType: 'image/png', body: 'png' },
      reason: 'backend_content_type',
      status: 502,
    },
    {
      name: 'answers with JSON that is none',
      script: { body: '{"events":' },
      reason: 'backend_not_json',
      status: 502,
    },
    {
      name: 'answers with bytes that are not UTF-8',
      script: { body: Buffer.from([0x22, 0xff, 0x22]) },
      reason: 'backend_not_utf8',
      status: 502,
    },
    {
      name: 'answers in a coding nobody asked for',
      script: {
        body: gzipSync(JSON.stringify(events)),
        headers: { 'content-encoding': 'gzip' },
      },
      reason: 'backend_content_encoding',
      status: 502,
    },
    {
      name: 'breaks its outputSchema',
      script: { body: { events: 'dentist' } },
      reason: 'backend_output_schema',
      status: 502,
    },
    {
      name: 'breaks its outputSchema in a CallToolResult',
      script: { body: { content: [], structuredContent: { events: 7 } } },
      reason: 'backend_output_schema',
      status: 502,
    },
    {
      name: 'leaves the promised structure out of a CallToolResult',
      script: { body: { content: [{ type: 'text', text: 'hi' }] } },
      reason: 'backend_output_schema',
      status: 502,
    },
    {
      name: 'answers with text instead of the promised structure',
      script: { contentType: 'text/plain', body: 'hi' },
      reason: 'backend_output_unstructured',
      status: 502,
    },
    {
      name: 'answers with nothing instead of the promised structure',
      script: { body: '' },
      reason: 'backend_output_unstructured',
      status: 502,
    },
    { name: 'fails', script: { status: 500 }, reason: 'backend_http_500', status: 502 },
    { name: 'is away', script: { status: 503 }, reason: 'backend_http_503', status: 502 },
  ]

  test.each(troubles)('that $name: a plain sentence, the cause in the log', async (trouble) => {
    backend.script('listEvents', trouble.script)
    const isLate = trouble.reason === 'backend_timeout'
    const served = await start({ BACKEND_TIMEOUT_MS: isLate ? '600' : '10000' })
    const rest = await callListEvents(served)
    expect(rest.status).toBe(trouble.status)

    const mcp = await callListEventsByMcp(served)
    expect(mcp.status).toBe(200)
    expect(mcp.json()).toMatchObject({
      result: {
        isError: true,
        content: [{ type: 'text', text: expect.stringMatching(/^The tool/) }],
      },
    })
    expect(mcp.json<{ result: Json }>().result).not.toHaveProperty('structuredContent')
    expect(reasonsIn(served)).toEqual([trouble.reason, trouble.reason])
    expect(served.lines).toContainEqual(
      expect.objectContaining({
        message: 'tool_answered',
        severity: 'ERROR',
        status: trouble.status,
      }),
    )
    expect(backend.calls.map(({ path }) => path)).toEqual(['/listEvents', '/listEvents'])
    for (const answer of [rest, mcp]) {
      expect(answer.text).not.toMatch(/ECONN|127\.0\.0\.1|backend_|stack/)
    }
  })

  test('answers with too much in all to a batch: what is too much fails, and nothing grows', async () => {
    backend.script('about', { contentType: 'text/plain', body: 'x'.repeat(1024 * 1024) })
    const served = await start()
    const message = handshakeMessage('tools/call', { name: 'about' })
    const answer = await served.send({
      method: 'POST',
      path: '/mcp',
      headers: JSON_TYPE,
      body: Array.from({ length: 8 }, (_, id) => ({ ...message, id })),
    })
    expect(answer.status).toBe(200)
    expect(answer.text.length).toBeLessThan(5 * 1024 * 1024)
    expect(reasonsIn(served)).toContain('backend_oversized')
    expect(answer.json<unknown[]>()).toHaveLength(8)
  })

  test('that refuses the connection', async () => {
    const closed = await startBackend()
    await closed[Symbol.asyncDispose]()
    const served = await start({}, { functionsBase: closed.url })
    const answer = await callListEvents(served)
    expect(answer.status).toBe(502)
    expect(reasonsIn(served)).toEqual(['backend_unreachable'])
    expect(answer.text).not.toMatch(/ECONN|127\.0\.0\.1/)
  })

  test("a tool's own timeoutMs is shorter than everybody's", async () => {
    backend.script('about', { delayMs: 10_000 })
    const tools = { about: { ...TOOLS.about, timeoutMs: 50 } }
    const served = await start({ TOOLS: JSON.stringify(tools), BACKEND_TIMEOUT_MS: '15000' })
    expect((await callAbout(served)).json()).toMatchObject({ result: { isError: true } })
    expect(reasonsIn(served)).toEqual(['backend_timeout'])
  })

  test("but never longer than everybody's", async () => {
    backend.script('about', { delayMs: 1_000 })
    const tools = { about: { ...TOOLS.about, timeoutMs: 60_000 } }
    const served = await start({ TOOLS: JSON.stringify(tools), BACKEND_TIMEOUT_MS: '50' })
    await callAbout(served)
    expect(reasonsIn(served)).toEqual(['backend_timeout'])
  })

  test('a time-out ends the call at the backend', async () => {
    backend.script('about', { delayMs: 10_000 })
    await callAbout(await start({ BACKEND_TIMEOUT_MS: '500' }))
    await onlyCall().abandoned
  })

  test('a call that goes wrong is not made again', async () => {
    backend.script('about', { manner: 'reset' })
    const served = await start()
    await callAbout(served)
    backend.script('about', {})
    await callAbout(served)
    expect(backend.calls).toHaveLength(2)
  })
})
