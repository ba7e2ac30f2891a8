import { describe, expect, test } from 'vitest'
import { atOnce } from '../../../shared/json/turns.ts'
import { NumberError, readingValuesToCheck } from '../../../shared/json/written-numbers.ts'
import { JSON_TYPE } from '../../support/gateway/mcp.ts'
import { gatewayStack } from '../../support/gateway/stack.ts'
import type { Served } from '../../support/http/serve.ts'

const stack = await gatewayStack()
const { backend } = stack

/** Starts a gateway with one tool whose `n` has this schema in arguments and results. */
async function start(schema: object): Promise<Served> {
  const whole = { type: 'object', properties: { n: schema } }
  const n = { scopes: [], inputSchema: whole, outputSchema: whole }
  return stack.start({ TOOLS: JSON.stringify({ n }) })
}

async function both(served: Served, args: string) {
  const message = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"n","arguments":${args}}}`
  const rest = await served.send({
    method: 'POST',
    path: '/tools/n',
    headers: JSON_TYPE,
    body: args,
  })
  const mcp = await served.send({ method: 'POST', path: '/mcp', headers: JSON_TYPE, body: message })
  return { rest, mcp }
}

test.each([
  '1',
  '1.0',
  '-0',
  '-0.0',
  '0.10',
  '1e5',
  '1E+5',
  '1e400',
  '-1e-400',
  '0.0000001',
  '9007199254740993',
  '18446744073709551615',
  '0.1234567890123456789',
  '3.3333333333333333',
  '1234567890123456.7',
  '100000000000000000000000',
  '[1,1.0,{"__proto__":2.50}]',
])('the number %s is passed on as written in arguments and results', async (written) => {
  const text = `{"n":${written}}`
  const served = await start({})
  backend.script('n', { body: text })
  const { rest, mcp } = await both(served, text)
  expect(backend.calls.map(({ body }) => body)).toEqual([text, text])
  expect(rest.text).toBe(text)
  expect(mcp.text).toContain(`"structuredContent":${text}`)
})

describe('validation of a number as written', () => {
  test.each<[object, string, boolean]>([
    [{ maximum: 9007199254740992 }, '9007199254740993', false],
    [{ maximum: 9007199254740992 }, '9007199254740993.0', false],
    [{ maximum: 9007199254740992 }, '9.007199254740993e15', false],
    [{ minimum: 9007199254740992 }, '9007199254740993', true],
    [{ exclusiveMinimum: 9007199254740992 }, '9007199254740993', true],
    [{ exclusiveMaximum: -9007199254740992 }, '-9007199254740993', true],
    [{ const: 9007199254740992 }, '9007199254740993', false],
    [{ enum: [9007199254740992] }, '9007199254740993', false],
    [{ multipleOf: 2 }, '9007199254740993', false],
    [{ multipleOf: 3 }, '9007199254740993', true],
    [{ type: 'integer' }, '18446744073709551615', true],
    [{ type: 'number' }, '18446744073709551615', true],
    [{ type: 'string' }, '18446744073709551615', false],
    [{ uniqueItems: true }, '[1234567890123456789,1234567890123456790]', true],
    [{ uniqueItems: true }, '[1234567890123456789,1234567890123456789]', false],
    [{ uniqueItems: true }, '[[1234567890123456789],[1234567890123456789.0]]', false],
    [{ maximum: 1e308 }, '1e400', false],
    [{ type: 'integer' }, '1e400', true],
    [{ exclusiveMinimum: 0 }, '1e-400', false],
    [{ minimum: 0 }, '1e-400', true],
    [{ maximum: 0.1 }, '0.10000000000000000001', false],
    [{ maximum: 0.1 }, '0.1000', true],
    [{ minimum: 0.1 }, '0.09999999999999999999999', false],
    [{ type: 'integer' }, '1.0', true],
    [{ type: 'integer' }, '1.00000000000000000001', false],
    [{ const: 0 }, '-0', true],
    [{ multipleOf: 0.01 }, '19.990', true],
    [{ maximum: 10 }, '9.99999999999999999999', true],
  ])(
    'with the schema %j and the number %s gives %j in arguments and results',
    async (schema, written, fits) => {
      const text = `{"n":${written}}`
      const served = await start(schema)
      backend.script('n', { body: text })
      const { rest, mcp } = await both(served, text)
      expect(rest.status).toBe(fits ? 200 : 400)
      expect(backend.calls).toHaveLength(fits ? 2 : 0)
      expect(mcp.text.includes('"isError":true')).toBe(!fits)
      const answer = await both(served, '{}')
      expect(answer.rest.status).toBe(fits ? 200 : 502)
    },
  )

  test('applies to the result of an MCP server', async () => {
    const served = await start({ maximum: 9007199254740992 })
    for (const [written, status] of [
      ['9007199254740993', 502],
      ['9007199254740991.0', 200],
    ] as const) {
      const result = `{"content":[],"structured_content":{"n":${written}}}`
      backend.script('n', { body: `{"jsonrpc":"2.0","id":1,"result":${result}}` })
      expect((await both(served, '{}')).rest.status).toBe(status)
      backend.script('n', { body: result })
      expect((await both(served, '{}')).rest.status).toBe(status)
    }
  })
})

test('a number that is too large to check is refused with its location in arguments and results', async () => {
  const served = await start({})
  const text = `{"n":[{"a/b":1e1001}]}`
  const { rest, mcp } = await both(served, text)
  const sentence =
    'Invalid arguments: the number at /n/0/a~1b is too long or too large to be checked'
  expect(rest.status).toBe(400)
  expect(rest.json()).toMatchObject({ detail: sentence })
  expect(mcp.json()).toMatchObject({ result: { isError: true, content: [{ text: sentence }] } })
  expect(backend.calls).toEqual([])
  backend.script('n', { body: text })
  await both(served, '{}')
  expect(served.lines).toContainEqual(
    expect.objectContaining({ message: 'tool_answered', reason: 'backend_output_number' }),
  )
})

test('more than 20,000 numbers that JavaScript cannot represent are refused', () => {
  const of = (count: number) => `[${Array.from({ length: count }, () => '0.1234567890123456789')}]`
  expect(atOnce(readingValuesToCheck(of(20_000), []))).toHaveLength(2)
  expect(() => atOnce(readingValuesToCheck(of(20_001), []))).toThrow(NumberError)
})

test('a message id of 7.0 is returned as 7', async () => {
  const served = await start({})
  const message = '{"jsonrpc":"2.0","id":7.0,"method":"ping"}'
  const answer = await served.send({
    method: 'POST',
    path: '/mcp',
    headers: JSON_TYPE,
    body: message,
  })
  expect(answer.json()).toEqual({ jsonrpc: '2.0', id: 7, result: {} })
})

describe('a number as written in the place of an object', () => {
  const post = (served: Served, body: string, path = '/mcp', headers = JSON_TYPE) =>
    served.send({ method: 'POST', path, headers, body })

  test.each([
    ['params', '{"jsonrpc":"2.0","id":1,"method":"ping","params":1.0}', -32600],
    [
      'arguments',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"n","arguments":1.0}}',
      -32602,
    ],
  ])('is refused like any other number: %s', async (_, message, code) => {
    const served = await start({})
    const { error: asWritten } = (await post(served, message)).json<{ error: object }>()
    const { error: plain } = (await post(served, message.replace('1.0', '1'))).json<{
      error: object
    }>()
    expect(asWritten).toEqual(plain)
    expect(asWritten).toMatchObject({ code })
    expect(backend.calls).toEqual([])
  })

  test('is refused as the arguments of a call over REST', async () => {
    const served = await start({})
    for (const body of ['1.0', '1']) {
      expect((await post(served, body, '/tools/n')).status).toBe(400)
    }
    expect(served.lines.filter(({ message }) => message === 'tool_called')).toEqual([])
  })

  test('is returned as text only to revisions whose structured content is an object', async () => {
    const served = await stack.start({
      TOOLS: JSON.stringify({ n: { scopes: [], outputSchema: { type: 'number' } } }),
    })
    const message =
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"n","arguments":{}}}'
    for (const written of ['20.0', '20.5']) {
      backend.script('n', { body: `{"content":[],"structuredContent":${written}}` })
      const { result } = (await post(served, message)).json<{ result: object }>()
      expect(result).toEqual({ content: [{ type: 'text', text: written }] })
    }
  })
})
