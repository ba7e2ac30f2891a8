import type { Gcloud } from '../gcloud.ts'
import { type Json, object } from '../json.ts'
import type { Settings } from '../settings.ts'

/** A Cloud Run service of the project. */
export interface Service {
  readonly name: string
  readonly region: string
  /** Whether it skips the IAM check of callers (`--no-invoker-iam-check`). */
  readonly isUnchecked: boolean
  /** Revisions with pinned traffic; empty = the latest revision gets all traffic. */
  readonly pinned: readonly { readonly revision: string; readonly percent: number }[]
  readonly network: string | undefined
  readonly subnet: string | undefined
  /** Its service account. */
  readonly account: string
  /** Ids of the secrets that it reads. */
  readonly secrets: readonly string[]
}

/** Lists the Cloud Run services of the project in all regions, including those of functions. */
export async function listServices(
  { project }: Pick<Settings, 'project'>,
  gcloud: Gcloud,
): Promise<Service[]> {
  const listed = await gcloud.list('run', 'services', 'list', `--project=${project}`)
  return listed.map(toService)
}

function toService(described: Json): Service {
  const { name, annotations, labels } = object(described['metadata'])
  const spec = object(described['spec'])
  const template = object(spec['template'])
  const podSpec = object(template['spec'])
  const interfaces = object(object(template['metadata'])['annotations'])[
    'run.googleapis.com/network-interfaces'
  ]
  const [first] = parseInterfaces(interfaces)
  return {
    name: String(name),
    region: String(object(labels)['cloud.googleapis.com/location'] ?? ''),
    isUnchecked: object(annotations)['run.googleapis.com/invoker-iam-disabled'] === 'true',
    pinned: objects(spec['traffic'])
      .filter(({ percent, latestRevision }) => Number(percent) > 0 && latestRevision !== true)
      .map(({ revisionName, percent }) => ({
        revision: String(revisionName),
        percent: Number(percent),
      })),
    network: text(first?.['network']),
    subnet: text(first?.['subnetwork']),
    account: String(podSpec['serviceAccountName'] ?? ''),
    secrets: objects(podSpec['containers'])
      .flatMap(({ env }) => objects(env))
      .map(({ valueFrom }) => object(object(valueFrom)['secretKeyRef'])['name'])
      .filter((id) => typeof id === 'string'),
  }
}

function parseInterfaces(value: unknown): Json[] {
  try {
    return objects(JSON.parse(String(value)))
  } catch {
    return []
  }
}

function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(object) : []
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
