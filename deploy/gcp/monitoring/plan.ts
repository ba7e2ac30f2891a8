import type { Command } from '../command.ts'
import { DeployError } from '../deploy-error.ts'
import type { DeployStep } from '../step.ts'
import {
  type DesiredResource,
  describeMetric,
  type Instance,
  type Kind,
  labelsOf,
  monitoringName,
  writeConfig,
} from './files.ts'
import { type Existing, MONITORING_APIS, type MonitoringState } from './state.ts'

export interface MonitoringPlan {
  readonly instance: Instance
  readonly desired: readonly DesiredResource[]
  readonly state: MonitoringState
  /** Directory for gcloud's input files. */
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
 * Plans the steps from the current resources to those in deploy/monitoring/. A resource with the same
 * digest is not changed, so manual changes to it are kept.
 *
 * @throws DeployError if another owner has a metric or dashboard with the same name.
 */
export function planMonitoring({ instance, desired, state, dist }: MonitoringPlan): DeployStep[] {
  const found = (one: DesiredResource) =>
    state.resources.find((existing) => matches(existing, one, instance))
  const foreign = desired.map(found).find((existing) => existing?.isOurs === false)
  if (foreign !== undefined) {
    throw new DeployError(
      `The ${TITLES[foreign.kind]} ${foreign.id} was not created by this command. Rename or delete it, or set GCP_PREFIX.`,
    )
  }
  const missing = MONITORING_APIS.filter((api) => !state.apis.has(api))
  const isStale = (existing: Existing) =>
    existing.isOurs &&
    !desired.some((one) => one.kind === existing.kind && one.part === existing.part)
  return [
    ...(missing.length > 0 ? [enable(missing, instance)] : []),
    ...desired.flatMap((one) => {
      const existing = found(one)
      if (existing === undefined) return [createStep(one, instance, dist)]
      if (existing.digest === one.digest) return []
      return updateSteps(one, existing, instance, dist)
    }),
    ...state.resources.filter(isStale).map((existing) => removeStep(existing, instance)),
  ]
}

/** Plans the removal of every resource of `planMonitoring`, policies before their metrics. */
export function planMonitoringRemoval(instance: Instance, state: MonitoringState): DeployStep[] {
  return state.resources
    .filter(({ isOurs }) => isOurs)
    .toReversed()
    .map((existing) => removeStep(existing, instance))
}

function matches(existing: Existing, one: DesiredResource, instance: Instance): boolean {
  if (existing.kind !== one.kind) return false
  if (one.kind === 'metric') return existing.id === one.name
  if (one.kind === 'dashboard')
    return existing.id.endsWith(`/dashboards/${monitoringName(instance)}`)
  return existing.isOurs && existing.part === one.part
}

function enable(apis: readonly string[], { project }: Instance): DeployStep {
  return {
    phase: 'monitoring',
    title: `enable ${apis.join(' and ')}`,
    command: ['gcloud', 'services', 'enable', ...apis, `--project=${project}`],
  }
}

function createStep(one: DesiredResource, instance: Instance, dist: string): DeployStep {
  return step(`create the ${TITLES[one.kind]} ${one.name}`, [
    'gcloud',
    ...GROUPS[one.kind],
    'create',
    ...argumentsOf(one, one.name, instance, dist, {}),
    `--project=${instance.project}`,
  ])
}

function updateSteps(
  one: DesiredResource,
  existing: Existing,
  instance: Instance,
  dist: string,
): DeployStep[] {
  // The host of a check cannot be changed, so a new check is created before the old one is deleted.
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

function removeStep({ kind, id, name }: Existing, { project }: Instance): DeployStep {
  return step(`delete the ${TITLES[kind]} ${name}`, [
    'gcloud',
    ...GROUPS[kind],
    'delete',
    id,
    `--project=${project}`,
    '--quiet',
  ])
}

/** The arguments after `create` or `update`; writes the configuration to a file. */
function argumentsOf(
  one: DesiredResource,
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
  // Without GCP_ALERT_CHANNELS, existing channels are kept.
  const kept = isNew ? {} : { notificationChannels: existing.channels ?? [] }
  const path = writeConfig(one, { ...kept, ...one.config, userLabels: labels }, dist)
  return [...(isNew ? [] : [id]), `--policy-from-file=${path}`]
}

/** gcloud accepts no file for uptime checks, and user labels only together with regions. */
function uptimeFlags(
  { config }: DesiredResource,
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

function step(title: string, command: Command): DeployStep {
  return { phase: 'monitoring', title, command }
}
