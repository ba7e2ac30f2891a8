import { describe, expect, test } from 'vitest'
import { AUDIENCE, CIMD_URL } from '../../../support/auth0/provision.ts'
import {
  partsOf,
  REFRESHED,
  runsOn,
  tenantForEachTest,
} from '../../../support/auth0/provision-run.ts'

const CIMD = ['--cimd', CIMD_URL]
const CALLBACKS = ['https://chatgpt.com/connector/oauth/abc']

const api = tenantForEachTest()
const { run, applied, expectNothingToDo } = runsOn(() => api)
const { apiOf } = partsOf(api)

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

  test('is set for an admitted client without one, and its lifetimes are kept', async () => {
    register({ refresh_token: { ...tokens, leeway: 0 } })
    await applied()
    expect(tokensOf()).toEqual({ ...tokens, leeway: 30 })
    await expectNothingToDo()
  })

  test('is set for the client that the run imports', async () => {
    await applied(CIMD)
    const imported = api.tenant.clients.find((one) => 'external_client_id' in one)
    expect(imported).toMatchObject({ refresh_token: { rotation_type: 'rotating', leeway: 30 } })
    await expectNothingToDo(CIMD, {}, REFRESHED)
  })

  test.each([
    ['another leeway', { refresh_token: { ...tokens, leeway: 5 } }, {}],
    ['non-rotating tokens', { refresh_token: { ...tokens, rotation_type: 'non-rotating' } }, {}],
    ['foreign redirect URIs', { refresh_token: tokens, callbacks: ['https://other.example'] }, {}],
    ['DCR_POLICY=observe', { refresh_token: tokens }, { DCR_POLICY: 'observe' }],
  ])('is not changed for %s', async (_, client, env) => {
    register(client)
    await applied([], env)
    expect(tokensOf()).toEqual(client.refresh_token)
  })
})

describe('the token settings of the API and the tenant', () => {
  test('the token lifetime of an existing API is changed only with --token-lifetime', async () => {
    await applied()
    expect(apiOf()).toMatchObject({ token_lifetime: 3_600 })
    Object.assign(apiOf() ?? {}, { token_lifetime: 7_200 })
    await expectNothingToDo()
    await applied(['--token-lifetime', '900'])
    expect(apiOf()).toMatchObject({ token_lifetime: 900 })
    await expectNothingToDo(['--token-lifetime', '900'])
  })

  test('the default audience of another API is reported as blocked and not changed', async () => {
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
