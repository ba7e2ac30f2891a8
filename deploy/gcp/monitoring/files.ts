import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { parse } from 'yaml'
import { functionNames, ROOT } from '../../build/functions.ts'
import { type Json, object } from '../json.ts'
import { OWNER_LABEL, OWNER_NOTE } from '../names.ts'
import type { Settings } from '../settings.ts'

/** The kinds of resources, in the order in which they are made: a policy needs its metrics. */
export const KINDS = ['metric', 'uptime', 'dashboard', 'policy'] as const
export type Kind = (typeof KINDS)[number]

/** Where monitoring is made, and what stands before its names. */
export type Instance = Pick<Settings, 'project'> & { readonly prefix?: string | undefined }

/** One resource as it is to be. */
export interface Wanted {
  readonly kind: Kind
  /** The file's name: `tool-calls`. */
  readonly part: string
  /** What Cloud Monitoring shows: a metric's name, else the display name. */
  readonly name: string
  readonly config: Json
  /** Digest of `config` (40 hex digits), kept with the resource. */
  readonly digest: string
}

const DIRECTORY = `${ROOT}deploy/monitoring`
const PLACEHOLDER = /\$\{([^}]*)\}/g
const DIGEST_CHARACTERS = 40

/** The name of a deployment's monitoring, and of its dashboard. */
export function monitoringName({ prefix = '' }: Instance): string {
  return `${prefix}mcp`
}

/**
 * What deploy/monitoring/ describes, for one deployment. `channels`: full names of the notification
 * channels of its alert policies; undefined leaves them open.
 */
export function readFiles(
  instance: Instance,
  url: string,
  channels: readonly string[] | undefined,
): Wanted[] {
  const read = (path: string) =>
    parse(fill(readFileSync(`${DIRECTORY}/${path}`, 'utf8'), instance, url))
  const all = (directory: string) =>
    partsOf(directory).map((part) => ({ part, config: object(read(`${directory}/${part}.yaml`)) }))
  return [
    ...all('metrics').map(({ part, config }) =>
      wanted('metric', part, metricName(part, instance), config),
    ),
    uptime(object(read('uptime.yaml'))),
    dashboard(object(read('dashboard.yaml')), instance),
    ...all('alerts').map(({ part, config }) => {
      const notificationChannels = channels === undefined ? {} : { notificationChannels: channels }
      return wanted('policy', part, String(config['displayName']), {
        ...config,
        ...notificationChannels,
      })
    }),
  ]
}

function uptime(config: Json): Wanted {
  return wanted('uptime', 'uptime', String(config['displayName']), config)
}

function dashboard(config: Json, instance: Instance): Wanted {
  const name = `projects/${instance.project}/dashboards/${monitoringName(instance)}`
  return wanted('dashboard', 'dashboard', String(config['displayName']), { name, ...config })
}

function wanted(kind: Kind, part: string, name: string, config: Json): Wanted {
  const hash = createHash('sha256').update(JSON.stringify(config)).digest('hex')
  return { kind, part, name, config, digest: hash.slice(0, DIGEST_CHARACTERS) }
}

/** The labels by which a run finds its own uptime check, dashboard and policies again. */
export function labelsOf({ part, digest }: Wanted, instance: Instance): Record<string, string> {
  return {
    [OWNER_LABEL.key]: OWNER_LABEL.value,
    deployment: monitoringName(instance),
    part,
    digest,
  }
}

/** A metric has no labels; its description says whose it is. */
export function describeMetric({ config, digest }: Wanted, instance: Instance): string {
  return `${config['description']} ${OWNER_NOTE}, deployment ${monitoringName(instance)}, digest ${digest}.`
}

/** Writes a configuration for gcloud to read; returns its path. */
export function writeConfig({ kind, part }: Wanted, config: Json, dist: string): string {
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

/** @throws Error at a placeholder that is none. */
function fill(text: string, instance: Instance, url: string): string {
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
