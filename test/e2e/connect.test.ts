import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { StuckError } from '../../deploy/connect/sign-in/form-sign-in.ts'
import type { System } from '../../deploy/local/system.ts'
import { createChatGpt } from '../support/chatgpt.ts'
import { connectV1, connectV2 } from '../support/connect.ts'
import { ALICE, BOB } from '../support/people.ts'
import { callMessage, postMcp, startOnFreePorts } from '../support/system.ts'
import { adminOf, until } from '../support/tenant-admin.ts'

const TOOLS = [
  ...['listEvents', 'addEvent', 'summarizeEvents'],
  ...['searchEvents', 'getEvent', 'deleteEvent'],
]

describe.each(['strict', 'permissive'] as const)('a tenant with %s third-party clients', (mode) => {
  let system: System
  beforeAll(async () => {
    system = await startOnFreePorts()
    await adminOf(system.tenant).change({ mode })
  })
  afterAll(() => system?.stop())

  test('SDK 2.x registers, is admitted, signs in, and calls a tool (2026-07-28)', async () => {
    const chatGpt = createChatGpt({ tenant: system.tenant, person: ALICE })
    const client = await connectV2(`${system.url}/mcp`, chatGpt)
    expect(client.revision).toBe('2026-07-28')
    expect(await client.listTools()).toEqual(TOOLS)
    const answer = await client.callTool('listEvents', { limit: 1 })
    expect(answer.isError).toBeFalsy()
    expect(answer.structuredContent).toMatchObject({ events: [{ title: 'Flight to Lisbon' }] })
    await client.close()
  })

  test('SDK 2.x does so with initialize (2025-11-25)', async () => {
    const chatGpt = createChatGpt({ tenant: system.tenant, person: BOB })
    const client = await connectV2(`${system.url}/mcp`, chatGpt, 'legacy')
    expect(client.revision).toBe('2025-11-25')
    expect(await client.listTools()).toEqual(TOOLS)
    const answer = await client.callTool('listEvents')
    expect(answer.structuredContent).toMatchObject({ events: [{ id: 'b2' }, { id: 'b1' }] })
    await client.close()
  })

  test('SDK 1.x registers, is admitted, signs in, and calls a tool', async () => {
    const chatGpt = createChatGpt({ tenant: system.tenant, person: ALICE })
    const client = await connectV1(`${system.url}/mcp`, chatGpt)
    expect(await client.listTools()).toEqual(TOOLS)
    const answer = await client.callTool('addEvent', { title: 'Chess', date: '2027-01-02' })
    expect(answer.structuredContent).toMatchObject({ event: { title: 'Chess' } })
    await client.close()
  })

  test('the client holds an RS256 access token for exactly this API', async () => {
    const chatGpt = createChatGpt({ tenant: system.tenant, person: BOB })
    const client = await connectV2(`${system.url}/mcp`, chatGpt)
    await client.close()
    expect(decodeProtectedHeader(chatGpt.accessToken())).toMatchObject({ alg: 'RS256' })
    const claims = decodeJwt(chatGpt.accessToken())
    expect(claims.iss).toBe(system.issuer)
    expect([claims.aud].flat()).toContain(`${system.url}/mcp`)
    expect(claims['scope']).toBe('events:read')
  })

  test('bob, who may only read, gets one sentence about the permission and no sign-in', async () => {
    const chatGpt = createChatGpt({ tenant: system.tenant, person: BOB })
    const client = await connectV2(`${system.url}/mcp`, chatGpt)
    await client.close()
    const authorization = `Bearer ${chatGpt.accessToken()}`
    const message = callMessage('addEvent', { title: 'x', date: '2027-01-01' })
    const agents = [{}, { 'user-agent': 'openai-mcp/1.0.0' }]
    for (const agent of agents) {
      const refused = await postMcp(system, message, { authorization, ...agent })
      expect(refused.status).toBe(200)
      expect(refused.headers.get('www-authenticate')).toBeNull()
      const { result } = (await refused.json()) as { result: Record<string, unknown> }
      expect(result).toMatchObject({
        isError: true,
        content: [
          {
            type: 'text',
            text: 'Your account lacks the permission events:write. Signing in again does not change that; an administrator can grant it.',
          },
        ],
      })
      expect(result).not.toHaveProperty('_meta')
    }
  })

  test('a client with a foreign redirect URI is never admitted and signs nobody in', async () => {
    const chatGpt = createChatGpt({
      tenant: system.tenant,
      person: ALICE,
      redirectUri: 'https://chatgpt.com.evil.example/connector/oauth/abc',
      waitForAdmission: false,
    })
    await expect(connectV2(`${system.url}/mcp`, chatGpt)).rejects.toThrow(StuckError)
    await until(async () => {
      const refusal = `"client":"${chatGpt.clientId()}"`
      return system.logs.some(
        ({ line }) => line.includes('client_refused') && line.includes(refusal),
      )
    }, 'the log webhook refused the client')
    expect(await adminOf(system.tenant).isAdmitted(chatGpt.clientId())).toBe(false)
    await expect(chatGpt.authorize()).rejects.toThrow(StuckError)
  })
})
