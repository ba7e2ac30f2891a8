import { Script } from 'node:vm'
import { beforeEach, describe, expect, test } from 'vitest'
import { AUDIENCE, OPEN, SCOPES } from '../../../support/auth0/provision.ts'
import { runsOn, tenantForEachTest } from '../../../support/auth0/provision-run.ts'

const MORE = {
  TOOL_SCOPES_JSON: '{"listEvents":["events:read"],"addEvent":["events:write"],"x":["events:x"]}',
}
const CHATGPT = {
  client_id: 'tpc_chatgpt',
  name: 'ChatGPT',
  is_first_party: false,
  external_metadata_type: 'dcr',
  external_metadata_created_by: 'client',
  callbacks: ['https://chatgpt.com/connector/oauth/abc123'],
}
const FOREIGN = { ...CHATGPT, client_id: 'tpc_evil', callbacks: ['https://evil.example/cb'] }

const api = tenantForEachTest()
const { run, applied, planned, expectNothingToDo } = runsOn(() => api)

const grantsOf = (clientId: string) =>
  api.tenant.grants.filter(
    ({ client_id, audience }) => client_id === clientId && audience === AUDIENCE,
  )
const defaultGrant = () => api.tenant.grants.find(({ default_for }) => default_for !== undefined)

describe('the default grant for third-party clients', () => {
  const REMOVAL = '- remove  client-grant  default for third-party clients'

  beforeEach(() => applied([], OPEN))

  test('exists with open access, and the plan states who gets access', async () => {
    expect(defaultGrant()).toMatchObject({ audience: AUDIENCE, scope: SCOPES })
    const { stdout } = await run([], OPEN)
    expect(stdout).toContain('a client that a stranger registers')
    expect(stdout).toMatch(/\d+ unchanged, 1 note\./)
    await expectNothingToDo([], OPEN)
  })

  test('is the first item to remove with admitted access, with its reason, and --apply removes it', async () => {
    const { stdout } = await run()
    expect(stdout).toMatch(new RegExp(`^Tenant .*\\n\\n${REMOVAL}\\n`))
    expect(stdout).toContain('including clients that a stranger registers')
    expect(defaultGrant()).toBeDefined()
    await applied()
    expect(defaultGrant()).toBeUndefined()
    expect(api.tenant.grants.map(({ id }) => id)).toContain('cgr_other')
    await expectNothingToDo()
  })

  test('is removed only after the admitted clients have their own grants', async () => {
    api.add('clients', { ...CHATGPT }, { ...FOREIGN })
    await applied()
    expect(api.writes.slice(-2).map(({ method, path }) => `${method} ${path}`)).toContainEqual(
      expect.stringMatching(/^DELETE \/client-grants\//),
    )
    expect(grantsOf('tpc_chatgpt')).toMatchObject([{ scope: SCOPES, subject_type: 'user' }])
    expect(grantsOf('tpc_evil')).toEqual([])
  })

  test('is kept if the clients that depend on it cannot be read', async () => {
    api.fail('GET /clients', { status: 400 })
    expect((await run(['--apply'])).exitCode).toBe(1)
    expect(defaultGrant()).toBeDefined()
  })

  test('is created again with open access', async () => {
    await applied()
    await applied([], OPEN)
    expect(defaultGrant()).toMatchObject({ scope: SCOPES })
    await expectNothingToDo([], OPEN)
  })

  test('keeps registration closed if it cannot be removed', async () => {
    api.tenant.settings.flags = {}
    api.fail(`DELETE /client-grants/${defaultGrant()?.['id']}`, { status: 500 })
    const { exitCode, stdout } = await run(['--apply'])
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/Skipped.*\n {4}tenant {2}dynamic client registration/)
    expect(api.tenant.settings.flags).toEqual({})
  })
})

describe('the grants of registered clients', () => {
  const ours = [
    CHATGPT,
    { ...CHATGPT, client_id: 'self', external_metadata_type: 'cimd' },
    {
      ...{ client_id: 'promoted', external_metadata_type: 'dcr', callbacks: CHATGPT.callbacks },
      is_first_party: true,
    },
    { client_id: 'tpc_unmarked', is_first_party: false, callbacks: CHATGPT.callbacks },
  ]

  test.each(ours.map((client) => [client.client_id, client] as const))(
    '%s gets a grant that gains new scopes of the catalogue and loses old ones with --prune',
    async (id, client) => {
      api.add('clients', { ...client }, { ...FOREIGN })
      await applied()
      expect(grantsOf(id)).toMatchObject([{ scope: SCOPES, subject_type: 'user' }])
      expect(grantsOf('tpc_evil')).toEqual([])
      await applied([], MORE)
      expect(grantsOf(id)).toMatchObject([{ scope: [...SCOPES, 'events:x'] }])
      await expectNothingToDo([], MORE)
      await applied()
      expect(grantsOf(id)).toMatchObject([{ scope: [...SCOPES, 'events:x'] }])
      await applied(['--prune'])
      expect(grantsOf(id)).toMatchObject([{ scope: SCOPES }])
      await expectNothingToDo(['--prune'])
    },
  )

  test('are not created with open access, but existing ones get the scopes of the catalogue', async () => {
    api.add('clients', { ...CHATGPT })
    await applied([], OPEN)
    expect(grantsOf('tpc_chatgpt')).toEqual([])
    await applied()
    await applied([], { ...OPEN, ...MORE })
    expect(grantsOf('tpc_chatgpt')).toMatchObject([{ scope: [...SCOPES, 'events:x'] }])
    expect(defaultGrant()).toMatchObject({ scope: [...SCOPES, 'events:x'] })
    await expectNothingToDo([], { ...OPEN, ...MORE })
  })

  test('are not created with DCR_POLICY observe', async () => {
    api.add('clients', { ...CHATGPT })
    await applied([], { DCR_POLICY: 'observe' })
    expect(grantsOf('tpc_chatgpt')).toEqual([])
  })

  test('a machine-to-machine grant does not count as a user grant', async () => {
    api.add('clients', { ...CHATGPT })
    const machine = { id: 'cgr_m', client_id: 'tpc_chatgpt', audience: AUDIENCE, scope: ['x'] }
    api.add('grants', { ...machine, subject_type: 'client' })
    await applied()
    expect(grantsOf('tpc_chatgpt')).toHaveLength(2)
    expect(grantsOf('tpc_chatgpt')[0]).toMatchObject({ scope: ['x'] })
  })

  test('are updated even if the update of another grant fails', async () => {
    api.add('clients', { ...CHATGPT }, { ...CHATGPT, client_id: 'tpc_2' })
    await applied()
    const [first] = grantsOf('tpc_chatgpt')
    api.fail(`PATCH /client-grants/${first?.['id']}`, { status: 404 })
    const { exitCode, stdout } = await run(['--apply'], MORE)
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/Failed:\n {4}client-grant {2}ChatGPT, client id tpc_chatgpt: /)
    expect(grantsOf('tpc_2')).toMatchObject([{ scope: [...SCOPES, 'events:x'] }])
  })

  test.each([
    [79, false],
    [80, true],
  ])(
    '%i clients get a note about the grant limit of the Auth0 plan: %s',
    async (count, isReported) => {
      const clients = Array.from({ length: count }, (_, i) => ({
        ...CHATGPT,
        client_id: `tpc_${i}`,
      }))
      api.add('clients', ...clients)
      const notes = (await planned()).filter(({ subject }) => subject === 'number of grants')
      expect(notes).toHaveLength(isReported ? 1 : 0)
      if (isReported)
        expect(notes[0]?.why).toContain("100 is the limit of a tenant on Auth0's Free")
    },
  )
})

describe('the role for the tools', () => {
  const roleOf = () => api.tenant.roles.find(({ name }) => name === 'Tools at mcp.example.com')
  const permissions = (names: readonly string[]) =>
    names.map((permission_name) => ({ resource_server_identifier: AUDIENCE, permission_name }))

  test('has the permissions of the tools and changes with the catalogue', async () => {
    const other = { resource_server_identifier: 'https://other.example', permission_name: 'x' }
    await applied()
    expect(roleOf()?.permissions).toEqual(permissions(SCOPES))
    roleOf()?.permissions.push(other)
    await applied([], MORE)
    expect(roleOf()?.permissions).toEqual([
      ...permissions(SCOPES),
      other,
      ...permissions(['events:x']),
    ])
    await expectNothingToDo([], MORE)
    expect((await run()).stdout).toContain('events:x: not in the catalogue; kept')
    await applied(['--prune'])
    expect(roleOf()?.permissions).toEqual([...permissions(SCOPES), other])
    await expectNothingToDo(['--prune'])
  })

  test('has the name from --role, even if the name of another role contains it', async () => {
    api.add('roles', { id: 'rol_other', name: 'Event readers', permissions: [] })
    await applied(['--role', 'Event reader'])
    expect(api.tenant.roles.map(({ name }) => name)).toEqual(['Event readers', 'Event reader'])
    await expectNothingToDo(['--role', 'Event reader'])
    await expectNothingToDo()
  })

  test('is found again after it was renamed', async () => {
    await applied()
    Object.assign(roleOf() ?? {}, { name: 'Calendar people' })
    await expectNothingToDo()
    expect((await run()).stdout).toContain('= keep  role  Calendar people')
  })

  test('the plan explains how to assign it to users and to every new user', async () => {
    await applied()
    const id = String(roleOf()?.['id'])
    expect((await run()).stdout).toContain(`POST /api/v2/users/{id}/roles {"roles":["${id}"]}`)
    const { exitCode, stdout } = await run(['--default-role'])
    expect(exitCode).toBe(0)
    const lines = stdout.split('\n').map((line) => line.trim())
    const start = lines.indexOf("const { ManagementClient } = require('auth0');")
    const code = lines.slice(start, lines.indexOf('};', start) + 1)
    expect(code).toContain('exports.onExecutePostLogin = async (event) => {')
    expect(() => new Script(code.join('\n'))).not.toThrow()
    expect(stdout).toContain(`roles: ['${id}']`)
    await expectNothingToDo(['--default-role'])
  })

  test('the other changes are applied without read:roles', async () => {
    const errorCode = 'insufficient_scope'
    api.fail('GET /roles', { status: 403, message: 'Insufficient scope', errorCode })
    const { exitCode, stdout } = await run(['--apply'])
    expect(exitCode).toBe(1)
    expect(stdout).toContain('Missing Management scopes: read:roles')
    expect(api.tenant.settings.flags).toMatchObject({ enable_dynamic_client_registration: true })
  })
})

describe('--organization', () => {
  const ARGS = ['--organization', 'org_acme']
  const acme = () => api.organization()

  test('enables the connections and allows third-party clients', async () => {
    Object.assign(api.state.organizations.get('org_acme') ?? {}, {
      third_party_client_access: 'block',
    })
    await applied(ARGS)
    expect(acme()).toMatchObject({
      third_party_client_access: 'allow',
      connections: ['con_google'],
    })
    await expectNothingToDo(ARGS)
  })

  test('sends a setting that Auth0 does not return yet', async () => {
    expect((await run(ARGS)).stdout).toContain('Third-Party Application Access')
    await applied(ARGS)
    expect(acme()).toMatchObject({
      third_party_client_access: 'allow',
      connections: ['con_google'],
    })
    await expectNothingToDo(ARGS)
  })

  test('applies the other changes if the tenant rejects the setting', async () => {
    const message = 'Additional properties not allowed: third_party_client_access'
    api.fail('PATCH /organizations/org_acme', { status: 400, message })
    const { exitCode, stdout } = await run([...ARGS, '--apply'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('Allow third-party applications for this organization')
    expect(acme()).toMatchObject({ connections: ['con_google'] })
  })

  test('reports an organization that does not exist and applies the other changes', async () => {
    const { exitCode, stdout } = await run(['--apply', '--organization', 'org_none'])
    expect(exitCode).toBe(1)
    expect(stdout).toContain('There is no organization with this id')
    expect(api.tenant.settings.flags).toMatchObject({ enable_dynamic_client_registration: true })
  })
})
