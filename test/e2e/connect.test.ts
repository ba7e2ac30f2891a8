import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { StuckError } from '../../deploy/connect/sign-in/form-sign-in.ts'
import type { System } from '../../deploy/local/system.ts'
import { createManagement, credentialsIn } from '../../shared/auth0/management.ts'
import { adminOf, until } from '../support/auth0/tenant-admin.ts'
import { createChatGpt } from '../support/chatgpt.ts'
import { connectV1, connectV2 } from '../support/connect.ts'
import { ALICE, BOB } from '../support/people.ts'
import { callMessage, postMcp, startOnFreePorts } from '../support/system.ts'

const TOOLS = [
  ...['listEvents', 'addEvent', 'summarizeEvents'],
  ...['searchEvents', 'getEvent', 'deleteEvent'],
]

describe.each(['strict', 'permissive'] as const)('a system with %s third-party clients', (mode) => {
  let system: System
  beforeAll(async () => {
    system = await startOnFreePorts()
    await adminOf(system.tenant).change({ mode })
  })
  afterAll(() => system?.stop())

  test('lets a client with SDK 2.x register, sign in and call a tool (2026-07-28)', async () => {
    const chatGpt = createChatGpt({ tenant: system.tenant, person: ALICE })
    const client = await connectV2(`${system.url}/mcp`, chatGpt)
    expect(client.revision).toBe('2026-07-28')
    expect(await client.listTools()).toEqual(TOOLS)
    const answer = await client.callTool('listEvents', { limit: 1 })
    expect(answer.isError).toBeFalsy()
    expect(answer.structuredContent).toMatchObject({ events: [{ title: 'Flight to Lisbon' }] })
    await client.close()
  })

  test('lets a client with SDK 2.x and initialize register, sign in and call a tool (2025-11-25)', async () => {
    const chatGpt = createChatGpt({ tenant: system.tenant, person: BOB })
    const client = await connectV2(`${system.url}/mcp`, chatGpt, 'legacy')
    expect(client.revision).toBe('2025-11-25')
    expect(await client.listTools()).toEqual(TOOLS)
    const answer = await client.callTool('listEvents')
    expect(answer.structuredContent).toMatchObject({ events: [{ id: 'b2' }, { id: 'b1' }] })
    await client.close()
  })

  test('lets a client with SDK 1.x register, sign in and call a tool', async () => {
    const chatGpt = createChatGpt({ tenant: system.tenant, person: ALICE })
    const client = await connectV1(`${system.url}/mcp`, chatGpt)
    expect(await client.listTools()).toEqual(TOOLS)
    const answer = await client.callTool('addEvent', { title: 'Chess', date: '2027-01-02' })
    expect(answer.structuredContent).toMatchObject({ event: { title: 'Chess' } })
    await client.close()
  })

  test('exchanges one token per user for a tool with on_behalf_of', async () => {
    const clients = await Promise.all(
      [ALICE, BOB].map((person) =>
        connectV2(`${system.url}/mcp`, createChatGpt({ tenant: system.tenant, person })),
      ),
    )
    const found = []
    for (const client of clients) {
      await client.callTool('searchEvents', { title: ['e'] })
      found.push(await client.callTool('searchEvents', { title: ['e'] }))
      await client.close()
    }
    const [ofAlice, ofBob] = found.map(({ structuredContent }) => JSON.stringify(structuredContent))
    expect(found.map(({ isError }) => isError ?? false)).toEqual([false, false])
    expect(ofAlice).toContain('Team breakfast')
    expect(ofBob).not.toContain('Team breakfast')
    expect(ofBob).toContain('"b')
    const { MGMT_CLIENT_ID = '', MGMT_CLIENT_SECRET = '' } = system.variables
    const MGMT_DOMAIN = new URL(system.issuer).host
    const credentials = credentialsIn({ MGMT_DOMAIN, MGMT_CLIENT_ID, MGMT_CLIENT_SECRET })
    const { data } = await (await createManagement(credentials)()).logs.list({ per_page: 100 })
    const exchanged = data.filter(({ type }) => type === 'success_on_behalf_of_token_exchange')
    expect(exchanged.map((log) => log.user_id).sort()).toEqual(['auth0|alice', 'auth0|bob'])
    expect(exchanged[0]).toMatchObject({
      audience: 'https://calendar.example.com/v1',
      scope: 'events:read',
    })
  })

  test('issues an RS256 access token with the audience of the API', async () => {
    const chatGpt = createChatGpt({ tenant: system.tenant, person: BOB })
    const client = await connectV2(`${system.url}/mcp`, chatGpt)
    await client.close()
    expect(decodeProtectedHeader(chatGpt.accessToken())).toMatchObject({ alg: 'RS256' })
    const claims = decodeJwt(chatGpt.accessToken())
    expect(claims.iss).toBe(system.issuer)
    expect([claims.aud].flat()).toContain(`${system.url}/mcp`)
    expect(claims['scope']).toBe('events:read')
  })

  test('returns an error about the missing permission and no challenge to a user who may only read', async () => {
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

  test('does not admit a client with a foreign redirect URI', async () => {
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
