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

describe('the default grant', () => {
  const REMOVAL = '- remove  client-grant  default for third-party clients'

  beforeEach(() => applied([], OPEN))

  test('is there with open access, and the plan says for whom', async () => {
    expect(defaultGrant()).toMatchObject({ audience: AUDIENCE, scope: SCOPES })
    const { stdout } = await run([], OPEN)
    expect(stdout).toContain('a client that a stranger registers')
    expect(stdout).toMatch(/\d+ unchanged, 1 note\./)
    await expectNothingToDo([], OPEN)
  })

  test('is planned to go with admitted access, first and with its reason, and goes with --apply', async () => {
    const { stdout } = await run()
    expect(stdout).toMatch(new RegExp(`^Tenant .*\\n\\n${REMOVAL}\\n`))
    expect(stdout).toContain('including clients that a stranger registers')
    expect(defaultGrant()).toBeDefined()
    await applied()
    expect(defaultGrant()).toBeUndefined()
    expect(api.tenant.grants.map(({ id }) => id)).toContain('cgr_other')
    await expectNothingToDo()
  })

  test('goes only when admitted clients have grants of their own', async () => {
    api.add('clients', { ...CHATGPT }, { ...FOREIGN })
    await applied()
    expect(api.writes.slice(-2).map(({ method, path }) => `${method} ${path}`)).toContainEqual(
      expect.stringMatching(/^DELETE \/client-grants\//),
    )
    expect(grantsOf('tpc_chatgpt')).toMatchObject([{ scope: SCOPES, subject_type: 'user' }])
    expect(grantsOf('tpc_evil')).toEqual([])
  })

  test('stays while the clients that depend on it cannot be read', async () => {
    api.fail('GET /clients', { status: 400 })
    expect((await run(['--apply'])).exitCode).toBe(1)
    expect(defaultGrant()).toBeDefined()
  })

  test('comes back with open access', async () => {
    await applied()
    await applied([], OPEN)
    expect(defaultGrant()).toMatchObject({ scope: SCOPES })
    await expectNothingToDo([], OPEN)
  })

  test('registration stays closed while it cannot be removed', async () => {
    api.tenant.settings.flags = {}
    api.fail(`DELETE /client-grants/${defaultGrant()?.['id']}`, { status: 500 })
    const { exitCode, stdout } = await run(['--apply'])
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/Skipped.*\n {4}tenant {2}dynamic client registration/)
    expect(api.tenant.settings.flags).toEqual({})
  })
})

describe('the grants of clients', () => {
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
    '%s gets one, which follows the catalogue up, and down with --prune',
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

  test('with open access none is made, and those that there are follow the catalogue', async () => {
    api.add('clients', { ...CHATGPT })
    await applied([], OPEN)
    expect(grantsOf('tpc_chatgpt')).toEqual([])
    await applied()
    await applied([], { ...OPEN, ...MORE })
    expect(grantsOf('tpc_chatgpt')).toMatchObject([{ scope: [...SCOPES, 'events:x'] }])
    expect(defaultGrant()).toMatchObject({ scope: [...SCOPES, 'events:x'] })
    await expectNothingToDo([], { ...OPEN, ...MORE })
  })

  test('are not made for clients that are only observed', async () => {
    api.add('clients', { ...CHATGPT })
    await applied([], { DCR_POLICY: 'observe' })
    expect(grantsOf('tpc_chatgpt')).toEqual([])
  })

  test('one for clients is not one for people', async () => {
    api.add('clients', { ...CHATGPT })
    const machine = { id: 'cgr_m', client_id: 'tpc_chatgpt', audience: AUDIENCE, scope: ['x'] }
    api.add('grants', { ...machine, subject_type: 'client' })
    await applied()
    expect(grantsOf('tpc_chatgpt')).toHaveLength(2)
    expect(grantsOf('tpc_chatgpt')[0]).toMatchObject({ scope: ['x'] })
  })

  test('one that fails does not stop the others', async () => {
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
  ])('their number is held against the limit of the plan: %i', async (count, isReported) => {
    const clients = Array.from({ length: count }, (_, i) => ({ ...CHATGPT, client_id: `tpc_${i}` }))
    api.add('clients', ...clients)
    const notes = (await planned()).filter(({ subject }) => subject === 'number of grants')
    expect(notes).toHaveLength(isReported ? 1 : 0)
    if (isReported) expect(notes[0]?.why).toContain("100 is the limit of a tenant on Auth0's Free")
  })
})

describe('the role', () => {
  const roleOf = () => api.tenant.roles.find(({ name }) => name === 'Tools at mcp.example.com')
  const permissions = (names: readonly string[]) =>
    names.map((permission_name) => ({ resource_server_identifier: AUDIENCE, permission_name }))

  test('has the permissions of the tools, and follows the catalogue', async () => {
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

  test('has the name of --role, also when another role contains it', async () => {
    api.add('roles', { id: 'rol_other', name: 'Event readers', permissions: [] })
    await applied(['--role', 'Event reader'])
    expect(api.tenant.roles.map(({ name }) => name)).toEqual(['Event readers', 'Event reader'])
    await expectNothingToDo(['--role', 'Event reader'])
    await expectNothingToDo()
  })

  test('is found again after somebody has renamed it', async () => {
    await applied()
    Object.assign(roleOf() ?? {}, { name: 'Calendar people' })
    await expectNothingToDo()
    expect((await run()).stdout).toContain('= keep  role  Calendar people')
  })

  test('the plan says how to give it to people, and to every new user', async () => {
    await applied()
    const id = String(roleOf()?.['id'])
    expect((await run()).stdout).toContain(`POST /api/v2/users/{id}/roles {"roles":["${id}"]}`)
    const { exitCode, stdout } = await run(['--default-role'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('exports.onExecutePostLogin')
    expect(stdout).toContain(`roles: ['${id}']`)
    await expectNothingToDo(['--default-role'])
  })

  test('a missing scope for roles stops nothing else', async () => {
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

  test('a setting that Auth0 does not show is sent, and shown from then on', async () => {
    expect((await run(ARGS)).stdout).toContain('Third-Party Application Access')
    await applied(ARGS)
    expect(acme()).toMatchObject({
      third_party_client_access: 'allow',
      connections: ['con_google'],
    })
    await expectNothingToDo(ARGS)
  })

  test('a tenant that does not have the setting refuses it, and the rest goes on', async () => {
    const message = 'Additional properties not allowed: third_party_client_access'
    api.fail('PATCH /organizations/org_acme', { status: 400, message })
    const { exitCode, stdout } = await run([...ARGS, '--apply'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('Allow third-party applications for this organization')
    expect(acme()).toMatchObject({ connections: ['con_google'] })
  })

  test('one that does not exist is blocked, and the rest goes on', async () => {
    const { exitCode, stdout } = await run(['--apply', '--organization', 'org_none'])
    expect(exitCode).toBe(1)
    expect(stdout).toContain('There is no organization with this id')
    expect(api.tenant.settings.flags).toMatchObject({ enable_dynamic_client_registration: true })
  })
})
