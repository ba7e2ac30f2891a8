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
    const audit = served.lines.filter(({ message }) => String(message).startsWith('tool_'))
    expect(audit).toMatchObject([
      { tool: 'whoami', subject: 'auth0|42', decision: 'allowed' },
      { tool: 'whoami', status: 200 },
    ])
  })

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
