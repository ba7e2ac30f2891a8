import type { Environment } from '../../../shared/config.ts'
import type { Run } from '../command.ts'
import { createGcloud } from '../gcloud.ts'
import { runSteps } from '../run-steps.ts'
import { type DescribedStep, describeStep, toDescribed } from '../step.ts'
import type { Instance } from './files.ts'
import { monitoringSteps } from './prepare.ts'

/**
 * Brings the project's monitoring to what deploy/monitoring/ describes; a dry run prints the commands.
 * Returns them.
 * `again`: what to type to go on after a failure.
 *
 * @throws ConfigError or DeployError as `monitoringSteps` and `runSteps` do.
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
    write(`${[...commands, `${commands.length} commands, none of them run.`].join('\n')}\n`)
    return steps.map(toDescribed)
  }
  await runSteps(steps, { run, write, again })
  write(steps.length === 0 ? 'Monitoring is in place.\n' : 'Monitoring is deployed.\n')
  return steps.map(toDescribed)
}
