import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { parse } from 'yaml'
import { functionNames, ROOT } from '../../build/functions.ts'
import { type Json, object } from '../json.ts'
import { OWNER_LABEL, OWNER_NOTE } from '../names.ts'
import type { Settings } from '../settings.ts'

/** The kinds of resources in the order of creation: a policy requires its metrics. */
export const KINDS = ['metric', 'uptime', 'dashboard', 'policy'] as const
export type Kind = (typeof KINDS)[number]

/** The project of the monitoring resources, and the prefix of their names. */
export type Instance = Pick<Settings, 'project'> & { readonly prefix?: string | undefined }

/** The desired state of one resource. */
export interface DesiredResource {
  readonly kind: Kind
  /** The file's name without extension: `tool-calls`. */
  readonly part: string
  /** The name in Cloud Monitoring: a metric's name, otherwise the display name. */
  readonly name: string
  readonly config: Json
  /** Digest of `config` (40 hex digits), stored with the resource. */
  readonly digest: string
}

const DIRECTORY = `${ROOT}deploy/monitoring`
const PLACEHOLDER = /\$\{([^}]*)\}/g
const DIGEST_CHARACTERS = 40

/** Returns the name of a deployment's monitoring and of its dashboard. */
export function monitoringName({ prefix = '' }: Instance): string {
  return `${prefix}mcp`
}

/**
 * Reads the resources in deploy/monitoring/ for one deployment. `channels`: full names of the
 * notification channels of the alert policies; undefined = not set.
 */
export function readDesiredResources(
  instance: Instance,
  url: string,
  channels: readonly string[] | undefined,
): DesiredResource[] {
  const read = (path: string) =>
    parse(replacePlaceholders(readFileSync(`${DIRECTORY}/${path}`, 'utf8'), instance, url))
  const all = (directory: string) =>
    partsOf(directory).map((part) => ({ part, config: object(read(`${directory}/${part}.yaml`)) }))
  return [
    ...all('metrics').map(({ part, config }) =>
      desired('metric', part, metricName(part, instance), config),
    ),
    uptime(object(read('uptime.yaml'))),
    dashboard(object(read('dashboard.yaml')), instance),
    ...all('alerts').map(({ part, config }) => {
      const notificationChannels = channels === undefined ? {} : { notificationChannels: channels }
      return desired('policy', part, String(config['displayName']), {
        ...config,
        ...notificationChannels,
      })
    }),
  ]
}

function uptime(config: Json): DesiredResource {
  return desired('uptime', 'uptime', String(config['displayName']), config)
}

function dashboard(config: Json, instance: Instance): DesiredResource {
  const name = `projects/${instance.project}/dashboards/${monitoringName(instance)}`
  return desired('dashboard', 'dashboard', String(config['displayName']), { name, ...config })
}

function desired(kind: Kind, part: string, name: string, config: Json): DesiredResource {
  const hash = createHash('sha256').update(JSON.stringify(config)).digest('hex')
  return { kind, part, name, config, digest: hash.slice(0, DIGEST_CHARACTERS) }
}

/** Returns the labels that identify this deployment's uptime check, dashboard and policies. */
export function labelsOf(
  { part, digest }: DesiredResource,
  instance: Instance,
): Record<string, string> {
  return {
    [OWNER_LABEL.key]: OWNER_LABEL.value,
    deployment: monitoringName(instance),
    part,
    digest,
  }
}

/** Returns a metric's description. Metrics have no labels, so the description names the owner. */
export function describeMetric({ config, digest }: DesiredResource, instance: Instance): string {
  return `${config['description']} ${OWNER_NOTE}, deployment ${monitoringName(instance)}, digest ${digest}.`
}

/** Writes a configuration for gcloud to read; returns its path. */
export function writeConfig({ kind, part }: DesiredResource, config: Json, dist: string): string {
  const directory = `${dist}/monitoring`
  mkdirSync(directory, { recursive: true })
  const path = `${directory}/${kind}-${part}.json`
  rmSync(path, { force: true })
  writeFileSync(path, `${JSON.stringify(config, undefined, 2)}\n`)
  return path
}

function partsOf(directory: string): string[] {
  return readdirSync(`${DIRECTORY}/${directory}`)
    .map((file) => file.replace(/\.yaml$/, ''))
    .sort()
}

function metricName(part: string, instance: Instance): string {
  return `${monitoringName(instance)}-${part}`
}

/** @throws Error for an unknown placeholder. */
function replacePlaceholders(text: string, instance: Instance, url: string): string {
  const metrics = partsOf('metrics').map((part) => {
    const type = `logging.googleapis.com/user/${metricName(part, instance)}`
    return { part, type }
  })
  const values: Readonly<Record<string, string>> = {
    name: monitoringName(instance),
    project: instance.project,
    url,
    host: new URL(url).host,
    ...Object.fromEntries(
      functionNames().map((name) => [`service.${name}`, `${instance.prefix ?? ''}${name}`]),
    ),
    ...Object.fromEntries(metrics.map(({ part, type }) => [`metric.${part}`, type])),
    ...Object.fromEntries(metrics.map(({ part, type }) => [`promql.${part}`, toPromql(type)])),
  }
  return text.replace(PLACEHOLDER, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`deploy/monitoring: no such placeholder: ${name}`)
    return value
  })
}

/** https://cloud.google.com/monitoring/promql/promql-mapping: the first `/` is `:`, the rest `_`. */
function toPromql(type: string): string {
  const [domain = '', ...path] = type.split('/')
  const legacy = (part: string) => part.replaceAll(/[^A-Za-z0-9_]/g, '_')
  return `${legacy(domain)}:${legacy(path.join('/'))}`
}
