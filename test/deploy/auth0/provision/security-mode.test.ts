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
