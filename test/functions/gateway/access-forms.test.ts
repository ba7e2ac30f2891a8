import { describe, expect, test } from 'vitest'
import { JSON_TYPE } from '../../support/gateway/mcp.ts'
import { gatewayStack } from '../../support/gateway/stack.ts'
import type { Served } from '../../support/http/serve.ts'

const noauth = { type: 'noauth' }
const oauth2 = (...scopes: string[]) => ({ type: 'oauth2', scopes })
const SCHEMES = {
  open: [noauth],
  either: [noauth, oauth2('events:write')],
  profile: [oauth2()],
  scoped: [oauth2('events:write')],
}
const TOOLS = Object.entries(SCHEMES).map(([name, securitySchemes]) => ({ name, securitySchemes }))

const stack = await gatewayStack()
const { issuer, backend } = stack

/** Starts a gateway with these tools. */
const start = (tools: readonly object[] = TOOLS) =>
  stack.start({ TOOLS: JSON.stringify({ tools }) })

async function tokenOf(scope: string | undefined) {
  return scope === undefined ? {} : { authorization: `Bearer ${await issuer.token({ scope })}` }
}

function mcp(served: Served, method: string, params: object, headers: object = {}) {
  const body = { jsonrpc: '2.0', id: 1, method, params }
  return served.send({ method: 'POST', path: '/mcp', headers: { ...JSON_TYPE, ...headers }, body })
}

function rest(served: Served, tool: string, headers: object = {}) {
  const path = `/tools/${tool}`
  return served.send({ method: 'POST', path, headers: { ...JSON_TYPE, ...headers }, body: {} })
}

// The scope `undefined` means no token.
const TABLE: readonly (readonly [keyof typeof SCHEMES, string | undefined, number])[] = [
  ['open', undefined, 200],
  ['open', '', 200],
  ['either', undefined, 200],
  ['either', '', 200],
  ['either', 'events:write', 200],
  ['profile', undefined, 401],
  ['profile', '', 200],
  ['profile', 'events:read', 200],
  ['scoped', undefined, 401],
  ['scoped', 'events:read', 403],
  ['scoped', 'events:read events:write', 200],
]

describe('access by securitySchemes', () => {
  test.each(TABLE)(
    'a call of the tool %s with the scopes %j returns %d over MCP and REST',
    async (name, scope, status) => {
      const served = await start()
      const headers = await tokenOf(scope)
      expect((await mcp(served, 'tools/call', { name, arguments: {} }, headers)).status).toBe(
        status,
      )
      expect((await rest(served, name, headers)).status).toBe(status)
      expect(backend.calls.length).toBe(status === 200 ? 2 : 0)
      for (const call of backend.calls) {
        expect(call.headers['x-user-uid'] !== undefined).toBe(scope !== undefined)
      }
    },
  )

  test.each(Object.keys(SCHEMES))('an expired token is refused for the tool %s', async (name) => {
    const served = await start()
    const headers = { authorization: `Bearer ${await issuer.token({ exp: 1 })}` }
    for (const answer of [
      await mcp(served, 'tools/call', { name, arguments: {} }, headers),
      await rest(served, name, headers),
    ]) {
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toContain('error="invalid_token"')
    }
    expect(backend.calls).toEqual([])
  })

  test('tools/list has the securitySchemes of each tool, also in its _meta', async () => {
    const answer = await mcp(await start(), 'tools/list', {})
    const { tools } = answer.json<{
      result: { tools: { name: string; securitySchemes: object; _meta: object }[] }
    }>().result
    expect(tools.map(({ name, securitySchemes, _meta }) => [name, securitySchemes, _meta])).toEqual(
      Object.entries(SCHEMES).map(([name, schemes]) => [
        name,
        schemes,
        { securitySchemes: schemes },
      ]),
    )
  })

  test.each([
    ['profile', 401],
    ['either', 200],
  ])('tools/list without a token, with the tool %s alone, returns %d', async (name, status) => {
    const served = await start(TOOLS.filter((tool) => tool.name === name))
    expect((await mcp(served, 'tools/list', {})).status).toBe(status)
  })
})

test('calls with hostile arguments and a ping take less than 30 s of CPU time', async () => {
  const schema = (inner: object) => ({ type: 'object', properties: { v: inner } })
  const branch = (required: string) => ({
    properties: { x: { $ref: '#/properties/v' } },
    required: [required],
  })
  const hostile = {
    objects: [schema({ uniqueItems: true }), Array.from({ length: 30_000 }, (_, id) => ({ id }))],
    pattern: [schema({ pattern: '^(a+)+$' }), `${'a'.repeat(200_000)}!`],
    union: [
      schema({ anyOf: [{ not: { anyOf: [branch('p')] } }, branch('q')] }),
      JSON.parse(`${'{"x":'.repeat(120)}1${'}'.repeat(120)}`),
    ],
  }
  const tools = Object.entries(hostile).map(([name, [inputSchema]]) => {
    backend.script(name, { body: {} })
    return { name, scopes: [], inputSchema }
  })
  const served = await start(tools)
  const calls = Object.entries(hostile).map(([name, [, v]]) =>
    mcp(served, 'tools/call', { name, arguments: { v } }),
  )
  const before = process.cpuUsage()
  const ping = await mcp(served, 'ping', {})
  const answers = await Promise.all(calls)
  const { user, system } = process.cpuUsage(before)
  expect(ping.json()).toMatchObject({ result: {} })
  for (const { status } of answers) expect(status).toBe(200)
  // CPU time of client and server for all three calls. Without limits, each takes minutes.
  expect((user + system) / 1_000).toBeLessThan(30_000)
})
