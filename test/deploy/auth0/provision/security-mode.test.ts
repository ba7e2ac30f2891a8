import { describe, expect, test } from 'vitest'
import { partsOf, runsOn, tenantForEachTest } from '../../../support/auth0/provision-run.ts'

const MODE = 'dynamic_client_registration_security_mode'
const SENT_MODE = ['PATCH /tenants/settings']
const CALLBACKS = ['https://chatgpt.com/connector/oauth/abc']

const api = tenantForEachTest()
const { run, applied, expectNothingToDo } = runsOn(() => api)
const { isRegistrationOpen } = partsOf(api)
const sentModes = () => api.writes.filter(({ body }) => MODE in Object(body))
const google = () => api.tenant.connections[0]

describe('the security mode of dynamic registration', () => {
  test.each(['strict', 'permissive'] as const)('is set with --%s', async (mode) => {
    api.state.mode = mode === 'strict' ? 'permissive' : 'strict'
    await applied([`--${mode}`])
    expect(api.state.mode).toBe(mode)
    await expectNothingToDo([`--${mode}`])
  })

  test('is sent again only with its option if Auth0 accepts but does not return it', async () => {
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

  test('is reported without failing the run if Auth0 rejects it in a provisioned tenant', async () => {
    await applied()
    api.setModeSetting('refused')
    const { exitCode, stdout } = await run(['--strict', '--apply'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/Refused by Auth0, and not required:\n.*Not configurable in this tenant/)
    expect(sentModes()).toHaveLength(1)
  })

  test('is reported if Auth0 rejects it, and the other changes are applied', async () => {
    api.setModeSetting('refused')
    const { exitCode, stdout } = await run(['--strict', '--apply'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/Refused by Auth0, and not required:\n.*Not configurable in this tenant/)
    expect(isRegistrationOpen()).toBe(true)
    await expectNothingToDo(['--strict'], {}, SENT_MODE)
  })

  test.each([
    ['a client with a tpc_ id', { client_id: 'tpc_1', external_metadata_type: 'dcr' }, true],
    ['a client with its own mode', { client_id: 'x', third_party_security_mode: 'strict' }, true],
    ['a permissive registered client', { client_id: 'x', external_metadata_type: 'dcr' }, false],
    ['an old third-party client', { client_id: 'x' }, false],
  ])('is inferred from %s', async (_, client, isStrict) => {
    api.setModeSetting('absent')
    api.add('clients', { is_first_party: false, callbacks: CALLBACKS, ...client })
    await applied()
    expect(google()?.['is_domain_connection'] === true).toBe(isStrict)
    expect(sentModes()).toEqual([])
    await expectNothingToDo(isStrict ? ['--strict'] : ['--permissive'])
  })

  test('is not inferred from imported clients, which are always strict', async () => {
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
