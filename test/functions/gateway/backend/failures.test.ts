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

describe('a backend', () => {
  interface Trouble {
    readonly name: string
    readonly script: Script
    readonly reason: string
    readonly status: number
  }
  const events = { events: ['dentist'] }
  const person = { type: 'object', properties: { age: { type: 'integer' } } }
  const outputSchema = {
    type: 'object',
    properties: { people: { type: 'object', additionalProperties: person } },
  }
  const troubles: readonly Trouble[] = [
    {
      name: 'responds too late',
      script: { delayMs: 5_000 },
      reason: 'backend_timeout',
      status: 504,
    },
    {
      name: 'sends its body too slowly',
      script: { body: { events: ['x'.repeat(100)] }, manner: 'drip' },
      reason: 'backend_timeout',
      status: 504,
    },
    {
      name: 'resets the connection',
      script: { manner: 'reset' },
      reason: 'backend_unreachable',
      status: 502,
    },
    {
      name: 'switches the protocol',
      script: { manner: 'upgrade' },
      reason: 'backend_unreachable',
      status: 502,
    },
    {
      name: 'ends its body early',
      script: { body: events, manner: 'truncate' },
      reason: 'backend_unreachable',
      status: 502,
    },
    {
      name: 'responds with 5 MiB',
      script: { body: { events: ['x'.repeat(5 * 1024 * 1024)] } },
      reason: 'backend_oversized',
      status: 502,
    },
    {
      name: 'responds with 5 MiB in chunks',
      script: { body: { events: ['x'.repeat(5 * 1024 * 1024)] }, manner: 'chunked' },
      reason: 'backend_oversized',
      status: 502,
    },
    {
      name: 'redirects with 302',
      script: { status: 302, headers: { location: '/elsewhere' } },
      reason: 'backend_http_302',
      status: 502,
    },
    {
      name: 'redirects with 307',
      script: { status: 307, headers: { location: '/elsewhere' } },
      reason: 'backend_http_307',
      status: 502,
    },
    {
      name: 'responds with HTML',
      script: { contentType: 'text/html', body: '<p>Sign in</p>' },
      reason: 'backend_content_type',
      status: 502,
    },
    {
      name: 'responds with an image',
      script: { contentType: 'image/png', body: 'png' },
      reason: 'backend_content_type',
      status: 502,
    },
    {
      name: 'responds with malformed JSON',
      script: { body: '{"events":' },
      reason: 'backend_not_json',
      status: 502,
    },
    {
      name: 'responds with bytes that are not UTF-8',
      script: { body: Buffer.from([0x22, 0xff, 0x22]) },
      reason: 'backend_not_utf8',
      status: 502,
    },
    {
      name: 'responds with a content coding',
      script: {
        body: gzipSync(JSON.stringify(events)),
        headers: { 'content-encoding': 'gzip' },
      },
      reason: 'backend_content_encoding',
      status: 502,
    },
    {
      name: 'violates its outputSchema',
      script: { body: { events: 'dentist' } },
      reason: 'backend_output_schema',
      status: 502,
    },
    {
      name: 'sends invalid structuredContent',
      script: { body: { content: [], structuredContent: { events: 7 } } },
      reason: 'backend_output_schema',
      status: 502,
    },
    {
      name: 'omits required structuredContent',
      script: { body: { content: [{ type: 'text', text: 'hi' }] } },
      reason: 'backend_output_schema',
      status: 502,
    },
    {
      name: 'sends text despite an outputSchema',
      script: { contentType: 'text/plain', body: 'hi' },
      reason: 'backend_output_unstructured',
      status: 502,
    },
    {
      name: 'sends no body despite an outputSchema',
      script: { body: '' },
      reason: 'backend_output_unstructured',
      status: 502,
    },
    { name: 'responds with 500', script: { status: 500 }, reason: 'backend_http_500', status: 502 },
    { name: 'responds with 503', script: { status: 503 }, reason: 'backend_http_503', status: 502 },
  ]

  test.each(troubles)(
    'that fails causes a generic message, and the log has the reason: $name',
    async (trouble) => {
      backend.script('listEvents', trouble.script)
      const isLate = trouble.reason === 'backend_timeout'
      const served = await start({ BACKEND_TIMEOUT_MS: isLate ? '600' : '120000' })
      const rest = await callListEvents(served)
      expect(rest.status).toBe(trouble.status)

      const mcp = await callListEventsByMcp(served)
      expect(mcp.status).toBe(200)
      expect(mcp.json()).toMatchObject({
        result: {
          isError: true,
          content: [
            { type: 'text', text: expect.stringMatching(/^The (?:response of the )?tool/) },
          ],
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
    },
  )

  test.each([false, true])(
    'that violates its outputSchema has the place in the log and no data (long: %s)',
    async (isLong) => {
      const served = await start({
        TOOLS: JSON.stringify({ about: { ...TOOLS.about, outputSchema } }),
      })
      const people = {
        'alice@example.com': { note: 'x'.repeat(isLong ? 100_000 : 1), age: 'secret' },
      }
      backend.script('about', { body: { people } })
      const answer = await callAbout(served)
      const logged = served.lines.filter(({ message }) => message === 'backend_output_rejected')
      expect(logged).toEqual([
        {
          severity: 'WARNING',
          message: 'backend_output_rejected',
          time: expect.any(String),
          service: 'gateway',
          request_id: expect.any(String),
          tool: 'about',
          location: '/people/*/age',
          keyword: 'type',
        },
      ])
      expect(JSON.stringify(served.lines)).not.toMatch(/alice|secret/)
      expect(answer.text).not.toMatch(/people|alice|age|secret/)
      expect(reasonsIn(served)).toEqual(['backend_output_schema'])
    },
  )

  test.each([
    ['http://127.0.0.1:1', 'ECONNREFUSED'],
    [backend.url.replace('http:', 'https:'), 'ERR_SSL_WRONG_VERSION_NUMBER'],
  ])('that is not at %s has its origin and the cause in the log', async (origin, code) => {
    const served = await start({ FUNCTIONS_BASE: `${origin}/base` })
    const answer = await callAbout(served)
    const logged = served.lines.filter(({ message }) => message === 'backend_unreachable')
    expect(logged).toMatchObject([{ severity: 'WARNING', tool: 'about', origin, code }])
    expect(answer.text).not.toContain(origin)
    expect(reasonsIn(served)).toEqual(['backend_unreachable'])
  })

  test('that responds to a batch with more than 4 MiB in total fails the calls beyond the limit', async () => {
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

  test('that refuses the connection causes a 502 without details', async () => {
    const closed = await startBackend()
    await closed[Symbol.asyncDispose]()
    const served = await start({}, { functionsBase: closed.url })
    const answer = await callListEvents(served)
    expect(answer.status).toBe(502)
    expect(reasonsIn(served)).toEqual(['backend_unreachable'])
    expect(answer.text).not.toMatch(/ECONN|127\.0\.0\.1/)
  })

  test('times out after the timeoutMs of the tool if that is shorter than BACKEND_TIMEOUT_MS', async () => {
    backend.script('about', { delayMs: 10_000 })
    const tools = { about: { ...TOOLS.about, timeoutMs: 50 } }
    const served = await start({ TOOLS: JSON.stringify(tools), BACKEND_TIMEOUT_MS: '120000' })
    expect((await callAbout(served)).json()).toMatchObject({ result: { isError: true } })
    expect(reasonsIn(served)).toEqual(['backend_timeout'])
  })

  test('times out after BACKEND_TIMEOUT_MS if that is shorter than the timeoutMs of the tool', async () => {
    backend.script('about', { delayMs: 1_000 })
    const tools = { about: { ...TOOLS.about, timeoutMs: 60_000 } }
    const served = await start({ TOOLS: JSON.stringify(tools), BACKEND_TIMEOUT_MS: '50' })
    await callAbout(served)
    expect(reasonsIn(served)).toEqual(['backend_timeout'])
  })

  test('loses the connection when the call times out', async () => {
    backend.script('about', { delayMs: 10_000 })
    await callAbout(await start({ BACKEND_TIMEOUT_MS: '3000' }))
    await onlyCall().abandoned
  })

  test('is not called again after a failed call', async () => {
    backend.script('about', { manner: 'reset' })
    const served = await start()
    await callAbout(served)
    backend.script('about', {})
    await callAbout(served)
    expect(backend.calls).toHaveLength(2)
  })
})
