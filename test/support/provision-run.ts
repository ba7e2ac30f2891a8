import { expect } from 'vitest'
import type { PlanItem } from '../../deploy/auth0/plan/item.ts'
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
    expectNothingToDo: async (args: readonly string[] = [], env = {}): Promise<void> => {
      const writes = api().writes.length
      const again = await run([...args, '--apply'], env)
      expect(again.stdout).toContain('Nothing to do')
      expect(again.exitCode).toBe(0)
      expect(api().writes).toHaveLength(writes)
    },
  }
}
