import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runsOn } from '../../support/auth0/provision-run.ts'
import { renameDocument, startTenantApi, type TenantApi } from '../../support/auth0/tenant-api.ts'

const AUDIENCE = 'https://mcp.example.com/mcp'
const STABLE = 'https://chatgpt.com/connector_platform_oauth_redirect'
const CIMD = ['--cimd', 'https://chatgpt.com/oauth/client.json']
const MODE = 'dynamic_client_registration_security_mode'
const CURATED = { AUTH_SERVER_METADATA: 'curated' }
const OPEN = { THIRD_PARTY_ACCESS: 'open' }
const CALLBACKS = ['https://chatgpt.com/connector/oauth/abc']

let api: TenantApi
const { run, applied, planned, expectNothingToDo } = runsOn(() => api)

beforeEach(async () => {
  api = await startTenantApi()
})

afterEach(async () => {
  expect(api.faults).toEqual([])
  await api[Symbol.asyncDispose]()
})

const sentModes = () => api.writes.filter(({ body }) => MODE in Object(body))
const SENT_MODE = ['PATCH /tenants/settings']
const REFRESHED = ['POST /clients/cimd/register']
const flags = () => api.tenant.settings.flags
const google = () => api.tenant.connections[0]
const isRegistrationOpen = () => flags()?.['enable_dynamic_client_registration'] === true
const streams = () =>
  api.tenant.streams.filter(({ name }) => String(name).startsWith('log-webhook'))

describe('the security mode', () => {
  test.each(['strict', 'permissive'] as const)('is set with --%s', async (mode) => {
    api.state.mode = mode === 'strict' ? 'permissive' : 'strict'
    await applied([`--${mode}`])
    expect(api.state.mode).toBe(mode)
    await expectNothingToDo([`--${mode}`])
  })

  test('that Auth0 takes and does not show is not planned again, and sent where asked for', async () => {
    api.setModeSetting('absent')
    await applied(['--strict'])
    expect(sentModes()).toHaveLength(1)
    expect((await run(['--strict'])).stdout).toContain('Auth0 does not return this setting')
    await expectNothingToDo(['--strict'], {}, SENT_MODE)
    expect(sentModes().map(({ body }) => body)).toEqual([
      { [MODE]: 'strict' },
      { [MODE]: 'strict' },
    ])
    await expectNothingToDo()
  })

  test('that is asked for after all and refused is reported, and the run is no failure', async () => {
    await applied()
    api.setModeSetting('refused')
    const { exitCode, stdout } = await run(['--strict', '--apply'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/Refused by Auth0, and not required:\n.*Not configurable in this tenant/)
    expect(sentModes()).toHaveLength(1)
  })

  test('that Auth0 refuses is reported, and the rest goes on', async () => {
    api.setModeSetting('refused')
    const { exitCode, stdout } = await run(['--strict', '--apply'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/Refused by Auth0, and not required:\n.*Not configurable in this tenant/)
    expect(isRegistrationOpen()).toBe(true)
    await expectNothingToDo(['--strict'], {}, SENT_MODE)
  })

  test.each([
    ['a tpc_ id', { client_id: 'tpc_1', external_metadata_type: 'dcr' }, true],
    ['its own mode', { client_id: 'x', third_party_security_mode: 'strict' }, true],
    ['a permissive registration', { client_id: 'x', external_metadata_type: 'dcr' }, false],
    ['an old third-party client', { client_id: 'x' }, false],
  ])('is known from the clients: %s', async (_, client, isStrict) => {
    api.setModeSetting('absent')
    api.add('clients', { is_first_party: false, callbacks: CALLBACKS, ...client })
    await applied()
    expect(google()?.['is_domain_connection'] === true).toBe(isStrict)
    expect(sentModes()).toEqual([])
    await expectNothingToDo(isStrict ? ['--strict'] : ['--permissive'])
  })

  test('of a client that an operator imported says nothing: those are always strict', async () => {
    api.setModeSetting('absent')
    api.add(
      'clients',
      { client_id: 'old', is_first_party: false, callbacks: CALLBACKS },
      {
        client_id: 'tpc_c',
        external_metadata_type: 'cimd',
        external_client_id: 'https://x.example/c',
      },
    )
    await applied()
    expect(google()?.['is_domain_connection']).not.toBe(true)
  })
})

describe('without log streams', () => {
  const NOT_ALLOWED = 'The account is not allowed to perform this operation.'
  const refuse = (method: string, status = 403) => {
    api.fail(`${method} /log-streams`, { status, message: NOT_ALLOWED })
  }

  test.each([['GET'], ['POST']])(
    '%s is refused: the ways that need none are named, and registration stays closed',
    async (method) => {
      refuse(method)
      const { exitCode, stdout } = await run(['--apply'])
      expect(exitCode).toBe(1)
      expect(stdout).toContain("the tenant's Auth0 plan")
      for (const way of ['--iss --predefined', 'curated', 'THIRD_PARTY_ACCESS=open']) {
        expect(stdout).toContain(way)
      }
      expect(isRegistrationOpen()).toBe(false)
      expect(google()).toMatchObject({ is_domain_connection: true })
      expect(api.tenant.roles).toHaveLength(1)
    },
  )

  test.each([
    ['curated metadata', CURATED, []],
    ['open access', OPEN, []],
  ])('%s needs none', async (_, env, args) => {
    refuse('GET')
    await applied(args, env)
    expect(isRegistrationOpen()).toBe(true)
    await expectNothingToDo(args, env)
  })

  test('one predefined client needs none, and registration stays closed', async () => {
    refuse('GET')
    const args = ['--iss', '--predefined']
    await applied(args)
    expect(isRegistrationOpen()).toBe(false)
    await expectNothingToDo(args)
    await expectNothingToDo()
  })

  test('a limit on their number is no failure where none is needed', async () => {
    refuse('POST', 409)
    const { exitCode, stdout } = await run(['--iss', '--predefined', '--apply'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('Refused by Auth0, and not required:')
    expect(isRegistrationOpen()).toBe(false)
  })

  test('open access makes none, and keeps one that there is as it should be', async () => {
    await applied([], OPEN)
    expect(streams()).toEqual([])
    await applied([], { ...OPEN, DCR_POLICY: 'enforce' })
    expect(streams()).toHaveLength(1)
    Object.assign(streams()[0] ?? {}, { status: 'paused' })
    await applied([], OPEN)
    expect(streams()).toMatchObject([{ status: 'active' }])
  })
})

describe('--cimd', () => {
  const FLAG = 'client_id_metadata_document_supported'
  const advertised = () => api.tenant.settings[FLAG]

  test('advertises documents after the import, with a grant for the client', async () => {
    await applied(CIMD)
    const paths = api.writes.map(({ path, body }) => (FLAG in Object(body) ? FLAG : path))
    expect(paths.indexOf('/clients/cimd/register')).toBeLessThan(paths.indexOf(FLAG))
    const client = api.tenant.clients.find((one) => one['external_client_id'] === CIMD[1])
    expect(api.tenant.grants).toContainEqual(
      expect.objectContaining({ client_id: client?.['client_id'], audience: AUDIENCE }),
    )
  })

  test('each run has Auth0 read the imported document again, and plans nothing', async () => {
    await applied(CIMD)
    for (const args of [CIMD, []]) await expectNothingToDo(args, {}, REFRESHED)
    const again = await run([...CIMD, '--apply'])
    expect(again.stdout).toContain('refreshed  client  https://chatgpt.com/oauth/client.json')
    expect(again.stdout).not.toMatch(/^client id/m)
    expect(api.tenant.clients.filter((one) => 'external_client_id' in one)).toHaveLength(1)
  })

  test.each([400, 403])('a refresh that is refused with %i is no failure', async (status) => {
    await applied(CIMD)
    const message = 'The document could not be read.'
    api.fail(REFRESHED[0] ?? '', { status, message })
    const { exitCode, stdout } = await run([...CIMD, '--apply'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('The imported client is unchanged')
  })

  test('an import that fails after all leaves documents unadvertised', async () => {
    api.state.faults = { ...api.state.faults, cimdViolations: ['client_name is missing'] }
    const { exitCode, stdout } = await run([...CIMD, '--apply'])
    expect(exitCode).toBe(1)
    expect(stdout).toContain('client_name is missing')
    expect(stdout).toMatch(/Skipped.*\n {4}tenant {2}client ID metadata documents/)
    expect(advertised()).toBeUndefined()
    expect(isRegistrationOpen()).toBe(true)
  })

  test.each(['preview', 'register'])(
    '%s: private_key_jwt is explained by the plan',
    async (call) => {
      const message = 'Please upgrade your subscription to use private_key_jwt.'
      api.fail(`POST /clients/cimd/${call}`, { status: 403, message })
      const { exitCode, stdout } = await run([...CIMD, '--apply'])
      expect(exitCode).toBe(1)
      expect(stdout).toContain('Auth0 supports private_key_jwt only on its Enterprise plan')
      expect(stdout).not.toContain('Missing Management scopes')
      expect(advertised()).toBeUndefined()
    },
  )

  test('a document that has changed is imported again', async () => {
    await applied(CIMD)
    renameDocument(api, 'ChatGPT (new)')
    const change = (await planned(CIMD)).find(({ action }) => action === 'change')
    expect(change?.changes).toEqual([{ field: 'name', before: 'ChatGPT', after: 'ChatGPT (new)' }])
    await applied(CIMD)
    await expectNothingToDo(CIMD, {}, REFRESHED)
  })

  test('documents that are advertised without an import of ChatGPT are reported and mended', async () => {
    api.tenant.settings[FLAG] = true
    const { stdout } = await run()
    expect(stdout).toContain('i report  tenant  client ID metadata documents')
    expect(stdout).toContain('--cimd https://chatgpt.com/oauth/client.json')
    await applied(CIMD)
    expect((await run()).stdout).not.toContain('no document of ChatGPT')
  })
})

describe('--iss and --predefined', () => {
  const PREDEFINED = ['--iss', '--predefined']
  const clientOf = () => api.tenant.clients.find((one) => one['client_metadata'] !== undefined)

  test('need no redirect URI, and print the client id', async () => {
    const { stdout } = await applied(PREDEFINED)
    const id = String(clientOf()?.['client_id'])
    expect(clientOf()).toMatchObject({ callbacks: [STABLE], is_first_party: true })
    expect(api.tenant.settings).toMatchObject({
      authorization_response_iss_parameter_supported: true,
    })
    expect(stdout).toContain(`enter the client ID ${id}`)
    await expectNothingToDo(PREDEFINED)
    await expectNothingToDo(['--predefined'])
    expect(JSON.parse((await run(['--predefined', '--json'])).stdout)).toMatchObject({
      clientId: id,
    })
  })

  test('the client id is in the JSON of the run that makes it', async () => {
    const { stdout } = await run([...PREDEFINED, '--apply', '--json'])
    expect(JSON.parse(stdout).clientId).toBe(clientOf()?.['client_id'])
  })

  test('without iss a redirect URI is required', async () => {
    const { exitCode, stderr } = await run(['--predefined', '--apply'])
    expect(exitCode).toBe(2)
    expect(stderr).toContain('add --iss')
    expect(api.writes).toEqual([])
  })

  test('refresh tokens rotate and expire, also of a client that was made without', async () => {
    await applied(PREDEFINED)
    const rotating = { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 30 }
    expect(clientOf()).toMatchObject({ refresh_token: rotating })
    Object.assign(clientOf() ?? {}, {
      refresh_token: { rotation_type: 'non-rotating', expiration_type: 'non-expiring' },
    })
    await applied()
    expect(clientOf()).toMatchObject({ refresh_token: rotating })
    Object.assign(Object(clientOf()?.['refresh_token']), { token_lifetime: 60, leeway: 5 })
    await expectNothingToDo()
  })

  test('refresh tokens get a leeway where there is none, and keep their lifetimes', async () => {
    await applied(PREDEFINED)
    Object.assign(Object(clientOf()?.['refresh_token']), { token_lifetime: 60, leeway: 0 })
    await applied()
    expect(clientOf()).toMatchObject({ refresh_token: { token_lifetime: 60, leeway: 30 } })
    await expectNothingToDo()
  })

  test('only the login connections are on for it, whatever Auth0 turns on', async () => {
    const id = async () => {
      await applied(PREDEFINED)
      return String(clientOf()?.['client_id'])
    }
    const made = await id()
    const isOn = () => api.tenant.connections.map(({ enabledClients }) => enabledClients.has(made))
    expect(isOn()).toEqual([true, false])
    api.tenant.connections[1]?.enabledClients.add(made)
    await applied(PREDEFINED)
    expect(isOn()).toEqual([true, false])
    expect(api.enabledOf('other')).toEqual(['other'])
    await expectNothingToDo(PREDEFINED)
  })

  test.each([
    ['asked for', ['--iss'], false],
    ['on already', [], true],
  ])('iss that is %s and curated metadata exclude each other', async (_, args, isOn) => {
    api.tenant.settings['authorization_response_iss_parameter_supported'] = isOn
    const { exitCode, stdout, stderr } = await run([...args, '--apply'], CURATED)
    expect(exitCode).toBe(1)
    expect(stdout + stderr).toContain('Set AUTH_SERVER_METADATA=issuer')
    expect(isRegistrationOpen()).toBe(false)
  })
})

describe('the leeway of refresh tokens', () => {
  const tokens = { rotation_type: 'rotating', expiration_type: 'expiring', token_lifetime: 60 }
  const register = (client: object) =>
    api.add('clients', {
      ...{ client_id: 'tpc_1', name: 'ChatGPT', is_first_party: false, callbacks: CALLBACKS },
      ...{ third_party_security_mode: 'strict', external_metadata_type: 'dcr' },
      ...client,
    })
  const tokensOf = () =>
    api.tenant.clients.find(({ client_id }) => client_id === 'tpc_1')?.['refresh_token']

  test('is set for an admitted client that has none, and its lifetimes stay', async () => {
    register({ refresh_token: { ...tokens, leeway: 0 } })
    await applied()
    expect(tokensOf()).toEqual({ ...tokens, leeway: 30 })
    await expectNothingToDo()
  })

  test('is set for the document that the run imports', async () => {
    await applied(CIMD)
    const imported = api.tenant.clients.find((one) => 'external_client_id' in one)
    expect(imported).toMatchObject({ refresh_token: { rotation_type: 'rotating', leeway: 30 } })
    await expectNothingToDo(CIMD, {}, REFRESHED)
  })

  test.each([
    ['another leeway', { refresh_token: { ...tokens, leeway: 5 } }, {}],
    [
      'tokens that do not rotate',
      { refresh_token: { ...tokens, rotation_type: 'non-rotating' } },
      {},
    ],
    ['foreign redirect URIs', { refresh_token: tokens, callbacks: ['https://other.example'] }, {}],
    ['DCR_POLICY=observe', { refresh_token: tokens }, { DCR_POLICY: 'observe' }],
  ])('stays with %s', async (_, client, env) => {
    register(client)
    await applied([], env)
    expect(tokensOf()).toEqual(client.refresh_token)
  })
})

describe('tokens', () => {
  const apiOf = () => api.tenant.apis.find(({ identifier }) => identifier === AUDIENCE)

  test('an existing API keeps the lifetime of its tokens unless one is given', async () => {
    await applied()
    expect(apiOf()).toMatchObject({ token_lifetime: 3_600 })
    Object.assign(apiOf() ?? {}, { token_lifetime: 7_200 })
    await expectNothingToDo()
    await applied(['--token-lifetime', '900'])
    expect(apiOf()).toMatchObject({ token_lifetime: 900 })
    await expectNothingToDo(['--token-lifetime', '900'])
  })

  test('a default audience of another API is blocking, and stays', async () => {
    api.tenant.settings['default_audience'] = 'https://other.example'
    const { exitCode, stdout } = await run(['--apply'])
    expect(exitCode).toBe(1)
    expect(stdout).toContain('! blocked  tenant  default_audience')
    expect(stdout).toContain('no application relies on Default Audience and clear it')
    expect(api.tenant.settings['default_audience']).toBe('https://other.example')
    api.tenant.settings['default_audience'] = AUDIENCE
    await expectNothingToDo()
  })
})

describe('the command line', () => {
  test.each([
    [['--strict', '--permissive']],
    [['--token-lifetime', '0']],
    [['--token-lifetime', '2592001']],
    [['--token-lifetime', 'soon']],
    [['--organization', 'acme']],
    [['--role', ' ']],
    [['--cimd', `https://chatgpt.com/${'x'.repeat(120)}`]],
  ])('%j is wrong usage', async (args) => {
    const { exitCode, stderr } = await run(args)
    expect(exitCode).toBe(2)
    expect(stderr).toContain('Usage: npm run provision')
    expect(api.calls).toEqual([])
  })
})

describe('a call that is refused', () => {
  const ARGS = ['--iss', '--predefined', ...CIMD, '--organization', 'org_acme']

  test('stops only what depends on it, and the next run completes the rest', async () => {
    await using reference = await startTenantApi()
    const of = runsOn(() => reference)
    await of.applied(ARGS)
    for (const call of new Set(reference.calls)) {
      for (const status of [400, 403, 404, 409, 429, 500]) {
        await using one = await startTenantApi()
        const runs = runsOn(() => one)
        const message = 'The account is not allowed to perform this operation.'
        one.fail(call, { status, message })
        const { exitCode, stderr } = await runs.run([...ARGS, '--apply'])
        expect([0, 1], `${call} ${status}`).toContain(exitCode)
        expect(stderr, `${call} ${status}`).toBe('')
        one.mended()
        await runs.applied(ARGS)
        await runs.expectNothingToDo(ARGS, {}, REFRESHED)
        expect(one.faults).toEqual([])
      }
    }
  }, 600_000)
})
