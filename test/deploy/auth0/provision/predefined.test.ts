import { describe, expect, test } from 'vitest'
import { AUDIENCE, SCOPES } from '../../../support/auth0/provision.ts'
import { partsOf, runsOn, tenantForEachTest } from '../../../support/auth0/provision-run.ts'

const REDIRECT_URI = 'https://chatgpt.com/connector/oauth/abc123'
const STABLE = 'https://chatgpt.com/connector_platform_oauth_redirect'
const CURATED = { AUTH_SERVER_METADATA: 'curated' }

const api = tenantForEachTest()
const { run, applied, expectNothingToDo } = runsOn(() => api, {})
const { apiOf, isRegistrationOpen } = partsOf(api)
const clientOf = () => api.tenant.clients.find((one) => one['client_metadata'] !== undefined)

describe('provision --predefined', () => {
  const PREDEFINED = ['--predefined', REDIRECT_URI]

  test('creates a public first-party client with the connection and prints its id', async () => {
    const { stdout } = await applied(PREDEFINED)
    expect(clientOf()).toMatchObject({
      is_first_party: true,
      token_endpoint_auth_method: 'none',
      oidc_conformant: true,
      callbacks: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      jwt_configuration: { alg: 'RS256' },
    })
    const clientId = String(clientOf()?.['client_id'])
    expect(stdout).toContain(`client id  ${clientId}`)
    expect(api.enabledOf('google-oauth2')).toEqual(['other', clientId])
    const again = (await run(PREDEFINED)).stdout
    expect(again).toContain('Nothing to do')
    expect(again).toContain(`client id ${clientId}`)
  })

  test('adds another redirect URI to the same client', async () => {
    await applied(PREDEFINED)
    const another = 'https://chatgpt.com/connector/oauth/xyz'
    await applied(['--predefined', another])
    expect(api.writes.at(-1)?.body).toEqual({ callbacks: [REDIRECT_URI, another] })
    expect(api.tenant.clients).toHaveLength(2)
  })

  test('creates a client grant if the API requires one', async () => {
    await applied()
    Object.assign(apiOf() ?? {}, {
      subject_type_authorization: { user: { policy: 'require_client_grant' } },
    })
    await applied(PREDEFINED)
    expect(api.tenant.grants).toContainEqual(
      expect.objectContaining({
        client_id: clientOf()?.['client_id'],
        audience: AUDIENCE,
        scope: SCOPES,
        subject_type: 'user',
      }),
    )
    expect((await run(PREDEFINED)).stdout).toContain('Nothing to do')
  })

  test('retries until Auth0 knows the new client', async () => {
    const errorCode = 'inexistent_client'
    const missing = { status: 404, times: 2, errorCode, message: 'No such client' }
    api.fail('PATCH /connections/:id/clients', missing)
    await applied(PREDEFINED)
    expect(api.enabledOf('google-oauth2')).toHaveLength(2)
  })

  test('does not reuse a client that log-webhook promoted', async () => {
    const promoted = { client_id: 'dcr', is_first_party: true, callbacks: [REDIRECT_URI] }
    api.add('clients', { ...promoted })
    await applied(PREDEFINED)
    expect(api.tenant.clients).toContainEqual(promoted)
    expect(api.tenant.clients).toHaveLength(3)
  })

  test('finds its client again among hundreds', async () => {
    await applied(PREDEFINED)
    const many = Array.from({ length: 250 }, (_, i) => ({
      client_id: `c${i}`,
      is_first_party: true,
    }))
    const [other, made] = api.tenant.clients
    api.state.clients.clear()
    api.add('clients', ...many, { ...other }, { ...made })
    expect((await run(PREDEFINED)).stdout).toContain('Nothing to do')
  })
})

describe('provision --iss --predefined', () => {
  const PREDEFINED = ['--iss', '--predefined']

  test('requires no redirect URI and prints the client id', async () => {
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

  test('includes the client id in the JSON of the run that creates the client', async () => {
    const { stdout } = await run([...PREDEFINED, '--apply', '--json'])
    expect(JSON.parse(stdout).clientId).toBe(clientOf()?.['client_id'])
  })

  test('requires a redirect URI without --iss', async () => {
    const { exitCode, stderr } = await run(['--predefined', '--apply'])
    expect(exitCode).toBe(2)
    expect(stderr).toContain('add --iss')
    expect(api.writes).toEqual([])
  })

  test('makes refresh tokens rotate and expire, for existing clients as well', async () => {
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

  test('adds a missing leeway for refresh tokens and keeps their lifetimes', async () => {
    await applied(PREDEFINED)
    Object.assign(Object(clientOf()?.['refresh_token']), { token_lifetime: 60, leeway: 0 })
    await applied()
    expect(clientOf()).toMatchObject({ refresh_token: { token_lifetime: 60, leeway: 30 } })
    await expectNothingToDo()
  })

  test('enables only the login connections for the client, even if Auth0 enables others', async () => {
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
    ['requested with --iss', ['--iss'], false],
    ['already on', [], true],
  ])('fails with curated metadata if the iss parameter is %s', async (_, args, isOn) => {
    api.tenant.settings['authorization_response_iss_parameter_supported'] = isOn
    const { exitCode, stdout, stderr } = await run([...args, '--apply'], CURATED)
    expect(exitCode).toBe(1)
    expect(stdout + stderr).toContain('Set AUTH_SERVER_METADATA=issuer')
    expect(isRegistrationOpen()).toBe(false)
  })
})
