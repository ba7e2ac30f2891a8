import { describe, expect, test } from 'vitest'
import {
  bearer,
  callOf,
  challengeIn,
  OPENAI,
  post,
  postStateless,
} from '../../../support/gateway/mcp.ts'
import { ALL_PRIVATE, gatewayStack } from '../../../support/gateway/stack.ts'
import { handshakeMessage } from '../../../support/http/serve.ts'

const { issuer, backend, start } = await gatewayStack()

describe('refusals for ChatGPT', () => {
  test.each([
    'openai-mcp/1.0.0',
    'openai-mcp/1.0.0 (+https://openai.com/bot)',
    'openai-mcp/1.0.0 (Codex)',
  ])('are a tool result with a challenge if %s sends no token', async (agent) => {
    const served = await start(ALL_PRIVATE)
    const answer = await post(served, callOf('listEvents'), { 'user-agent': agent })
    expect(answer.status).toBe(200)
    expect(answer.headers['www-authenticate']).toBeUndefined()
    expect(answer.json()).toMatchObject({
      id: 1,
      result: { isError: true, content: [{ type: 'text' }] },
    })
    expect(challengeIn(answer)).toEqual([
      expect.stringMatching(
        /^Bearer error="[a-z_]+", error_description="[^"]+", scope="events:read", resource_metadata="/,
      ),
    ])
    expect(backend.calls).toEqual([])
  })

  test('are a tool result for a missing scope and 401 for an invalid token', async () => {
    const served = await start()
    const bad = await post(served, callOf('listEvents'), { ...OPENAI, ...bearer('x.y.z') })
    expect(bad.status).toBe(401)
    expect(bad.headers['www-authenticate']).toContain('error="invalid_token"')

    const headers = { ...OPENAI, ...bearer(await issuer.token()) }
    const poor = await post(served, callOf('summarizeEvents'), headers)
    expect(poor.status).toBe(200)
    expect(challengeIn(poor)).toEqual([
      expect.stringMatching(/error="insufficient_scope".*scope="events:read events:write"/),
    ])
    expect(backend.calls).toEqual([])
  })

  test('are a tool result in the stateless era', async () => {
    const served = await start(ALL_PRIVATE)
    const answer = await postStateless(served, 'tools/call', { name: 'addEvent' }, OPENAI)
    expect(answer.status).toBe(200)
    expect(answer.json()).toMatchObject({ result: { isError: true, resultType: 'complete' } })
    expect(challengeIn(answer)).toEqual([expect.stringContaining('scope="events:write"')])
  })

  test.each(['initialize', 'tools/list', 'ping'])(
    'are 401 for %s, which has no tool result',
    async (method) => {
      const answer = await post(await start(ALL_PRIVATE), handshakeMessage(method), OPENAI)
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).not.toContain('error=')
    },
  )

  const forced = [
    { value: 'http', agent: 'openai-mcp/1.0.0', status: 401 },
    { value: 'tool-result', agent: 'curl/8', status: 200 },
    { value: 'auto', agent: 'claude-code/2.0', status: 401 },
    { value: 'auto', agent: 'openai-mcp/1.0.0', status: 200 },
  ]
  test.each(forced)('have status $status for $agent with AUTH_CHALLENGE=$value', async (row) => {
    const served = await start({ ...ALL_PRIVATE, AUTH_CHALLENGE: row.value })
    const answer = await post(served, callOf('addEvent'), { 'user-agent': row.agent })
    expect(answer.status).toBe(row.status)
    expect(backend.calls).toEqual([])
  })

  test('do not affect a valid call, which has the same result for any user agent', async () => {
    const served = await start()
    const token = bearer(await issuer.token())
    const [one, other] = await Promise.all([
      post(served, callOf('listEvents'), token),
      post(served, callOf('listEvents'), { ...token, ...OPENAI }),
    ])
    expect(one.text).toBe(other.text)
  })
})
