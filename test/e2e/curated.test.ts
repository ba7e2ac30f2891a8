import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { System } from '../../deploy/local/system.ts'
import { adminOf, until } from '../support/auth0/tenant-admin.ts'
import { createChatGpt } from '../support/chatgpt.ts'
import { type Connected, connectV1, connectV2 } from '../support/connect.ts'
import { ALICE, BOB } from '../support/people.ts'
import { startOnFreePorts } from '../support/system.ts'

const SCOPES = ['events:read', 'events:write']

/** A client that signs in right after the registration response, without waiting for an admission. */
function impatient(system: System, person = ALICE, redirectUri?: string) {
  const options = { tenant: system.tenant, person, waitForAdmission: false }
  return createChatGpt({ ...options, ...(redirectUri && { redirectUri }) })
}

async function json(url: string): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url)
  expect(response.status).toBe(200)
  return (await response.json()) as Readonly<Record<string, unknown>>
}

describe.each(['strict', 'permissive'] as const)(
  'a system with curated metadata and %s clients',
  (mode) => {
    let system: System
    beforeAll(async () => {
      // DCR_POLICY=enforce adds a log stream to a tenant with curated metadata.
      const env = { AUTH_SERVER_METADATA: 'curated', DCR_POLICY: 'enforce' }
      system = await startOnFreePorts(env)
      // With the log stream paused, only the registration function admits clients.
      await adminOf(system.tenant).change({ mode, logStream: { paused: true } })
    })
    afterAll(() => system?.stop())

    async function callsATool(client: Connected): Promise<void> {
      const answer = await client.callTool('listEvents', { limit: 1 })
      expect(answer.isError).toBeFalsy()
      expect(answer.structuredContent).toMatchObject({ events: [expect.anything()] })
      await client.close()
    }

    test('lets a client with SDK 2.x sign in right after registration (2026-07-28)', async () => {
      const chatGpt = impatient(system)
      const client = await connectV2(`${system.url}/mcp`, chatGpt)
      expect(client.revision).toBe('2026-07-28')
      await callsATool(client)
    })

    test('lets a client with SDK 2.x and initialize sign in right after registration (2025-11-25)', async () => {
      await callsATool(await connectV2(`${system.url}/mcp`, impatient(system, BOB), 'legacy'))
    })

    test('lets a client with SDK 1.x sign in right after registration', async () => {
      await callsATool(await connectV1(`${system.url}/mcp`, impatient(system)))
    })

    test('lets a client use and refresh an access token of Auth0', async () => {
      const chatGpt = impatient(system)
      const client = await connectV2(`${system.url}/mcp`, chatGpt)
      await client.close()
      const claims = decodeJwt(chatGpt.accessToken())
      expect(claims.iss).toBe(system.issuer)
      expect([claims.aud].flat()).toContain(`${system.url}/mcp`)
      expect(claims['scope']).toBe(SCOPES.join(' '))
      const tokens = await chatGpt.provider.tokens()
      const refreshed = await fetch(`${system.issuer}oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          client_id: chatGpt.clientId(),
          refresh_token: tokens?.refresh_token ?? '',
        }),
      })
      expect(refreshed.status).toBe(200)
      expect(await refreshed.json()).toMatchObject({ access_token: expect.any(String) })
    })

    test('rejects a foreign redirect URI before it creates a client', async () => {
      const before = (await adminOf(system.tenant).state()).clients.length
      const evil = 'https://chatgpt.com.evil.example/connector/oauth/abc'
      const chatGpt = impatient(system, ALICE, evil)
      await expect(connectV2(`${system.url}/mcp`, chatGpt)).rejects.toThrow(/redirect/i)
      expect((await adminOf(system.tenant).state()).clients).toHaveLength(before)
    })

    test('serves the same metadata at every well-known path', async () => {
      const wellKnown = `${system.url}/.well-known`
      for (const path of ['oauth-protected-resource', 'oauth-protected-resource/mcp']) {
        expect(await json(`${wellKnown}/${path}`)).toMatchObject({
          resource: `${system.url}/mcp`,
          authorization_servers: [system.url],
          scopes_supported: SCOPES,
        })
      }
      const paths = ['oauth-authorization-server', 'openid-configuration']
      const documents = await Promise.all(paths.map((path) => json(`${wellKnown}/${path}`)))
      expect(documents[0]).toEqual(documents[1])
      expect(documents[0]).toMatchObject({
        issuer: system.url,
        authorization_endpoint: `${system.issuer}authorize`,
        token_endpoint: `${system.issuer}oauth/token`,
        jwks_uri: `${system.issuer}.well-known/jwks.json`,
        registration_endpoint: `${system.url}/oauth/register`,
        scopes_supported: [...SCOPES, 'offline_access'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['none'],
      })
    })

    test('changes nothing when the log stream reports the registration later', async () => {
      const chatGpt = impatient(system)
      await (await connectV2(`${system.url}/mcp`, chatGpt)).close()
      const { clients, clientGrants, connections } = await adminOf(system.tenant).state()
      await adminOf(system.tenant).change({ logStream: { paused: false } })
      const isHandled = (line: string) =>
        line.includes(`"client":"${chatGpt.clientId()}"`) && line.includes('already_admitted')
      await until(
        async () =>
          system.logs.some(({ source, line }) => source === 'log-webhook' && isHandled(line)),
        'the record has come',
      )
      expect(await adminOf(system.tenant).state()).toMatchObject({
        clients,
        clientGrants,
        connections,
      })
      await adminOf(system.tenant).change({ logStream: { paused: true } })
    })

    test('responds with 503 to registrations during an outage of the Management API', async () => {
      const before = (await adminOf(system.tenant).state()).clients.length
      await adminOf(system.tenant).change({ outage: true })
      const register = () =>
        fetch(`${system.url}/oauth/register`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ redirect_uris: ['https://chatgpt.com/connector/oauth/out'] }),
        })
      const refused = await register()
      expect(refused.status).toBe(503)
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(await refused.json()).toMatchObject({ error: 'temporarily_unavailable' })
      await adminOf(system.tenant).change({ outage: false })
      const registered = await register()
      expect(registered.status).toBe(201)
      const { client_id: clientId } = (await registered.json()) as { client_id: string }
      expect(await adminOf(system.tenant).isAdmitted(clientId)).toBe(true)
      expect((await adminOf(system.tenant).state()).clients).toHaveLength(before + 1)
    })
  },
)

test('a system with default settings names Auth0 as the authorization server and has no registration endpoint', async () => {
  const system = await startOnFreePorts()
  const prm = await json(`${system.url}/.well-known/oauth-protected-resource`)
  expect(prm['authorization_servers']).toEqual([system.issuer])
  const answer = await fetch(`${system.url}/oauth/register`, { method: 'POST', body: '{}' })
  expect(answer.status).toBe(404)
  await system.stop()
})
