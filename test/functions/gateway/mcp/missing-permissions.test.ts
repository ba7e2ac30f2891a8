import { describe, expect, test } from 'vitest'
import { callOf, JSON_TYPE } from '../../../support/gateway/mcp.ts'
import { gatewayStack } from '../../../support/gateway/stack.ts'
import { type Served, statelessRequest } from '../../../support/http/serve.ts'

const WRITE =
  'Your account lacks the permission events:write. Signing in again does not change that; an administrator can grant it.'
const BOTH =
  'Your account lacks the permissions events:read and events:write. Signing in again does not change that; an administrator can grant them.'
const READER = { scope: 'events:read', permissions: ['events:read'] }

const { issuer, backend, start } = await gatewayStack()

async function bearer(claims: object = {}) {
  return { authorization: `Bearer ${await issuer.token({ ...claims })}` }
}

const send = (served: Served, body: unknown, headers: object = {}, path = '/mcp') =>
  served.send({ method: 'POST', path, headers: { ...JSON_TYPE, ...headers }, body })
const reasonsIn = ({ lines }: Served) =>
  lines.flatMap((line) => (line['decision'] === 'denied' ? [line['reason']] : []))

describe('a permission that the user does not have', () => {
  test.each(['claude-code/2.1', 'openai-mcp/1.0.0'])(
    'is reported to %s in a tool result',
    async (agent) => {
      const served = await start()
      const headers = { 'user-agent': agent, ...(await bearer(READER)) }
      const older = await send(served, callOf('addEvent'), headers)
      expect(older.status).toBe(200)
      expect(older.headers['www-authenticate']).toBeUndefined()
      expect(older.json<{ result: unknown }>().result).toEqual({
        content: [{ type: 'text', text: WRITE }],
        isError: true,
      })
      const request = statelessRequest('tools/call', { name: 'addEvent', arguments: {} })
      const newer = await send(served, request.body, { ...request.headers, ...headers })
      expect(newer.status).toBe(200)
      expect(newer.json()).toMatchObject({
        result: { content: [{ text: WRITE }], isError: true, resultType: 'complete' },
      })
      expect(newer.text).not.toContain('www_authenticate')
      expect(reasonsIn(served)).toEqual(['permission_missing', 'permission_missing'])
      expect(backend.calls).toEqual([])
    },
  )

  test('is reported with all missing permissions, but without scopes that the user only has to grant', async () => {
    const served = await start()
    const ask = async (claims: object) =>
      (await send(served, callOf('summarizeEvents'), await bearer(claims))).text
    expect(await ask({ scope: '', permissions: [] })).toContain(BOTH)
    const mixed = await ask({ scope: '', permissions: ['events:read'] })
    expect(mixed).toContain(WRITE)
  })

  test('fails only its own call in a batch and is logged once', async () => {
    const served = await start()
    const batch = [{ ...callOf('addEvent'), id: 7 }, callOf('listEvents')]
    const answer = await send(served, batch, await bearer(READER))
    expect(answer.status).toBe(200)
    expect(answer.json()).toMatchObject([
      { id: 7, result: { isError: true, content: [{ text: WRITE }] } },
      { id: 1, result: { content: [{ text: '{"events":["dentist"]}' }] } },
    ])
    expect(reasonsIn(served)).toEqual(['permission_missing'])
  })

  test('gets 403 without a challenge over REST', async () => {
    const served = await start()
    const answer = await send(served, {}, await bearer(READER), '/tools/addEvent')
    expect(answer.status).toBe(403)
    expect(answer.headers['www-authenticate']).toBeUndefined()
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.json()).toMatchObject({ status: 403, detail: WRITE })
    expect(reasonsIn(served)).toEqual(['permission_missing'])
  })

  test.each([
    ['the user has the permission', { scope: '', permissions: ['events:write'] }],
    ['the token has no permissions claim', { scope: '' }],
  ])('is not reported if %s, and the challenge remains', async (_, claims) => {
    const served = await start()
    for (const [body, path] of [
      [callOf('addEvent'), '/mcp'],
      [{}, '/tools/addEvent'],
    ] as const) {
      const answer = await send(served, body, await bearer(claims), path)
      expect(answer.status).toBe(403)
      expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope"')
    }
    expect(reasonsIn(served)).toEqual(['scope_missing', 'scope_missing'])
  })
})

test('a challenge lists the scopes of the tool and the catalogue scopes that the token has', async () => {
  const served = await start()
  const headers = await bearer({ scope: 'openid events:read other' })
  for (const [body, path] of [
    [callOf('addEvent'), '/mcp'],
    [{}, '/tools/addEvent'],
  ] as const) {
    const answer = await send(served, body, headers, path)
    expect(answer.headers['www-authenticate']).toContain('scope="events:write events:read"')
  }
  const chatgpt = await send(served, callOf('addEvent'), { ...headers, 'user-agent': 'openai-mcp' })
  expect(chatgpt.text).toContain(String.raw`scope=\"events:write events:read\"`)
})
