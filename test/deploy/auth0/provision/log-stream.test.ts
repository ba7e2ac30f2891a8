import { describe, expect, test } from 'vitest'
import { LOG_WEBHOOK_SECRET, OPEN } from '../../../support/auth0/provision.ts'
import { partsOf, runsOn, tenantForEachTest } from '../../../support/auth0/provision-run.ts'

const CURATED = { AUTH_SERVER_METADATA: 'curated' }

const api = tenantForEachTest()
const { run, applied, expectNothingToDo } = runsOn(() => api)
const { streamOf, isRegistrationOpen } = partsOf(api)
const google = () => api.tenant.connections[0]
const streams = () =>
  api.tenant.streams.filter(({ name }) => String(name).startsWith('log-webhook'))

describe('the secret of the log stream', () => {
  const OTHER = 'another-log-stream-secret-for-tests-0123'

  test('is updated after a change and shown as *** before and after', async () => {
    await applied()
    const env = { LOG_WEBHOOK_SECRET: `${OTHER},${LOG_WEBHOOK_SECRET}` }
    const { stdout } = await run([], env)
    expect(stdout).toContain('~ sink.httpAuthorization: *** -> ***')
    expect(stdout).not.toContain(OTHER)
    await applied([], env)
    expect(streamOf()?.['sink']).toMatchObject({ httpAuthorization: `Bearer ${OTHER}` })
    expect((await run([], env)).stdout).toContain('Nothing to do')
  })

  test('is equal with and without the prefix Bearer', async () => {
    await applied()
    Object.assign(Object(streamOf()?.['sink']), { httpAuthorization: LOG_WEBHOOK_SECRET })
    expect((await run()).stdout).toContain('Nothing to do')
  })

  test('is not compared if Auth0 masks it', async () => {
    await applied()
    api.state.traits = { ...api.state.traits, logStreamSecrets: 'masked' }
    const { stdout } = await run([], { LOG_WEBHOOK_SECRET: OTHER })
    expect(stdout).toContain('Nothing to do')
    expect(stdout).toContain('Auth0 hides its secret, so it was not compared')
  })

  test('is set if it is missing and shown as ***', async () => {
    await applied()
    delete Object(streamOf()?.['sink']).httpAuthorization
    const { stdout } = await run(['--apply'])
    expect(stdout).toContain('+ sink.httpAuthorization: ***\n')
    expect(streamOf()?.['sink']).toMatchObject({
      httpAuthorization: `Bearer ${LOG_WEBHOOK_SECRET}`,
    })
    expect((await run()).stdout).toContain('Nothing to do')
  })
})

describe('a tenant without log streams', () => {
  const NOT_ALLOWED = 'The account is not allowed to perform this operation.'
  const refuse = (method: string, status = 403) => {
    api.fail(`${method} /log-streams`, { status, message: NOT_ALLOWED })
  }

  test.each([['GET'], ['POST']])(
    'provision prints the setups without a log stream and keeps registration closed if %s is refused',
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
  ])('%s requires no log stream', async (_, env, args) => {
    refuse('GET')
    await applied(args, env)
    expect(isRegistrationOpen()).toBe(true)
    await expectNothingToDo(args, env)
  })

  test('a predefined client requires no log stream, and registration stays closed', async () => {
    refuse('GET')
    const args = ['--iss', '--predefined']
    await applied(args)
    expect(isRegistrationOpen()).toBe(false)
    await expectNothingToDo(args)
    await expectNothingToDo()
  })

  test('provision succeeds at the log stream limit if no log stream is required', async () => {
    refuse('POST', 409)
    const { exitCode, stdout } = await run(['--iss', '--predefined', '--apply'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('Refused by Auth0, and not required:')
    expect(isRegistrationOpen()).toBe(false)
  })

  test('open access creates no log stream and corrects an existing one', async () => {
    await applied([], OPEN)
    expect(streams()).toEqual([])
    await applied([], { ...OPEN, DCR_POLICY: 'enforce' })
    expect(streams()).toHaveLength(1)
    Object.assign(streams()[0] ?? {}, { status: 'paused' })
    await applied([], OPEN)
    expect(streams()).toMatchObject([{ status: 'active' }])
  })
})
