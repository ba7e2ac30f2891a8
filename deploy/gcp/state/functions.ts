import type { Gcloud } from '../gcloud.ts'
import { object } from '../json.ts'
import type { Settings } from '../settings.ts'

/** Any function of the project, in any region. */
export interface ListedFunction {
  /** Its name in Google Cloud, with the prefix. */
  readonly id: string
  readonly region: string
  readonly isActive: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly entryPoint: unknown
  readonly runtime: unknown
  readonly buildAccount: unknown
  readonly service: Readonly<Record<string, unknown>>
  /** The name of its Cloud Run service. */
  readonly run: string
}

/** Lists the functions of the project in all regions. */
export async function listFunctions(
  { project }: Pick<Settings, 'project'>,
  gcloud: Gcloud,
): Promise<ListedFunction[]> {
  const listed = await gcloud.list('functions', 'list', '--v2', `--project=${project}`)
  return listed.flatMap((described) => {
    const name = String(described['name'])
    const [, region, id] = /\/locations\/([^/]+)\/functions\/([^/]+)$/.exec(name) ?? []
    if (region === undefined || id === undefined) return []
    const service = object(described['serviceConfig'])
    const build = object(described['buildConfig'])
    return {
      id,
      region,
      isActive: described['state'] === 'ACTIVE',
      labels: object(described['labels']) as Record<string, string>,
      entryPoint: build['entryPoint'],
      runtime: build['runtime'],
      buildAccount: build['serviceAccount'],
      service,
      run: String(service['service'] ?? id.toLowerCase()).replace(/^.*\//, ''),
    }
  })
}

/** Returns the ids of the secrets that a function reads. */
export function secretsOf({ service }: Pick<ListedFunction, 'service'>): string[] {
  return pinsOf({ service }).map(({ secret }) => secret)
}

/** Returns the variable, secret id and version of each secret that a function reads. */
export function pinsOf({ service }: Pick<ListedFunction, 'service'>) {
  const given = service['secretEnvironmentVariables']
  return (Array.isArray(given) ? given.map(object) : []).map(({ key, secret, version }) => ({
    key: String(key),
    secret: String(secret ?? key),
    version: String(version),
  }))
}
