import { functionNames } from '../../build/functions.ts'
import type { Gcloud } from '../gcloud.ts'
import { type Json, object } from '../json.ts'
import { isOurs } from '../names.ts'

/** A revision of a function's Cloud Run service. */
export interface Revision {
  readonly name: string
  /** RFC 3339; empty = not known. */
  readonly createdAt: string
  readonly isReady: boolean
}

/** A deployed function. */
export interface RunningFunction {
  /** Its name in this repository: `gateway`. */
  readonly name: string
  /** Its name in Google Cloud, with the prefix. */
  readonly id: string
  readonly service: string
  readonly region: string
  readonly state: string
  /** RFC 3339 */
  readonly deployedAt: string
  /** Share of the requests by revision, in percent. */
  readonly traffic: readonly { readonly revision: string; readonly percent: number }[]
  /** Newest first. */
  readonly revisions: readonly Revision[]
  /** The revision with traffic; the newest if there are several. */
  readonly serving: Revision | undefined
  /** False if a newer ready revision has no traffic. */
  readonly servesLatest: boolean
}

/** A function of this tool that belongs to another deployment of the project. */
export interface OtherFunction {
  readonly id: string
  readonly region: string
}

export interface Place {
  readonly project: string
  readonly region: string
  readonly prefix?: string | undefined
}

/**
 * Reads the deployment's functions with their revisions, and the names of this tool's other functions
 * in the project.
 *
 * @throws DeployError
 */
export async function readFunctions(
  place: Place,
  gcloud: Gcloud,
): Promise<{ readonly functions: RunningFunction[]; readonly others: OtherFunction[] }> {
  const listed = await gcloud.list('functions', 'list', '--v2', `--project=${place.project}`)
  const ours = listed
    .filter((one) => isOurs(object(one['labels']) as Record<string, string>))
    .map((one) => ({ one, ...placeOf(one) }))
  const names = new Map(functionNames().map((name) => [`${place.prefix ?? ''}${name}`, name]))
  const isHere = ({ id, region }: OtherFunction) => names.has(id) && region === place.region
  const functions = await Promise.all(
    ours
      .filter(isHere)
      .map(({ one, id, region }) =>
        readFunction(one, { id, region, name: names.get(id) ?? id }, place.project, gcloud),
      ),
  )
  const others = ours.filter((one) => !isHere(one)).map(({ id, region }) => ({ id, region }))
  return { functions: functions.sort((a, b) => (a.name < b.name ? -1 : 1)), others }
}

function placeOf(described: Json): OtherFunction {
  const [, region = '', id = ''] =
    /\/locations\/([^/]+)\/functions\/([^/]+)$/.exec(String(described['name'])) ?? []
  return { id, region }
}

async function readFunction(
  described: Json,
  { id, region, name }: OtherFunction & { readonly name: string },
  project: string,
  gcloud: Gcloud,
): Promise<RunningFunction> {
  const given = object(described['serviceConfig'])['service']
  const service = String(given ?? id).replace(/^.*\//, '')
  const flags = [`--project=${project}`, `--region=${region}`]
  const [run, listed] = await Promise.all([
    gcloud.describe('run', 'services', 'describe', service, ...flags),
    gcloud.list('run', 'revisions', 'list', `--service=${service}`, ...flags),
  ])
  const status = object(run?.['status'])
  const traffic = array(status['traffic'])
    .filter((target) => Number(target['percent'] ?? 0) > 0)
    .map((target) => ({
      revision: String(target['revisionName'] ?? status['latestReadyRevisionName']),
      percent: Number(target['percent']),
    }))
  const revisions = listed.map(toRevision).sort(newestFirst)
  const shares = new Set(traffic.map(({ revision }) => revision))
  const serving = revisions.find((revision) => shares.has(revision.name))
  const latest = revisions.find(({ isReady }) => isReady)
  return {
    name,
    id,
    service,
    region,
    state: String(described['state'] ?? 'UNKNOWN'),
    deployedAt: String(described['updateTime'] ?? ''),
    traffic,
    revisions,
    serving,
    servesLatest: latest === undefined || latest.name === serving?.name,
  }
}

function toRevision(described: Json): Revision {
  const { name, creationTimestamp } = object(described['metadata'])
  const conditions = array(object(described['status'])['conditions'])
  const ready = conditions.find(({ type }) => type === 'Ready')
  return {
    name: String(name),
    createdAt: typeof creationTimestamp === 'string' ? creationTimestamp : '',
    isReady: ready?.['status'] === 'True',
  }
}

function newestFirst(a: Revision, b: Revision): number {
  const order = Date.parse(b.createdAt) - Date.parse(a.createdAt)
  // Names contain a counter: gateway-00012-abc.
  return order || (a.name < b.name ? 1 : -1)
}

function array(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(object) : []
}
