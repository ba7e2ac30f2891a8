import { ConfigError, type Environment } from '../../../shared/config.ts'
import { DeployError } from '../deploy-error.ts'
import type { Gcloud } from '../gcloud.ts'
import type { DeployStep } from '../step.ts'
import { type Instance, readDesiredResources } from './files.ts'
import { planMonitoring, planMonitoringRemoval } from './plan.ts'
import { type MonitoringState, readMonitoring } from './state.ts'

const CHANNEL = /^(?:projects\/[^/]+\/notificationChannels\/)?([\w-]+)$/
const EMPTY: MonitoringState = { apis: new Set(), resources: [] }

export interface MonitoringOptions {
  readonly instance: Instance
  /** The variables of the environment and of the file. */
  readonly variables: Environment
  readonly dist: string
  /** Plan for an empty project if the project cannot be read. */
  readonly dryRun: boolean
  readonly write: (text: string) => void
}

/**
 * Returns the steps that update the project's monitoring to deploy/monitoring/.
 *
 * @throws ConfigError for an invalid PUBLIC_URL or GCP_ALERT_CHANNELS.
 * @throws DeployError if monitoring cannot be read, or a resource has another owner.
 */
export async function monitoringSteps(
  { instance, variables, dist, dryRun, write }: MonitoringOptions,
  gcloud: Gcloud,
): Promise<DeployStep[]> {
  const url = variables['PUBLIC_URL']?.trim() ?? ''
  if (!URL.canParse(url)) throw new ConfigError(['PUBLIC_URL must be an absolute URL'])
  const desired = readDesiredResources(instance, url, alertChannels(variables, instance))
  const state = await readMonitoring(instance, gcloud).catch((error: unknown) => {
    if (!dryRun || !(error instanceof DeployError)) throw error
    write(
      `${error.message}\nCannot read the project's monitoring; showing the plan for an empty project:\n`,
    )
    return EMPTY
  })
  return planMonitoring({ instance, desired, state, dist })
}

/** Returns the steps that remove monitoring; none, with a message, if it cannot be read. */
export async function monitoringRemoval(
  instance: Instance,
  gcloud: Gcloud,
  write: (text: string) => void,
): Promise<DeployStep[]> {
  const state = await readMonitoring(instance, gcloud).catch((error: unknown) => {
    if (!(error instanceof DeployError)) throw error
    write(`${error.message}\nMonitoring cannot be read and is not changed.\n`)
    return EMPTY
  })
  return planMonitoringRemoval(instance, state)
}

/** Returns the full names of the channels in GCP_ALERT_CHANNELS; undefined if it is not set. */
function alertChannels(variables: Environment, { project }: Instance): string[] | undefined {
  const given = variables['GCP_ALERT_CHANNELS']?.trim()
  if (!given) return undefined
  return given.split(/[,\s]+/).map((channel) => {
    const [, id] = CHANNEL.exec(channel) ?? []
    if (id !== undefined) {
      return channel.includes('/') ? channel : `projects/${project}/notificationChannels/${id}`
    }
    throw new ConfigError([
      'GCP_ALERT_CHANNELS must be ids or full names of notification channels, separated by commas',
    ])
  })
}
