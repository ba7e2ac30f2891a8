import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type LocalTenant, startLocalTenant } from '../../../support/auth0/local-tenant.ts'
import { MGMT_CLIENT_SECRET, provision } from '../../../support/auth0/provision.ts'

const AUDIENCE = 'https://mcp.example.com/mcp'
const CALENDAR = 'https://calendar.example.com/v1'
const ON_BEHALF = ['on_behalf_of_token_exchange']

let tenant: LocalTenant
beforeAll(async () => {
  tenant = await startLocalTenant({
    management: { clientId: 'mgmt-client', clientSecret: MGMT_CLIENT_SECRET },
  })
})
beforeEach(() => tenant.reset({ empty: true }))
afterAll(() => tenant?.close())

const catalogue = (...asked: (readonly string[])[]) =>
  JSON.stringify(
    Object.fromEntries(
      asked.map((scopes, index) => [
        `tool${index}`,
        {
          scopes: ['events:read'],
          backendAuth: { type: 'on_behalf_of', audience: CALENDAR, scopes },
        },
      ]),
    ),
  )

function run(args: readonly string[] = [], TOOLS = catalogue(['read'], ['write']), more = {}) {
  const env = { TOOLS, TOOL_SCOPES_JSON: '', ...more }
  return provision({ domain: `localhost:${tenant.port}`, args, env })
}
const makeCalendar = (scopes = ['read', 'write', 'share']) =>
  tenant.management.resourceServers.create({
    identifier: CALENDAR,
    scopes: scopes.map((value) => ({ value })),
  })
const exchanger = async () => {
  const { data } = await tenant.management.clients.list({ app_type: 'resource_server' })
  expect(data).toHaveLength(1)
  return data[0] ?? expect.fail('no client')
}
const grants = async () => {
  const { data } = await tenant.management.clientGrants.list({ audience: CALENDAR })
  return data
}

describe('provision for a catalogue with on_behalf_of', () => {
  test('creates the client and its grant and prints the variables to set', async () => {
    await makeCalendar()
    const { exitCode, stdout } = await run(['--apply'])
    const client = await exchanger()
    expect(exitCode).toBe(0)
    expect(client).toMatchObject({
      resource_server_identifier: AUDIENCE,
      token_endpoint_auth_method: 'client_secret_post',
      token_exchange: { allow_any_profile_of_type: ON_BEHALF },
    })
    expect(await grants()).toMatchObject([
      { client_id: client.client_id, scope: ['read', 'write'], subject_type: 'user' },
    ])
    expect(stdout).toContain(`set OBO_CLIENT_ID to ${client.client_id}, and OBO_CLIENT_SECRET to`)

    const again = await run(['--apply'])
    expect(again.stdout).toContain('Nothing to do')
    expect(again.stdout).toContain(`set OBO_CLIENT_ID to ${client.client_id}`)
    const OBO_CLIENT_ID = String(client.client_id)
    const configured = await run(['--apply'], undefined, { OBO_CLIENT_ID })
    expect(configured.stdout).toContain('Nothing to do')
    expect(configured.stdout).not.toContain('For backendAuth on_behalf_of')
  })

  test('does not print the client secret', async () => {
    await makeCalendar()
    const secrets: string[] = []
    const calls = {
      fetch: async (input: string | URL | Request, init?: RequestInit) => {
        const response = await fetch(input, init)
        const text = await response.clone().text()
        const [, secret] = /"client_secret":"([^"]+)"/.exec(text) ?? []
        if (secret !== undefined) secrets.push(secret)
        return response
      },
    }
    const env = { TOOLS: catalogue(['read']), TOOL_SCOPES_JSON: '' }
    const domain = `localhost:${tenant.port}`
    for (const args of [['--apply'], ['--json'], []]) {
      const { stdout, stderr } = await provision({ domain, args, env, calls })
      for (const secret of secrets) expect(stdout + stderr).not.toContain(secret)
    }
    expect(secrets).toHaveLength(1)
    const { stdout } = await provision({ domain, args: ['--json'], env, calls })
    expect(JSON.parse(stdout)).toMatchObject({ exchangeClientId: (await exchanger()).client_id })
  })

  test('corrects changed settings and keeps settings that others added', async () => {
    await makeCalendar()
    await run(['--apply'])
    const { client_id: id = '' } = await exchanger()
    await tenant.management.clients.update(id, {
      token_exchange: { allow_any_profile_of_type: ['custom_authentication'] },
      token_endpoint_auth_method: 'none',
    })
    const [grant] = await grants()
    await tenant.management.clientGrants.update(grant?.id ?? '', { scope: ['share'] })
    expect((await run(['--apply'])).exitCode).toBe(0)
    expect(await exchanger()).toMatchObject({
      token_endpoint_auth_method: 'client_secret_post',
      token_exchange: { allow_any_profile_of_type: ['custom_authentication', ...ON_BEHALF] },
    })
    expect((await grants())[0]?.scope).toEqual(['share', 'read', 'write'])
  })

  test('allows all scopes in the grant if one tool lists no scopes', async () => {
    await makeCalendar()
    await run(['--apply'], catalogue(['read']))
    await run(['--apply'], catalogue(['read'], []))
    expect(await grants()).toMatchObject([{ allow_all_scopes: true }])
    expect((await run([], catalogue(['read'], []))).stdout).toContain('Nothing to do')
  })

  test('reports a missing API and an API without the permission', async () => {
    const without = await run(['--apply'])
    expect(without.exitCode).toBe(1)
    expect(without.stdout).toContain(`There is no API with the identifier ${CALENDAR}`)
    expect((await exchanger()).resource_server_identifier).toBe(AUDIENCE)
    await makeCalendar(['read'])
    const lacking = await run(['--apply'])
    expect(lacking.exitCode).toBe(1)
    expect(lacking.stdout).toContain('The API lacks the permission write')
    expect(await grants()).toEqual([])
  })
})

test('provision creates no token exchange client for a catalogue without on_behalf_of', async () => {
  await makeCalendar()
  const { stdout } = await run(['--apply'], JSON.stringify({ a: { scopes: ['events:read'] } }))
  expect(stdout).not.toContain('OBO_CLIENT_ID')
  const { data } = await tenant.management.clients.list({ app_type: 'resource_server' })
  expect(data).toEqual([])
})
