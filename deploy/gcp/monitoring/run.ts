import type { Environment } from '../../../shared/config.ts'
import { quantity } from '../../kit/quantity.ts'
import type { Run } from '../command.ts'
import { createGcloud } from '../gcloud.ts'
import { runSteps } from '../run-steps.ts'
import { type DescribedStep, describeStep, toDescribed } from '../step.ts'
import type { Instance } from './files.ts'
import { monitoringSteps } from './prepare.ts'

/**
 * Updates the project's monitoring to deploy/monitoring/; a dry run only prints the commands. Returns
 * the commands. `again`: the command that continues after a failure.
 *
 * @throws ConfigError or DeployError like `monitoringSteps` and `runSteps`.
 */
export async function deployMonitoring(
  { env: file, settings }: { readonly env: Environment; readonly settings: Instance },
  {
    dist,
    dryRun,
    again,
  }: { readonly dist: string; readonly dryRun: boolean; readonly again: string },
  {
    env,
    run,
    write,
  }: { readonly env: Environment; readonly run: Run; readonly write: (text: string) => void },
): Promise<DescribedStep[]> {
  const channels = env['GCP_ALERT_CHANNELS']?.trim() || file['GCP_ALERT_CHANNELS']
  const variables = { ...file, GCP_ALERT_CHANNELS: channels }
  const options = { instance: settings, variables, dist, dryRun, write }
  const steps = await monitoringSteps(options, createGcloud(run))
  if (dryRun) {
    const commands = steps.map(describeStep)
    write(`${[...commands, `Dry run: ${quantity(commands.length, 'command')}.`].join('\n')}\n`)
    return steps.map(toDescribed)
  }
  await runSteps(steps, { run, write, again })
  write(steps.length === 0 ? 'Monitoring is up to date.\n' : 'Monitoring is deployed.\n')
  return steps.map(toDescribed)
}
