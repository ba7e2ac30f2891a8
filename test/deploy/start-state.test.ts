import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { System } from '../../deploy/local/system.ts'
import { createManagement, credentialsIn } from '../../shared/auth0/management.ts'
import { provision } from '../support/auth0/provision.ts'
import { adminOf } from '../support/auth0/tenant-admin.ts'
import { startOnFreePorts } from '../support/system.ts'

describe.each([
  { name: 'the defaults', env: {} },
  { name: 'THIRD_PARTY_ACCESS=open', env: { THIRD_PARTY_ACCESS: 'open' } },
  { name: 'DCR_POLICY=enforce', env: { DCR_POLICY: 'enforce' } },
  { name: 'AUTH_SERVER_METADATA=curated', env: { AUTH_SERVER_METADATA: 'curated' } },
])('the initial state of the local tenant with $name', ({ env }) => {
  let system: System
  beforeAll(async () => {
    system = await startOnFreePorts(env)
  })
  afterAll(() => system?.stop())

  const run = (args: readonly string[] = []) => {
    const { MGMT_DOMAIN: domain = '', ...variables } = system.variables
    return provision({ domain, args, env: { TOOL_SCOPES_JSON: '', ...variables } })
  }
  const management = () => {
    const { MGMT_DOMAIN = '', MGMT_CLIENT_ID = '', MGMT_CLIENT_SECRET = '' } = system.variables
    return createManagement(credentialsIn({ MGMT_DOMAIN, MGMT_CLIENT_ID, MGMT_CLIENT_SECRET }))()
  }

  test('leaves nothing to do for provision', async () => {
    const { exitCode, stdout } = await run()
    expect(stdout).toContain('Nothing to do')
    expect(exitCode).toBe(0)
  })

  test('contains no log entries and deliveries of its own setup', async () => {
    const { logs } = await management()
    const { data } = await logs.list()
    expect(data.filter(({ type }) => type === 'sapi')).toEqual([])
    expect((await adminOf(system.tenant).state()).logStream.deliveries).toEqual([])
  })

  test('is restored by a reset', async () => {
    const { change, state } = adminOf(system.tenant)
    const atStart = withoutCounts(await state())
    const { resourceServers, roles } = await management()
    const api = (await resourceServers.list({ identifiers: `${system.url}/mcp` })).data[0]
    await resourceServers.delete(api?.id ?? '')
    await roles.create({ name: 'Another' })
    await change({ mode: 'permissive' })
    expect((await run()).stdout).not.toContain('Nothing to do')
    await change({ reset: true })
    expect(withoutCounts(await state())).toEqual(atStart)
    expect((await run()).stdout).toContain('Nothing to do')
  })
})

function withoutCounts<State extends { managementCalls: number; managementTokens: number }>({
  managementCalls: _,
  managementTokens: __,
  ...state
}: State) {
  return state
}
