import { describe, expect, test } from 'vitest'
import { JSON_TYPE } from '../../support/gateway/mcp.ts'
import { gatewayStack } from '../../support/gateway/stack.ts'
import { handshakeMessage, type Served } from '../../support/http/serve.ts'

const TOO_MANY = `[${'1,'.repeat(250_000)}1]`
const NUMBERS = `[${'1.50,-0,12345678901234567890,'.repeat(5_000)}{"__proto__":[2.0]},"${'é\\n😀'.repeat(9_000)}"]`

const stack = await gatewayStack()
const { backend } = stack

/** Starts a gateway whose only tool, `n`, has these members. */
const start = (tool: object = {}) =>
  stack.start({ TOOLS: JSON.stringify({ n: { scopes: [], ...tool } }) })

const post = (served: Served, path: string, body: string) =>
  served.send({ method: 'POST', path, headers: JSON_TYPE, body })
const callText = (args: string, id = 1) =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"n","arguments":${args}}}`

describe('long arguments and responses', () => {
  test('are passed on unchanged over REST, over MCP and in a batch', async () => {
    const served = await start({
      inputSchema: { type: 'object', properties: { n: { type: 'array' } } },
      outputSchema: { type: 'object', properties: { n: { type: 'array' } } },
    })
    const text = JSON.stringify(JSON.parse(NUMBERS))
    expect(text.length).toBeGreaterThan(100_000)
    backend.script('n', { body: `{"n":${NUMBERS}}` })
    const rest = await post(served, '/tools/n', `{"n":${NUMBERS}}`)
    const mcp = await post(served, '/mcp', callText(`{"n":${NUMBERS}}`))
    const batch = await post(
      served,
      '/mcp',
      `[${callText(`{"n":${NUMBERS}}`)},${callText('{"n":1}', 2)},${callText('{}', 3)}]`,
    )
    expect(rest.text).toBe(`{"n":${NUMBERS}}`)
    expect(mcp.text).toContain(`"structuredContent":{"n":${NUMBERS}}`)
    expect(mcp.json()).toMatchObject({ result: { content: [{ text: `{"n":${NUMBERS}}` }] } })
    expect(backend.calls.map(({ body }) => body)).toEqual([
      ...Array.from({ length: 3 }, () => `{"n":${NUMBERS}}`),
      '{}',
    ])
    expect(batch.json()).toMatchObject([
      { id: 1, result: { structuredContent: expect.anything() } },
      { id: 2, result: { isError: true } },
      { id: 3, result: { structuredContent: expect.anything() } },
    ])
    for (const call of backend.calls) expect(call.headers['x-gateway-assertion']).toBeDefined()
  })

  test('get 413 without a call if the arguments have more than 200,000 values', async () => {
    const served = await start()
    const mcp = await post(served, '/mcp', callText(`{"n":${TOO_MANY}}`))
    expect(mcp.status).toBe(413)
    expect(mcp.json()).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: {
        code: -32600,
        message: 'Invalid Request: it has over 200000 values and names.',
      },
    })
    const rest = await post(served, '/tools/n', `{"n":${TOO_MANY}}`)
    expect(rest.status).toBe(413)
    expect(rest.headers['content-type']).toBe('application/problem+json')
    const digits = await post(served, '/tools/n', `{"n":${'9'.repeat(11_000)}}`)
    expect(digits.status).toBe(413)
    expect(backend.calls).toEqual([])
  })

  test('get 502 if the response has more than 200,000 values', async () => {
    const served = await start()
    backend.script('n', { body: TOO_MANY })
    expect((await post(served, '/tools/n', '{}')).status).toBe(502)
    expect(served.lines.at(-1)).toMatchObject({ reason: 'backend_json_limit' })
  })

  test('get an error if they are malformed', async () => {
    const served = await start()
    for (const text of [`${callText(NUMBERS)}}`, callText(NUMBERS).slice(0, -1), `[${NUMBERS}`]) {
      expect((await post(served, '/mcp', text)).json()).toMatchObject({ error: { code: -32700 } })
    }
    backend.script('n', { body: `[${NUMBERS},NaN]` })
    await post(served, '/tools/n', '{}')
    expect(served.lines.at(-1)).toMatchObject({ reason: 'backend_json_nan' })
    backend.script('n', { body: `${NUMBERS}x` })
    await post(served, '/tools/n', '{}')
    expect(served.lines.at(-1)).toMatchObject({ reason: 'backend_not_json' })
  })

  test('are read as JSON Lines, as a CallToolResult and as an error result', async () => {
    const served = await start()
    const lines = Array.from({ length: 3_000 }, (_, id) => `{"id":${id},"n":1.0}`)
    const body = lines.join('\n')
    backend.script('n', { body, headers: { 'content-type': 'application/x-ndjson' } })
    expect((await post(served, '/tools/n', '{}')).text).toBe(`[${lines.join(',')}]`)
    const content = Array.from({ length: 2_000 }, () => ({ type: 'text', text: 'a line' }))
    backend.script('n', { body: { content, isError: true } })
    const refused = await post(served, '/mcp', callText('{}'))
    expect(refused.json()).toMatchObject({ result: { content, isError: true } })
    backend.script('n', { body: { structuredContent: { content } } })
    const result = await post(served, '/mcp', callText('{}'))
    expect(result.json()).toMatchObject({
      result: { content: [{ text: JSON.stringify({ content }) }], structuredContent: { content } },
    })
  })
})

test('concurrent long calls each get their own response', async () => {
  const served = await start()
  const answers = await Promise.all(
    Array.from({ length: 10 }, async (_, index) => {
      const answer = await post(served, '/mcp', callText(`{"n":${index},"x":${NUMBERS}}`, index))
      return answer.json<{ id: number }>().id
    }),
  )
  expect(answers).toEqual(Array.from({ length: 10 }, (_, index) => index))
  expect(new Set(backend.calls.map(({ body }) => body.slice(0, 7))).size).toBe(10)
})

function messageOf(text: unknown) {
  return JSON.stringify(handshakeMessage('tools/call', { name: 'n', arguments: { text } }))
}

test('a long message of the handshake era is accepted', async () => {
  const served = await start()
  expect((await post(served, '/mcp', messageOf('x'.repeat(100_000)))).status).toBe(200)
})
