import type { Command } from '../command.ts'
import { DeployError } from '../deploy-error.ts'
import type { Step } from '../step.ts'
import {
  describeMetric,
  type Instance,
  type Kind,
  labelsOf,
  monitoringName,
  type Wanted,
  writeConfig,
} from './files.ts'
import { type Existing, MONITORING_APIS, type MonitoringState } from './state.ts'

export interface MonitoringPlan {
  readonly instance: Instance
  readonly wanted: readonly Wanted[]
  readonly state: MonitoringState
  /** Where the files for gcloud are written. */
  readonly dist: string
}

const TITLES: Readonly<Record<Kind, string>> = {
  metric: 'log-based metric',
  uptime: 'uptime check',
  dashboard: 'dashboard',
  policy: 'alert policy',
}
const GROUPS: Readonly<Record<Kind, readonly string[]>> = {
  metric: ['logging', 'metrics'],
  uptime: ['monitoring', 'uptime'],
  dashboard: ['monitoring', 'dashboards'],
  // Alpha in gcloud 528; later versions keep the alpha command.
  policy: ['alpha', 'monitoring', 'policies'],
}

/**
 * The steps from what is there to what deploy/monitoring/ describes. A resource whose digest is the
 * same is left as it is, with what people have changed by hand.
 *
 * @throws DeployError when a metric or dashboard of that name is not ours.
 */
export function planMonitoring({ instance, wanted, state, dist }: MonitoringPlan): Step[] {
  const found = (one: Wanted) =>
    state.resources.find((existing) => matches(existing, one, instance))
  const foreign = wanted.map(found).find((existing) => existing?.isOurs === false)
  if (foreign !== undefined) {
    throw new DeployError(
      `The ${TITLES[foreign.kind]} ${foreign.id} was not made by this command. Rename or delete it, or set GCP_PREFIX.`,
    )
  }
  const missing = MONITORING_APIS.filter((api) => !state.apis.has(api))
  const isStale = (existing: Existing) =>
    existing.isOurs &&
    !wanted.some((one) => one.kind === existing.kind && one.part === existing.part)
  return [
    ...(missing.length > 0 ? [enable(missing, instance)] : []),
    ...wanted.flatMap((one) => {
      const existing = found(one)
      if (existing === undefined) return [createStep(one, instance, dist)]
      if (existing.digest === one.digest) return []
      return updateSteps(one, existing, instance, dist)
    }),
    ...state.resources.filter(isStale).map((existing) => removeStep(existing, instance)),
  ]
}

/** Removes all that `planMonitoring` makes, policies before the metrics that they watch. */
export function planMonitoringEnd(instance: Instance, state: MonitoringState): Step[] {
  return state.resources
    .filter(({ isOurs }) => isOurs)
    .toReversed()
    .map((existing) => removeStep(existing, instance))
}

function matches(existing: Existing, one: Wanted, instance: Instance): boolean {
  if (existing.kind !== one.kind) return false
  if (one.kind === 'metric') return existing.id === one.name
  if (one.kind === 'dashboard')
    return existing.id.endsWith(`/dashboards/${monitoringName(instance)}`)
  return existing.isOurs && existing.part === one.part
}

function enable(apis: readonly string[], { project }: Instance): Step {
  return {
    phase: 'monitoring',
    title: `enable ${apis.join(' and ')}`,
    command: ['gcloud', 'services', 'enable', ...apis, `--project=${project}`],
  }
}

function createStep(one: Wanted, instance: Instance, dist: string): Step {
  return step(`create the ${TITLES[one.kind]} ${one.name}`, [
    'gcloud',
    ...GROUPS[one.kind],
    'create',
    ...argumentsOf(one, one.name, instance, dist, {}),
    `--project=${instance.project}`,
  ])
}

function updateSteps(one: Wanted, existing: Existing, instance: Instance, dist: string): Step[] {
  // Its host cannot be changed, so the new check comes before the old one goes.
  if (one.kind === 'uptime') {
    return [createStep(one, instance, dist), removeStep(existing, instance)]
  }
  return [
    step(`update the ${TITLES[one.kind]} ${one.name}`, [
      'gcloud',
      ...GROUPS[one.kind],
      'update',
      ...argumentsOf(one, existing.id, instance, dist, existing),
      `--project=${instance.project}`,
    ]),
  ]
}

function removeStep({ kind, id, name }: Existing, { project }: Instance): Step {
  return step(`delete the ${TITLES[kind]} ${name}`, [
    'gcloud',
    ...GROUPS[kind],
    'delete',
    id,
    `--project=${project}`,
    '--quiet',
  ])
}

/** What follows `create` or `update`; the configuration goes into a file. */
function argumentsOf(
  one: Wanted,
  id: string,
  instance: Instance,
  dist: string,
  existing: Partial<Existing>,
): string[] {
  const labels = labelsOf(one, instance)
  const isNew = existing.id === undefined
  if (one.kind === 'uptime') return [one.name, ...uptimeFlags(one, instance, labels)]
  if (one.kind === 'metric') {
    const config = { ...one.config, description: describeMetric(one, instance) }
    return [id, `--config-from-file=${writeConfig(one, config, dist)}`]
  }
  if (one.kind === 'dashboard') {
    const etag = existing.etag === undefined ? {} : { etag: existing.etag }
    const path = writeConfig(one, { ...one.config, labels, ...etag }, dist)
    return [...(isNew ? [] : [id]), `--config-from-file=${path}`]
  }
  // Without GCP_ALERT_CHANNELS, the channels that people have chosen stay.
  const kept = isNew ? {} : { notificationChannels: existing.channels ?? [] }
  const path = writeConfig(one, { ...kept, ...one.config, userLabels: labels }, dist)
  return [...(isNew ? [] : [id]), `--policy-from-file=${path}`]
}

/** gcloud reads no file here, and takes user labels only along with regions. */
function uptimeFlags(
  { config }: Wanted,
  { project }: Instance,
  labels: Readonly<Record<string, string>>,
): string[] {
  const userLabels = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return [
    '--resource-type=uptime-url',
    `--resource-labels=host=${config['host']},project_id=${project}`,
    '--protocol=https',
    '--validate-ssl=true',
    `--path=${config['path']}`,
    `--period=${config['period']}`,
    `--timeout=${config['timeout']}`,
    `--regions=${[config['regions']].flat().join(',')}`,
    `--user-labels=${userLabels.join(',')}`,
  ]
}

function step(title: string, command: Command): Step {
  return { phase: 'monitoring', title, command }
}
