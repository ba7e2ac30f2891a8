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

describe('provision with missing permissions or features', () => {
  test('reports a connection that does not exist and applies the other changes', async () => {
    const env = { GOOGLE_CONNECTION_NAME: 'google-oauth2,okta' }
    const { exitCode, stdout } = await run(['--apply'], env)
    expect(exitCode).toBe(1)
    expect(stdout).toContain('! blocked  connection  okta')
    expect(stdout).toContain('GOOGLE_CONNECTION_NAME')
    expect(connectionOf('google-oauth2')).toMatchObject({ is_domain_connection: true })
    expect(streamOf()).toBeDefined()
  })

  test.each(PROVISION_SCOPES.filter((scope) => scope.startsWith('read:')))(
    'applies the other changes without %s and prints the missing and the required scopes',
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
    'does not make the call if the scopes of the token lack %s',
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

  test.each(WRITING)(
    'continues after %s was granted if only the rejected call revealed that it is missing',
    async (missing) => {
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
    },
  )

  test('does not require scopes for calls that it does not make', async () => {
    await applied()
    api.stage({ namesScopes: true })
    api.stage({ scopes: PROVISION_SCOPES.filter((scope) => scope.startsWith('read:')) })
    expect(await run(['--apply'])).toMatchObject({ exitCode: 0 })
  })

  test("prints Auth0's error message without the secrets that it quotes", async () => {
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
  ])(
    'does not report a missing scope if %s gets %i (%s) because of the Auth0 plan',
    async (call, status, errorCode) => {
      const message = 'Your subscription has no log streams'
      api.fail(call, { status, message, ...(errorCode && { errorCode }) })
      const { exitCode, stdout } = await run(['--apply'])
      expect(exitCode).toBe(1)
      expect(stdout).toContain(
        `Auth0 responded with ${status}: ${message} (the tenant's Auth0 plan may not`,
      )
      expect(stdout).not.toContain('Missing Management scopes')
    },
  )

  test('rejects the audience of the Management API', async () => {
    const env = { OAUTH_AUDIENCE: `${api.issuer}api/v2/` }
    const { exitCode, stdout } = await run(['--apply'], env)
    expect(exitCode).toBe(1)
    expect(stdout).toContain('! blocked  api')
    expect(stdout).toContain('set OAUTH_AUDIENCE')
    expect(api.writes).toEqual([])
  })

  test('prints the required scopes if Auth0 issues no token', async () => {
    api.fail('POST /oauth/token', { status: 403 })
    const { exitCode, stdout } = await run()
    expect(exitCode).toBe(1)
    expect(stdout).toContain('Auth0 issued no Management API token (responded with 403)')
    expect(stdout).toContain(PROVISION_SCOPES.join(' '))
  })

  test('does not change a part that cannot be read, so that nothing is created twice', async () => {
    api.fail('GET /log-streams', { status: 400 })
    const { exitCode, stdout } = await run(['--apply'])
    expect(exitCode).toBe(1)
    expect(stdout).toContain(`! blocked  log-stream  ${ENDPOINT}`)
    expect(api.writes.map(({ path }) => path)).not.toContain('/log-streams')
    expect(apiOf()).toBeDefined()
  })

  test('reports a tenant that cannot be reached in one line', async () => {
    const closed = await startTenantApi()
    await closed[Symbol.asyncDispose]()
    const calls = { maxAttempts: 1 }
    const { exitCode, stdout } = await provision({ domain: closed.domain, calls })
    expect(exitCode).toBe(1)
    const { domain } = closed
    expect(stdout).toBe(
      `Auth0 at ${domain} (MGMT_DOMAIN) could not be reached: check MGMT_DOMAIN, and that this machine can reach https://${domain}/\n`,
    )
  })
})

describe('provision after a rejected call', () => {
  const ARGS = ['--iss', '--predefined', ...CIMD, '--organization', 'org_acme']

  test('skips only the dependent changes and completes them in the next run', async () => {
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
