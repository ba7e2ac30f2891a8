import { describe, expect, test } from 'vitest'
import { PROVISION_SCOPES } from '../../../../deploy/kit/management-scopes.ts'
import {
  CIMD_URL,
  ENDPOINT,
  LOG_WEBHOOK_SECRET,
  provision,
} from '../../../support/auth0/provision.ts'
import {
  partsOf,
  REFRESHED,
  runsOn,
  tenantForEachTest,
} from '../../../support/auth0/provision-run.ts'
import { startTenantApi } from '../../../support/auth0/tenant-api.ts'

const REDIRECT_URI = 'https://chatgpt.com/connector/oauth/abc123'
const CIMD = ['--cimd', CIMD_URL]

const api = tenantForEachTest()
const { run, applied } = runsOn(() => api, {})
const { apiOf, streamOf, connectionOf } = partsOf(api)

describe('what is in the way', () => {
  test('a connection that does not exist: the rest is carried out', async () => {
    const env = { GOOGLE_CONNECTION_NAME: 'google-oauth2,okta' }
    const { exitCode, stdout } = await run(['--apply'], env)
    expect(exitCode).toBe(1)
    expect(stdout).toContain('! blocked  connection  okta')
    expect(stdout).toContain('GOOGLE_CONNECTION_NAME')
    expect(connectionOf('google-oauth2')).toMatchObject({ is_domain_connection: true })
    expect(streamOf()).toBeDefined()
  })

  test.each(PROVISION_SCOPES.filter((scope) => scope.startsWith('read:')))(
    'without %s the rest is carried out, and the scope and all others are named',
    async (missing) => {
      api.stage({ scopes: PROVISION_SCOPES.filter((scope) => scope !== missing) })
      const args = ['--predefined', REDIRECT_URI, '--organization', 'org_acme']
      const { exitCode, stdout } = await run(['--apply', ...args])
      expect(exitCode).toBe(1)
      expect(stdout).toContain(`Missing Management scopes: ${missing}\n`)
      expect(stdout).toContain(PROVISION_SCOPES.join(' '))
      expect(api.writes).not.toEqual([])
      api.stage({ scopes: null })
      await run(['--apply', ...args])
      expect((await run(args)).stdout).toContain('Nothing to do')
    },
  )

  const WRITING = [
    'create:resource_servers',
    'update:tenant_settings',
    'create:log_streams',
    'create:client_grants',
    'update:connections',
    'create:clients',
  ]

  test.each(WRITING)(
    'without %s, which the token tells, that call is not made',
    async (missing) => {
      api.stage({ namesScopes: true })
      api.stage({ scopes: PROVISION_SCOPES.filter((scope) => scope !== missing) })
      const { exitCode, stdout } = await run(['--apply', '--predefined', REDIRECT_URI])
      expect(exitCode).toBe(1)
      expect(stdout).toContain(`Missing Management scopes: ${missing}\n`)
      expect(api.writes).not.toEqual([])
      expect(stdout).not.toContain('Failed:')
    },
  )

  test.each(WRITING)('without %s, which shows only then: goes on once granted', async (missing) => {
    const args = ['--apply', '--predefined', REDIRECT_URI]
    api.stage({ scopes: PROVISION_SCOPES.filter((scope) => scope !== missing) })
    const { exitCode, stdout } = await run(args)
    expect(exitCode).toBe(1)
    expect(stdout).toContain(`The Management scope ${missing} is missing`)
    expect(stdout).toContain('The next run continues from here.')
    expect(stdout).toContain(PROVISION_SCOPES.join(' '))
    api.stage({ scopes: null })
    expect(await run(args)).toMatchObject({ exitCode: 0 })
    expect((await run(args)).stdout).toContain('Nothing to do')
  })

  test('scopes that are not needed are not demanded', async () => {
    await applied()
    api.stage({ namesScopes: true })
    api.stage({ scopes: PROVISION_SCOPES.filter((scope) => scope.startsWith('read:')) })
    expect(await run(['--apply'])).toMatchObject({ exitCode: 0 })
  })

  test('an error of Auth0 is told in its own words, without the secrets that these may quote', async () => {
    const message = `Payload validation error: {"httpAuthorization":"Bearer ${LOG_WEBHOOK_SECRET}"}`
    api.fail('POST /log-streams', { status: 400, message })
    const { exitCode, stdout } = await run(['--apply'])
    expect(exitCode).toBe(1)
    expect(stdout).toContain('Auth0 responded with 400: Payload validation error')
    expect(stdout).toContain('"httpAuthorization":"Bearer ***')
    expect(stdout).not.toContain(LOG_WEBHOOK_SECRET)
  })

  test.each([
    ['GET /log-streams', 403, undefined],
    ['GET /log-streams', 403, 'operation_not_supported'],
    ['POST /log-streams', 403, 'feature_not_enabled'],
    ['POST /log-streams', 402, undefined],
  ])('%s answered %i (%s) for the plan is no missing scope', async (call, status, errorCode) => {
    const message = 'Your subscription has no log streams'
    api.fail(call, { status, message, ...(errorCode && { errorCode }) })
    const { exitCode, stdout } = await run(['--apply'])
    expect(exitCode).toBe(1)
    expect(stdout).toContain(
      `Auth0 responded with ${status}: ${message} (the tenant's Auth0 plan may not`,
    )
    expect(stdout).not.toContain('Missing Management scopes')
  })

  test("Auth0's own API is nobody's audience", async () => {
    const env = { OAUTH_AUDIENCE: `${api.issuer}api/v2/` }
    const { exitCode, stdout } = await run(['--apply'], env)
    expect(exitCode).toBe(1)
    expect(stdout).toContain('! blocked  api')
    expect(stdout).toContain('set OAUTH_AUDIENCE')
    expect(api.writes).toEqual([])
  })

  test('without a token the scopes to grant are named', async () => {
    api.fail('POST /oauth/token', { status: 403 })
    const { exitCode, stdout } = await run()
    expect(exitCode).toBe(1)
    expect(stdout).toContain('Auth0 issued no Management API token (responded with 403)')
    expect(stdout).toContain(PROVISION_SCOPES.join(' '))
  })

  test('a part that cannot be read is not touched, so that nothing is made twice', async () => {
    api.fail('GET /log-streams', { status: 400 })
    const { exitCode, stdout } = await run(['--apply'])
    expect(exitCode).toBe(1)
    expect(stdout).toContain(`! blocked  log-stream  ${ENDPOINT}`)
    expect(api.writes.map(({ path }) => path)).not.toContain('/log-streams')
    expect(apiOf()).toBeDefined()
  })

  test('a tenant that cannot be reached is one line, not one for each part', async () => {
    const closed = await startTenantApi()
    await closed[Symbol.asyncDispose]()
    const calls = { maxAttempts: 1 }
    const { exitCode, stdout } = await provision({ domain: closed.domain, calls })
    expect(exitCode).toBe(1)
    expect(stdout).toBe('Auth0 at MGMT_DOMAIN could not be reached\n')
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
