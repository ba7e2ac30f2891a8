import { describe, expect, test } from 'vitest'
import { PROVISION_SCOPES } from '../../../../deploy/kit/management-scopes.ts'
import { CIMD_URL, OPEN, provision } from '../../../support/auth0/provision.ts'
import { runsOn, tenantForEachTest } from '../../../support/auth0/provision-run.ts'
import { startTenantApi, type TenantApi } from '../../../support/auth0/tenant-api.ts'

const REDIRECT_URI = 'https://chatgpt.com/connector/oauth/abc123'

const api = tenantForEachTest()
const { run } = runsOn(() => api)

describe('an interrupted run of provision', () => {
  const ARGS = ['--apply', '--predefined', REDIRECT_URI, '--cimd', CIMD_URL]
  const once = { calls: { maxAttempts: 1 } }

  test.each([false, true])(
    'reaches the same state in the next run after any call (last response lost: %s)',
    async (losesAnswer) => {
      await using reference = await startTenantApi()
      await provision({ domain: reference.domain, args: ARGS })
      const count = reference.calls.length
      expect(count).toBeGreaterThan(15)

      for (let calls = 0; calls <= count; calls++) {
        await using interrupted = await startTenantApi()
        interrupted.stage({ breakAfter: { calls, losesAnswer } })
        const { domain, faults } = interrupted
        const first = await provision({ domain, args: ARGS, ...once })
        expect(first.exitCode).toBe(calls < count || (losesAnswer && calls === count) ? 1 : 0)
        if (calls < count && interrupted.writes.length > (losesAnswer ? 1 : 0)) {
          expect(first.stdout).toContain('continues from here')
        }
        interrupted.stage({ breakAfter: null })
        const second = await provision({ domain, args: ARGS, ...once })
        expect(second.exitCode).toBe(0)
        expect(withoutIds(interrupted.tenant)).toEqual(withoutIds(reference.tenant))
        expect(faults).toEqual([])
      }
    },
  )

  test('prints what failed, what was skipped and what is in place', async () => {
    api.stage({ scopes: PROVISION_SCOPES.filter((scope) => scope !== 'create:client_grants') })
    const { stdout } = await run(['--apply'], OPEN)
    expect(stdout).toMatch(
      /Failed:\n {4}client-grant .*\nSkipped.*\n {4}tenant {2}dynamic.*\nIn place:\n {4}api .*\n {4}tenant .*\n {4}connection .*\n {4}role /,
    )
  })

  /** Replaces ids by their order of creation, which an interruption does not change. */
  function withoutIds(tenant: TenantApi['tenant']): unknown {
    const { apis, clients, grants, roles, streams } = tenant
    const entities = [...apis, ...clients, ...grants, ...roles, ...streams]
    const ids = entities.map((one) => String(one['id'] ?? one['client_id']))
    const text = JSON.stringify(tenant, (name, value) => {
      if (/_at$|_secret$/.test(name)) return undefined
      return value instanceof Set ? [...value] : value
    })
    return JSON.parse(ids.reduce((rest, id, at) => rest.replaceAll(id, `id_${at}`), text))
  }
})
