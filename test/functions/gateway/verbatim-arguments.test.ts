import { createHash } from 'node:crypto'
import { decodeJwt } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import { postStateless } from '../../support/gateway/mcp.ts'
import { gatewayStack } from '../../support/gateway/stack.ts'
import { type Served, statelessRequest } from '../../support/http/serve.ts'

const { backend, start } = await gatewayStack()
const TOOLS = JSON.stringify({
  plain: { scopes: [] },
  limited: {
    scopes: [],
    inputSchema: { type: 'object', properties: { n: { maximum: 5 } }, additionalProperties: true },
  },
})
let served: Served
beforeEach(async () => {
  backend.reset()
  served = await start({ TOOLS })
})

/** Arguments of over 16 KiB: their own text and some rows of a table. */
const rows = JSON.stringify(Array.from({ length: 700 }, (_, id) => ({ id, name: `n\n${id}` })))
const long = 'ü'.repeat(20_000)

/** Sends the text of the arguments in each form of a call. */
const WAYS: Record<string, (tool: string, args: string) => Promise<unknown>> = {
  REST: (tool, args) =>
    served.send({
      method: 'POST',
      path: `/tools/${tool}`,
      headers: { 'content-type': 'application/json' },
      body: args,
    }),
  'an older revision': (tool, args) =>
    served.send({
      method: 'POST',
      path: '/mcp',
      headers: { 'content-type': 'application/json' },
      body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${tool}","arguments":${args}}}`,
    }),
  '2026-07-28': (tool, args) => {
    const { headers, body } = statelessRequest('tools/call', { name: tool, arguments: '@' })
    const text = JSON.stringify(body).replace('"@"', () => args)
    return served.send({ method: 'POST', path: '/mcp', headers, body: text })
  },
}

describe.each(Object.entries(WAYS))('long arguments over %s', (_, send) => {
  const sentFor = async (args: string, tool = 'plain') => {
    await send(tool, args)
    const [call] = backend.calls
    if (call === undefined) return undefined
    const claims = decodeJwt(String(call.headers['x-gateway-assertion']))
    expect(claims['body_sha256']).toBe(createHash('sha256').update(call.body).digest('hex'))
    return call.body
  }

  test.each([
    ['rows', `{"rows":${rows}}`],
    ['a long string', `{"text":"${long}","n":1}`],
    ['whitespace and escapes', `{ "text" : "${'\\u00e9\\n'.repeat(4_000)}",\n "a\\u0062": [ ] }`],
  ])('reach the backend as the client wrote them: %s', async (_, args) => {
    expect((await sentFor(args)) === args).toBe(true)
  })

  test.each([
    ['in the object', `{"n":9,"rows":${rows},"n":1}`],
    ['with an escape', `{"n":1,"rows":${rows},"\\u006e":9}`],
    ['beside a long string', `{"text":"${long}","n":9,"n":1}`],
  ])('with two members of the same name have the value that was checked: %s', async (_, args) => {
    const body = await sentFor(args, 'limited')
    const last = JSON.parse(args)['n']
    // Refused, or sent with one member.
    if (last === 9) expect(body).toBeUndefined()
    else expect(body?.match(/"n":/g)).toHaveLength(1)
    if (body !== undefined) expect(JSON.parse(body)).toEqual(JSON.parse(args))
  })

  test('with a number that JavaScript writes differently keep the number', async () => {
    const body = await sentFor(`{"a":1.0,"rows":${rows},"text":"${long}","b":${'1'.repeat(800)}}`)
    expect(body?.startsWith('{"a":1.0,"rows":[{"id":0,')).toBe(true)
    expect(body?.endsWith(`,"b":${'1'.repeat(800)}}`)).toBe(true)
  })
})

test('null arguments of a long message are sent as an empty object', async () => {
  await postStateless(served, 'tools/call', { name: 'plain', arguments: null, more: long })
  expect(backend.calls.map(({ body }) => body)).toEqual(['{}'])
})
