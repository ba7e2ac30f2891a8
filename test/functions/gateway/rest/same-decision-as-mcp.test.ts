import { describe, expect, test } from 'vitest'
import { JSON_TYPE } from '../../../support/gateway/mcp.ts'
import { expectProblem } from '../../../support/gateway/rest.ts'
import { gatewayStack } from '../../../support/gateway/stack.ts'
import type { Script } from '../../../support/http/backend.ts'
import { handshakeMessage, type Served } from '../../../support/http/serve.ts'

type Json = Readonly<Record<string, unknown>>

const { issuer, backend, start } = await gatewayStack()

interface Case {
  readonly name: string
  readonly tool: string
  readonly claims?: Json | 'none'
  readonly authorization?: string
  readonly args?: Json
  readonly script?: Script
  readonly outage?: true
  readonly status: number
}

// MCP refuses a call with the same status as REST. If a call fails, MCP returns a tool result with the
// message of REST's problem details.
const cases: readonly Case[] = [
  { name: 'a valid call', tool: 'listEvents', status: 200 },
  { name: 'a public tool without a token', tool: 'about', claims: 'none', status: 200 },
  { name: 'a public tool with a valid token', tool: 'about', status: 200 },
  { name: 'no token', tool: 'listEvents', claims: 'none', status: 401 },
  { name: 'another scheme', tool: 'listEvents', authorization: 'Basic eDp5', status: 401 },
  { name: 'an opaque token', tool: 'listEvents', authorization: 'Bearer opaque', status: 401 },
  { name: 'a JWE', tool: 'about', authorization: 'Bearer a.b.c.d.e', status: 401 },
  { name: 'malformed credentials', tool: 'about', authorization: 'Bearer a b', status: 400 },
  { name: 'an expired token', tool: 'listEvents', claims: { exp: 1 }, status: 401 },
  { name: 'another audience', tool: 'listEvents', claims: { aud: 'https://x.test' }, status: 401 },
  { name: 'another issuer', tool: 'listEvents', claims: { iss: 'https://x.test/' }, status: 401 },
  { name: 'no scope', tool: 'listEvents', claims: { scope: '' }, status: 403 },
  { name: 'one scope of two', tool: 'summarizeEvents', status: 403 },
  {
    name: 'both scopes',
    tool: 'summarizeEvents',
    claims: { scope: 'events:write openid events:read' },
    status: 200,
  },
  {
    name: 'a scope that permissions exclude',
    tool: 'listEvents',
    claims: { permissions: ['events:write'] },
    status: 403,
  },
  { name: 'unavailable keys', tool: 'listEvents', outage: true, status: 503 },
  { name: 'invalid arguments', tool: 'listEvents', args: { limit: 0 }, status: 400 },
  {
    name: 'a missing scope and invalid arguments',
    tool: 'listEvents',
    claims: { scope: '' },
    args: { limit: 0 },
    status: 403,
  },
  {
    name: 'a backend that responds with 404',
    tool: 'listEvents',
    script: { status: 404, body: { message: 'No such calendar.' } },
    status: 404,
  },
  {
    name: 'a backend that responds with 401',
    tool: 'listEvents',
    script: { status: 401 },
    status: 502,
  },
  {
    name: 'a backend that responds with 500',
    tool: 'listEvents',
    script: { status: 500 },
    status: 502,
  },
  {
    name: 'a backend that violates outputSchema',
    tool: 'listEvents',
    script: { body: { events: 7 } },
    status: 502,
  },
  {
    name: 'a backend that resets the connection',
    tool: 'listEvents',
    script: { manner: 'reset' },
    status: 502,
  },
]

describe('REST and MCP', () => {
  test.each(cases)('make the same decision: $name, $status', async (row) => {
    if (row.script) backend.script(row.tool, row.script)
    if (row.outage) issuer.staged.outage = true
    const authorization =
      row.authorization ??
      (row.claims === 'none' ? undefined : `Bearer ${await issuer.token(row.claims)}`)
    const headers = { ...JSON_TYPE, ...(authorization !== undefined && { authorization }) }
    const served = await start()
    const args = row.args ?? {}

    const rest = await served.send({
      method: 'POST',
      path: `/tools/${row.tool}`,
      headers,
      body: args,
    })
    const restCalls = backend.calls.splice(0)
    const restAudit = auditIn(served)
    const message = handshakeMessage('tools/call', { name: row.tool, arguments: args })
    const mcp = await served.send({ method: 'POST', path: '/mcp', headers, body: message })

    expect(rest.status).toBe(row.status)
    expect(auditIn(served)).toEqual(restAudit)
    expect(backend.calls.map(({ body }) => body)).toEqual(restCalls.map(({ body }) => body))
    expect(mcp.headers['www-authenticate']).toBe(rest.headers['www-authenticate'])
    expect(mcp.headers['retry-after']).toBe(rest.headers['retry-after'])
    if (mcp.status !== 200) {
      expect(mcp.status).toBe(rest.status)
      return
    }
    const { result } = mcp.json<{ result: { isError?: boolean; content: { text: string }[] } }>()
    expect(result.isError === true).toBe(rest.status >= 400)
    if (result.isError) {
      expectProblem(rest, row.status)
      expect(result.content[0]?.text).toBe(rest.json<{ detail: string }>().detail)
    } else expect(JSON.parse(result.content[0]?.text ?? '')).toEqual(rest.json())
  })
})

/** The audit records since the previous use, without the members that differ between calls. */
function auditIn({ lines }: Served) {
  const records = lines
    .filter(({ message }) => message === 'tool_called')
    .map((record) => ({
      ...record,
      ...lines.find(
        ({ message, request_id }) =>
          message === 'tool_answered' && request_id === record['request_id'],
      ),
    })) as Served['lines']
  lines.length = 0
  return records.map(({ tool, subject, client, decision, status, reason }) => ({
    tool,
    subject,
    client,
    decision,
    status,
    reason,
  }))
}
