import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { System } from '../../deploy/local/system.ts'
import { adminOf, until } from '../support/auth0/tenant-admin.ts'
import { createChatGpt } from '../support/chatgpt.ts'
import { connectV2 } from '../support/connect.ts'
import { ALICE } from '../support/people.ts'
import { callMessage, postMcp, startOnFreePorts } from '../support/system.ts'

let system: System

beforeEach(async () => {
  system = await startOnFreePorts()
})

afterEach(() => system?.stop())

async function signedIn(): Promise<{ readonly authorization: string; readonly clientId: string }> {
  const chatGpt = createChatGpt({ tenant: system.tenant, person: ALICE })
  await (await connectV2(`${system.url}/mcp`, chatGpt)).close()
  return { authorization: `Bearer ${chatGpt.accessToken()}`, clientId: chatGpt.clientId() }
}

async function call(authorization: string): Promise<Response> {
  return postMcp(system, callMessage('listEvents'), { authorization })
}

describe('the signing keys of the issuer', () => {
  test('are fetched again after a rotation, and tokens with the previous key stay valid', async () => {
    const before = await signedIn()
    await adminOf(system.tenant).change({ rotateKeys: true })
    const after = await signedIn()
    expect((await call(after.authorization)).status).toBe(200)
    expect((await call(before.authorization)).status).toBe(200)
  })

  test('are fetched after a rotation even if a token had an unknown key before', async () => {
    const { authorization } = await signedIn()
    const [, payload, signature] = authorization.split('.')
    const header = Buffer.from('{"alg":"RS256","kid":"unknown"}').toString('base64url')
    expect((await call(`Bearer ${header}.${payload}.${signature}`)).status).toBe(401)
    await adminOf(system.tenant).change({ rotateKeys: true })
    expect((await call((await signedIn()).authorization)).status).toBe(200)
  })

  test('are served from the cache during an outage of the issuer', async () => {
    const { authorization } = await signedIn()
    expect((await call(authorization)).status).toBe(200)
    await adminOf(system.tenant).change({ outage: true })
    expect((await call(authorization)).status).toBe(200)
    const health = await fetch(`${system.url}/health/auth0`)
    expect(health.status).toBe(503)
    expect(await health.json()).toMatchObject({ failing: ['issuer', 'jwks'] })
  })

  test('result in a 503 without a challenge until they can be fetched', async () => {
    const { authorization } = await signedIn()
    await adminOf(system.tenant).change({ outage: true })
    const pid = system.functions.gateway.pid()
    process.kill(pid ?? 0, 'SIGTERM')
    await until(async () => system.functions.gateway.pid() !== pid, 'a new instance serves')
    const refused = await call(authorization)
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('10')
    expect(refused.headers.has('www-authenticate')).toBe(false)
    await adminOf(system.tenant).change({ outage: false })
    await until(async () => (await call(authorization)).status === 200, 'the token is accepted')
  })
})

describe('the admission of clients by the log stream', () => {
  test.each(['JSONLINES', 'JSONARRAY', 'JSONOBJECT'])(
    'creates one client grant per client from repeated and unordered records in %s',
    async (format) => {
      await adminOf(system.tenant).change({ logStream: { format } })
      const clients = await Promise.all([signedIn(), signedIn(), signedIn()])
      for (const { authorization } of clients) {
        expect((await call(authorization)).status).toBe(200)
      }
      const { clientGrants, clients: all } = await adminOf(system.tenant).state()
      for (const { clientId } of clients) {
        expect(clientGrants.filter((grant) => grant.client_id === clientId)).toHaveLength(1)
        expect(all.filter((client) => client.client_id === clientId)).toHaveLength(1)
      }
    },
  )

  test('is delayed and not lost by an outage of the Management API', async () => {
    const chatGpt = createChatGpt({ tenant: system.tenant, person: ALICE })
    await adminOf(system.tenant).change({ logStream: { paused: true } })
    const connecting = connectV2(`${system.url}/mcp`, chatGpt)
    await until(async () => chatGpt.clientId() !== '', 'the client has registered')
    await adminOf(system.tenant).change({ outage: true, logStream: { paused: false } })
    await until(
      async () =>
        (await adminOf(system.tenant).state()).logStream.deliveries.some(
          ({ status }) => status === 503,
        ),
      'a delivery failed',
    )
    await adminOf(system.tenant).change({ outage: false })
    await (await connecting).close()
    expect((await call(`Bearer ${chatGpt.accessToken()}`)).status).toBe(200)
  })
})

test('the logs contain no token, secret, argument or e-mail address', async () => {
  const { authorization } = await signedIn()
  const marker = 'marker-in-the-arguments'
  await postMcp(system, callMessage('addEvent', { title: marker, date: '2027-01-01' }), {
    authorization,
  })
  await postMcp(system, callMessage('addEvent', { title: 7, extra: marker }), { authorization })
  await fetch(`${system.url}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: `{"${marker}`,
  })
  await fetch(`${system.url}/auth0-log-webhook`, { method: 'POST', body: `{"${marker}` })
  const lines = system.logs.map(({ line }) => line).join('\n')
  const written = await adminOf(system.tenant).withoutClientIds(lines)
  expect(written).toContain('"message":"tool_called"')
  expect(written).toContain('"message":"tool_answered"')
  const { GATEWAY_HMAC_SECRET, LOG_WEBHOOK_SECRET, MGMT_CLIENT_SECRET } = system.variables
  for (const secret of [GATEWAY_HMAC_SECRET, LOG_WEBHOOK_SECRET, MGMT_CLIENT_SECRET]) {
    expect(secret).toBeTypeOf('string')
    expect(written).not.toContain(secret)
  }
  expect(written).not.toContain(authorization.slice('Bearer '.length, 60))
  expect(written).not.toMatch(/eyJ[A-Za-z0-9_-]{10}|@example\.com/)
  expect(written).not.toContain(marker)
})
