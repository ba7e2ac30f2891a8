import { afterEach, expect } from 'vitest'
import type { PlanItem } from '../../../deploy/auth0/plan/item.ts'
import { startedForEachTest } from '../each-test.ts'
import {
  AUDIENCE,
  ENDPOINT,
  type ProvisionOptions,
  type ProvisionRun,
  provision,
} from './provision.ts'
import { startTenantApi, type TenantApi } from './tenant-api.ts'

/** The call of each run that makes Auth0 read an imported document again. */
export const REFRESHED = ['POST /clients/cimd/register']

/** A tenant for each test of a file. A test fails if a request is one that Auth0 would refuse. */
export function tenantForEachTest(): TenantApi {
  const api = startedForEachTest(startTenantApi)
  afterEach(() => expect(api.faults).toEqual([]))
  return api
}

/** The parts of a tenant that provision creates; undefined if they do not exist. */
export function partsOf(api: TenantApi) {
  return {
    apiOf: () => api.tenant.apis.find(({ identifier }) => identifier === AUDIENCE),
    streamOf: () => api.tenant.streams.find(({ sink }) => Object(sink).httpEndpoint === ENDPOINT),
    /** The default grant. */
    grantOf: () => api.tenant.grants.find(({ default_for }) => default_for !== undefined),
    isRegistrationOpen: () =>
      api.tenant.settings.flags?.['enable_dynamic_client_registration'] === true,
    connectionOf: (name: string) => api.tenant.connections.find((one) => one['name'] === name),
  }
}

/** Runs of `npm run provision` against one tenant; `calls` {} = with the retries of the command. */
export function runsOn(
  api: () => TenantApi,
  calls: NonNullable<ProvisionOptions['calls']> = { maxAttempts: 1 },
) {
  const run = (args: readonly string[] = [], env = {}): Promise<ProvisionRun> =>
    provision({ domain: api().domain, args, env, calls })
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
    /** `refreshed`: the calls of a run whose plan has no change. */
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
