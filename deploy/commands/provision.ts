import { PROVISION_OPTIONS, toProvisionOptions } from '../auth0/provision-options.ts'
import type { ProvisionIo } from '../auth0/run-provision.ts'
import { defineCommand } from '../kit/command.ts'

export const provisionCommand = defineCommand<typeof PROVISION_OPTIONS, ProvisionIo>({
  name: 'provision',
  summary: 'Compares the Auth0 tenant with the required state, and shows what would change.',
  options: PROVISION_OPTIONS,
  exitCodes: { 0: 'done or nothing to do', 1: 'failed or blocked' },
  readsEnvFile: true,
  progress: 'Reading the tenant',
  run: async (line, io) => {
    const options = toProvisionOptions(line)
    const { runProvision } = await import('../auth0/run-provision.ts')
    return runProvision(options, io)
  },
})
