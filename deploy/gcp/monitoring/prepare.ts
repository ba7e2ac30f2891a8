import { ConfigError, type Environment } from '../../../shared/config.ts'
import { DeployError } from '../deploy-error.ts'
import type { Gcloud } from '../gcloud.ts'
import type { Step } from '../step.ts'
import { type Instance, readFiles } from './files.ts'
import { planMonitoring, planMonitoringEnd } from './plan.ts'
import { type MonitoringState, readMonitoring } from './state.ts'

const CHANNEL = /^(?:projects\/[^/]+\/notificationChannels\/)?([\w-]+)$/
const EMPTY: MonitoringState = { apis: new Set(), resources: [] }

export interface MonitoringOptions {
  readonly instance: Instance
  /** The variables of the environment and the file. */
  readonly variables: Environment
  readonly dist: string
  /** Plans for an empty project where nothing can be read. */
  readonly dryRun: boolean
  readonly write: (text: string) => void
}

/**
 * The steps that bring the project's monitoring to what deploy/monitoring/ describes.
 *
 * @throws ConfigError at a PUBLIC_URL or GCP_ALERT_CHANNELS that cannot be used.
 * @throws DeployError when it cannot be read, or would replace what is not ours.
 */
export async function monitoringSteps(
  { instance, variables, dist, dryRun, write }: MonitoringOptions,
  gcloud: Gcloud,
): Promise<Step[]> {
  const url = variables['PUBLIC_URL']?.trim() ?? ''
  if (!URL.canParse(url)) throw new ConfigError(['PUBLIC_URL must be an absolute URL'])
  const wanted = readFiles(instance, url, alertChannels(variables, instance))
  const state = await readMonitoring(instance, gcloud).catch((error: unknown) => {
    if (!dryRun || !(error instanceof DeployError)) throw error
    write(`${error.message}\nThe monitoring that is there cannot be read. For an empty project:\n`)
    return EMPTY
  })
  return planMonitoring({ instance, wanted, state, dist })
}

/** The steps that remove it; none, with a note, where it cannot be read. */
export async function monitoringEnd(
  instance: Instance,
  gcloud: Gcloud,
  write: (text: string) => void,
): Promise<Step[]> {
  const state = await readMonitoring(instance, gcloud).catch((error: unknown) => {
    if (!(error instanceof DeployError)) throw error
    write(`${error.message}\nMonitoring cannot be read and is left as it is.\n`)
    return EMPTY
  })
  return planMonitoringEnd(instance, state)
}

/** Full names of the channels that GCP_ALERT_CHANNELS lists; undefined when it is not set. */
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
