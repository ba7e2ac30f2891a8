import type { Gcloud } from '../gcloud.ts'
import { type Json, object } from '../json.ts'
import { OWNER_LABEL, OWNER_NOTE } from '../names.ts'
import { type Instance, type Kind, monitoringName } from './files.ts'

/** A resource of Cloud Logging or Cloud Monitoring. */
export interface Existing {
  readonly kind: Kind
  /** Full name, or a metric's name, as gcloud expects it for update and delete. */
  readonly id: string
  readonly name: string
  /** Whether this deployment created it. */
  readonly isOurs: boolean
  readonly part: string | undefined
  readonly digest: string | undefined
  readonly etag: string | undefined
  readonly channels: readonly string[]
}

export interface MonitoringState {
  readonly apis: ReadonlySet<string>
  readonly resources: readonly Existing[]
}

/** The APIs that monitoring requires. */
export const MONITORING_APIS = ['logging.googleapis.com', 'monitoring.googleapis.com'] as const

/**
 * Reads all metrics, uptime checks, dashboards and alert policies of the project. Lists nothing if one
 * of the APIs is disabled.
 *
 * @throws DeployError
 */
export async function readMonitoring(instance: Instance, gcloud: Gcloud): Promise<MonitoringState> {
  const flags = `--project=${instance.project}`
  const services = await gcloud.list('services', 'list', '--enabled', flags)
  const enabled = services.map((service) => String(object(service['config'])['name']))
  const apis = new Set(enabled.filter((name) => MONITORING_APIS.some((api) => api === name)))
  if (apis.size < MONITORING_APIS.length) return { apis, resources: [] }
  const [metrics, checks, dashboards, policies] = await Promise.all([
    gcloud.list('logging', 'metrics', 'list', flags),
    gcloud.list('monitoring', 'uptime', 'list-configs', flags),
    gcloud.list('monitoring', 'dashboards', 'list', flags),
    gcloud.list('alpha', 'monitoring', 'policies', 'list', flags),
  ])
  const ours = monitoringName(instance)
  return {
    apis,
    resources: [
      ...metrics.map((metric) => toMetric(metric, ours)),
      ...checks.map((check) => labelled('uptime', check, check['userLabels'], ours)),
      ...dashboards.map((board) => labelled('dashboard', board, board['labels'], ours)),
      ...policies.map((policy) => labelled('policy', policy, policy['userLabels'], ours)),
    ],
  }
}

function toMetric(metric: Json, ours: string): Existing {
  const name = String(metric['name'])
  const mark = new RegExp(`${OWNER_NOTE}, deployment (\\S+), digest ([0-9a-f]+)\\.$`)
  const [, deployment, digest] = mark.exec(String(metric['description'])) ?? []
  const isOurs = deployment === ours
  const part = isOurs ? name.slice(`${ours}-`.length) : undefined
  return { kind: 'metric', id: name, name, isOurs, part, digest, etag: undefined, channels: [] }
}

function labelled(kind: Kind, resource: Json, given: unknown, ours: string): Existing {
  const labels = object(given)
  const isOurs = labels[OWNER_LABEL.key] === OWNER_LABEL.value && labels['deployment'] === ours
  const { notificationChannels } = resource
  return {
    kind,
    id: String(resource['name']),
    name: String(resource['displayName'] ?? resource['name']),
    isOurs,
    part: isOurs ? String(labels['part']) : undefined,
    digest: isOurs ? String(labels['digest']) : undefined,
    etag: typeof resource['etag'] === 'string' ? resource['etag'] : undefined,
    channels: Array.isArray(notificationChannels) ? notificationChannels.map(String) : [],
  }
}
