import { expect } from 'vitest'
import type { PlanItem } from '../../../deploy/auth0/plan/item.ts'
import { type ProvisionRun, provision } from './provision.ts'
import type { TenantApi } from './tenant-api.ts'

/** Runs of `npm run provision` against one tenant, with the variables of a test. */
export function runsOn(api: () => TenantApi) {
  const run = (args: readonly string[] = [], env = {}): Promise<ProvisionRun> =>
    provision({ domain: api().domain, args, env, calls: { maxAttempts: 1 } })
  return {
    run,
    applied: async (args: readonly string[] = [], env = {}): Promise<ProvisionRun> => {
      const result = await run([...args, '--apply'], env)
      expect(result).toMatchObject({ exitCode: 0, stderr: '' })
      return result
    },
    planned: async (args: readonly string[] = [], env = {}): Promise<PlanItem[]> => {
      const { stdout } = await run([...args, '--json'], env)
      return JSON.parse(stdout).items
    },
    /** `refreshed`: what a run sends again though the plan has no change. */
    expectNothingToDo: async (
      args: readonly string[] = [],
      env = {},
      refreshed: readonly string[] = [],
    ): Promise<void> => {
      const writes = api().writes.length
      const again = await run([...args, '--apply'], env)
      expect(again.stdout).toContain('Nothing to do')
      expect(again.exitCode).toBe(0)
      const sent = api().writes.slice(writes)
      expect(sent.map(({ method, path }) => `${method} ${path}`)).toEqual(refreshed)
    },
  }
}
