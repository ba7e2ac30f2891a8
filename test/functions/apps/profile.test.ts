import { describe, expect, test } from 'vitest'
import { compileTool } from '../../../functions/gateway/callable-tool.ts'
import { PROFILE_SCHEMA } from '../../../shared/catalogue/review/profile.ts'
import { parseTools } from '../../../shared/tools.ts'
import { gatewayStack } from '../../support/gateway/stack.ts'
import { statelessRequest } from '../../support/http/serve.ts'

const PROFILE = {
  securitySchemes: [{ type: 'oauth2', scopes: [] }],
  annotations: { readOnlyHint: true },
  _meta: { 'openai/profile': true },
}
const TOOLS = {
  whoami: { ...PROFILE, answeredBy: 'gateway' },
  account: PROFILE,
  closed: {
    ...PROFILE,
    answeredBy: 'gateway',
    inputSchema: { type: 'object', additionalProperties: false },
  },
  numbers: {
    ...PROFILE,
    answeredBy: 'gateway',
    inputSchema: { type: 'object', additionalProperties: { type: 'integer' } },
  },
}

const { issuer, backend, startForFile } = await gatewayStack()
const served = await startForFile({ TOOLS: JSON.stringify(TOOLS) })

async function call(name: string, claims: Readonly<Record<string, unknown>>, args: object = {}) {
  const { headers, body } = statelessRequest('tools/call', { name, arguments: args })
  const authorization = `Bearer ${await issuer.token(claims)}`
  const sent = { ...headers, authorization }
  const answer = await served.send({ method: 'POST', path: '/mcp', headers: sent, body })
  return answer.json<{ result: Record<string, unknown> }>().result
}

const auditRecords = (prefix: string) =>
  served.lines.filter(({ message }) => String(message).startsWith(prefix))

/** Calls the tool over MCP and REST with arguments in JSON. */
async function sendText(name: string, args: string) {
  const authorization = `Bearer ${await issuer.token({ sub: 'auth0|42' })}`
  const { headers, body } = statelessRequest('tools/call', { name, arguments: {} })
  const text = JSON.stringify(body).replace('"arguments":{}', `"arguments":${args}`)
  const type = { 'content-type': 'application/json' }
  const mcp = { path: '/mcp', headers: { ...headers, authorization }, body: text }
  const rest = { path: `/tools/${name}`, headers: { ...type, authorization }, body: args }
  return {
    mcp: await served.send({ method: 'POST', ...mcp }),
    rest: await served.send({ method: 'POST', ...rest }),
  }
}

describe('a profile tool with answeredBy: gateway', () => {
  test('returns the subject as its id without calling the backend', async () => {
    const result = await call('whoami', { sub: 'auth0|42' })
    expect(result['structuredContent']).toEqual({ id: 'auth0|42' })
    expect(result['content']).toEqual([{ type: 'text', text: '{"id":"auth0|42"}' }])
    expect(backend.calls).toEqual([])
  })

  test('adds non-empty name, email and nickname claims, also namespaced ones', async () => {
    const claims = { 'https://example.com/email': 'a@example.com', name: 'Ann', nickname: ' ' }
    const { structuredContent } = await call('whoami', { sub: 'auth0|42', ...claims })
    expect(structuredContent).toEqual({ id: 'auth0|42', name: 'Ann', email: 'a@example.com' })
  })

  test('writes the audit records of a call', async () => {
    served.lines.length = 0
    await call('whoami', { sub: 'auth0|42' })
    expect(auditRecords('tool_')).toMatchObject([
      { tool: 'whoami', subject: 'auth0|42', decision: 'allowed' },
      { tool: 'whoami', status: 200 },
    ])
  })

  test.each([
    ['closed', '{"a":"x"}', 'arguments must NOT have additional properties ("a")'],
    ['closed', '{"a":1.0}', 'arguments must NOT have additional properties ("a")'],
    ['numbers', '{"a":"x"}', '/a must be integer'],
    ['numbers', '{"a":1.5}', '/a must be integer'],
    ['numbers', '{"a":1.50}', '/a must be integer'],
  ])('refuses invalid arguments of %s: %s', async (name, args, fault) => {
    served.lines.length = 0
    const answers = await sendText(name, args)
    const message = `Invalid arguments: ${fault}`
    const { result } = answers.mcp.json<{ result: Record<string, unknown> }>()
    expect(result).toMatchObject({ isError: true, content: [{ type: 'text', text: message }] })
    expect(result).not.toHaveProperty('structuredContent')
    expect([answers.rest.status, answers.rest.json()]).toEqual([
      400,
      { type: 'about:blank', title: 'Bad Request', status: 400, detail: message },
    ])
    for (const { text } of Object.values(answers)) expect(text).not.toContain('auth0|42')
    const called = { tool: name, subject: 'auth0|42', decision: 'allowed' }
    const answered = { tool: name, status: 400, reason: 'arguments_invalid' }
    expect(auditRecords('tool_called')).toMatchObject([called, called])
    expect(auditRecords('tool_answered')).toMatchObject([answered, answered])
  })

  test.each(['{"a":1}', '{"a":1.0}', '{"a":1e2}', '{"a":12345678901234567890}'])(
    'accepts an integer in any notation: %s',
    async (args) => {
      const { mcp, rest } = await sendText('numbers', args)
      expect(mcp.json()).toMatchObject({ result: { structuredContent: { id: 'auth0|42' } } })
      expect(rest.json()).toEqual({ id: 'auth0|42' })
    },
  )

  test('returns the profile over REST', async () => {
    const authorization = `Bearer ${await issuer.token({ sub: 'auth0|42' })}`
    const answer = await served.send({
      method: 'POST',
      path: '/tools/whoami',
      headers: { authorization },
    })
    expect(answer.json()).toEqual({ id: 'auth0|42' })
  })
})

describe('a profile tool with a backend', () => {
  test('accepts a response that matches the profile schema', async () => {
    backend.script('account', { body: { id: '7', email: 'a@example.com' } })
    const { structuredContent } = await call('account', {})
    expect(structuredContent).toEqual({ id: '7', email: 'a@example.com' })
  })

  test.each([
    {},
    { id: '' },
    { id: ' \n' },
    { id: 7 },
    { id: '7', plan: 'x' },
    { id: '7', name: 1 },
  ])('rejects the response %j', async (body) => {
    backend.script('account', { body })
    expect(await call('account', {})).toMatchObject({ isError: true })
  })
})

describe('the catalogue entry of a profile tool', () => {
  const parse = (entry: object) =>
    parseTools({ TOOLS: JSON.stringify({ me: { ...PROFILE, ...entry } }) }, compileTool)

  test('gets the profile schema as its outputSchema', () => {
    const outputSchema = {
      type: 'object',
      properties: { id: { type: 'string' } },
      required: ['id'],
      additionalProperties: false,
    }
    expect(parse({ outputSchema }).get('me')?.outputSchema).toMatchObject(PROFILE_SCHEMA)
  })

  test.each<[object, string]>([
    [{ securitySchemes: [{ type: 'noauth' }] }, 'must require a sign-in'],
    [{ annotations: {} }, 'must be read-only'],
    [{ inputSchema: { type: 'object', properties: { a: {} } } }, 'must have no arguments'],
    [{ outputSchema: { type: 'object' } }, 'the outputSchema of a profile tool'],
    [{ _meta: {}, answeredBy: 'gateway' }, 'answeredBy: gateway is for profile tools'],
  ])('is invalid with %j', (entry, fault) => {
    expect(() => parse(entry)).toThrow(fault)
  })
})
