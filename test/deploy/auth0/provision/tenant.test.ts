import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { System } from '../../../../deploy/local/system.ts'
import { type ProvisionRun, provision } from '../../../support/auth0/provision.ts'
import { adminOf, until } from '../../../support/auth0/tenant-admin.ts'
import { createChatGpt } from '../../../support/chatgpt.ts'
import { connectV2 } from '../../../support/connect.ts'
import { ALICE } from '../../../support/people.ts'
import { startOnFreePorts } from '../../../support/system.ts'

describe.each(['strict', 'permissive'] as const)('an empty %s tenant', (mode) => {
  let system: System

  beforeAll(async () => {
    system = await startOnFreePorts({ DCR_POLICY: 'enforce' })
    await adminOf(system.tenant).change({ mode, empty: true })
  })
  afterAll(() => system?.stop())

  const run = (args: readonly string[] = []) => runOn(system, args)

  test('does not let ChatGPT connect before provision', async () => {
    const chatGpt = createChatGpt({
      tenant: system.tenant,
      person: ALICE,
      waitForAdmission: false,
    })
    await expect(connectV2(`${system.url}/mcp`, chatGpt)).rejects.toThrow()
  })

  test('is complete after one --apply, and the next run plans nothing', async () => {
    expect(await run()).toMatchObject({ exitCode: 0, stderr: '' })
    const applied = await run(['--apply'])
    expect(applied.stdout).toContain('Done.')
    expect(applied).toMatchObject({ exitCode: 0, stderr: '' })
    const again = await run(['--apply'])
    expect(again.stdout).toContain('Nothing to do')
    expect(again.exitCode).toBe(0)
    expect((await adminOf(system.tenant).state()).mode).toBe(mode)
  })

  test('lets ChatGPT connect, sign Alice in and call a tool after provision', async () => {
    const chatGpt = createChatGpt({ tenant: system.tenant, person: ALICE })
    const client = await connectV2(`${system.url}/mcp`, chatGpt)
    const answer = await client.callTool('listEvents', { limit: 1 })
    expect(answer.structuredContent).toMatchObject({ events: [{ title: 'Flight to Lisbon' }] })
    await client.close()
  })

  test('loses a client with a foreign redirect URI after the log stream reports it', async () => {
    const { issuer } = system.tenant
    const response = await fetch(`${issuer}oidc/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'ChatGPT',
        redirect_uris: ['https://chatgpt.com.evil.example/connector/oauth/abc'],
        token_endpoint_auth_method: 'none',
      }),
    })
    expect(response.status).toBe(201)
    const { client_id: clientId } = (await response.json()) as { readonly client_id: string }
    await until(async () => {
      const { clients } = await adminOf(system.tenant).state()
      return clients.every((client) => client.client_id !== clientId)
    }, 'the client is deleted')
  })

  test('gets a predefined first-party client with its connection', async () => {
    const redirectUri = 'https://chatgpt.com/connector/oauth/abc123XYZ'
    const applied = await run(['--apply', '--predefined', redirectUri])
    const clientId = /client id {2}(\S+)/.exec(applied.stdout)?.[1] ?? ''
    expect(applied.exitCode).toBe(0)
    const { clients, connections } = await adminOf(system.tenant).state()
    expect(clients).toContainEqual(
      expect.objectContaining({ client_id: clientId, is_first_party: true }),
    )
    expect(connections.map(({ enabled_clients }) => enabled_clients)).toContainEqual(
      expect.arrayContaining([clientId]),
    )
    expect((await run(['--predefined', redirectUri])).stdout).toContain('Nothing to do')
  })
})

describe('a new scope in the catalogue', () => {
  let system: System

  beforeAll(async () => {
    system = await startOnFreePorts()
    await adminOf(system.tenant).change({ mode: 'strict', empty: true })
  })
  afterAll(() => system?.stop())

  test('is available to a connected client after one --apply and a step-up', async () => {
    const before = { TOOLS_FILE: '', TOOL_SCOPES_JSON: '{"listEvents":["events:read"]}' }
    const event = { title: 'Lunch', date: '2026-12-24' }
    await runOn(system, ['--apply'])
    const chatGpt = createChatGpt({ tenant: system.tenant, person: ALICE })
    await (await connectV2(`${system.url}/mcp`, chatGpt)).close()
    // Restores the tenant to its state before the catalogue had `events:write`.
    const pruned = await runOn(system, ['--apply', '--prune'], {}, before)
    expect(pruned).toMatchObject({ exitCode: 0 })
    chatGpt.forgetTokens()
    const old = await connectV2(`${system.url}/mcp`, chatGpt)
    const refused = await old.callTool('addEvent', event).catch((error: unknown) => error)
    expect(JSON.stringify(refused)).not.toContain('Lunch')
    await old.close()

    expect(await runOn(system, ['--apply'])).toMatchObject({ exitCode: 0 })
    const clientId = chatGpt.clientId()
    chatGpt.forgetTokens()
    const stepped = await connectV2(`${system.url}/mcp`, chatGpt)
    expect(chatGpt.clientId()).toBe(clientId)
    const added = await stepped.callTool('addEvent', event)
    expect(JSON.stringify(added)).toContain('Lunch')
    await stepped.close()
  })
})

describe('provision against a failing tenant', () => {
  let system: System

  beforeAll(async () => {
    system = await startOnFreePorts()
  })
  afterAll(() => system?.stop())

  test('retries calls that get 429', async () => {
    const { change } = adminOf(system.tenant)
    await change({ empty: true })
    await change({ management: { rateLimit: { times: 2, retryAfterSeconds: 1 } } })
    expect(await runOn(system, ['--apply'])).toMatchObject({ exitCode: 0 })
    expect((await runOn(system)).stdout).toContain('Nothing to do')
  })

  test('completes in the next run after a failure at any call', async () => {
    const { change } = adminOf(system.tenant)
    for (let calls = 0, isInterrupted = true; isInterrupted; calls++) {
      await change({ empty: true })
      await change({ management: { failAfter: { calls, status: 503 } } })
      const interrupted = await runOn(system, ['--apply'], { maxAttempts: 1 })
      isInterrupted = interrupted.exitCode === 1
      await change({ management: { failAfter: null } })
      expect(await runOn(system, ['--apply'])).toMatchObject({ exitCode: 0 })
      expect((await runOn(system)).stdout).toContain('Nothing to do')
    }
  })
})

function runOn(
  system: System,
  args: readonly string[] = [],
  calls = {},
  overrides = {},
): Promise<ProvisionRun> {
  const { MGMT_DOMAIN: domain = '', ...env } = system.variables
  return provision({ domain, args, env: { TOOL_SCOPES_JSON: '', ...env, ...overrides }, calls })
}
