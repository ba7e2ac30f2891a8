import type { Gcloud } from './gcloud.ts'
import { readMembers } from './iam.ts'
import { object } from './json.ts'
import { APIS, isOurs, OWNER_NOTE, serviceAccountEmail } from './names.ts'
import type { Settings } from './settings.ts'

/** A function that is deployed, as the Functions API describes it. */
export interface DeployedFunction {
  readonly isOurs: boolean
  readonly isActive: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly entryPoint: unknown
  readonly runtime: unknown
  readonly service: Readonly<Record<string, unknown>>
  /** Anybody may invoke it. */
  readonly isPublic: boolean
}

/** A secret in Secret Manager. */
export interface StoredSecret {
  readonly isOurs: boolean
  /** The latest version, if that can be read; undefined = there is none. */
  readonly latest: { readonly version: string; readonly value: string } | undefined
  /** Who may read it. */
  readonly readers: readonly string[]
}

/** What there is in the project, of what a deployment makes. */
export interface State {
  readonly apis: ReadonlySet<string>
  readonly functions: ReadonlyMap<string, DeployedFunction>
  /** Service accounts by e-mail; the value tells whether we made it. */
  readonly accounts: ReadonlyMap<string, boolean>
  readonly secrets: ReadonlyMap<string, StoredSecret>
}

export const EMPTY: State = {
  apis: new Set(),
  functions: new Map(),
  accounts: new Map(),
  secrets: new Map(),
}

/**
 * Reads what there is. Nothing can be of a kind whose API is off, and asking would fail.
 *
 * @throws DeployError
 */
export async function readState(
  { project, region }: Settings,
  names: { readonly functions: readonly string[]; readonly secrets: readonly string[] },
  gcloud: Gcloud,
): Promise<State> {
  const at = [`--project=${project}`, `--region=${region}`]
  const services = await gcloud.list('services', 'list', '--enabled', `--project=${project}`)
  const enabled = services.map((service) => String(object(service['config'])['name']))
  const apis = new Set(enabled.filter((name) => APIS.some((api) => api === name)))
  const accounts = names.functions.map((name) => serviceAccountEmail(name, project))
  return {
    apis,
    functions: await readAll(apis.has('cloudfunctions.googleapis.com'), names.functions, (name) =>
      readFunction(gcloud, name, at),
    ),
    accounts: await readAll(apis.has('iam.googleapis.com'), accounts, async (email) => {
      const command = ['iam', 'service-accounts', 'describe', email, `--project=${project}`]
      const account = await gcloud.describe(...command)
      return account === undefined ? undefined : account['description'] === OWNER_NOTE
    }),
    secrets: await readAll(apis.has('secretmanager.googleapis.com'), names.secrets, (name) =>
      readSecret(gcloud, name, `--project=${project}`),
    ),
  }
}

async function readAll<Value>(
  isEnabled: boolean,
  names: readonly string[],
  read: (name: string) => Promise<Value | undefined>,
): Promise<ReadonlyMap<string, Value>> {
  if (!isEnabled) return new Map()
  const values = await Promise.all(names.map(async (name) => [name, await read(name)] as const))
  return new Map(values.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}

async function readFunction(
  gcloud: Gcloud,
  name: string,
  at: readonly string[],
): Promise<DeployedFunction | undefined> {
  const described = await gcloud.describe('functions', 'describe', name, ...at)
  if (described === undefined) return undefined
  const service = object(described['serviceConfig'])
  const build = object(described['buildConfig'])
  const labels = object(described['labels']) as Record<string, string>
  const run = String(service['service'] ?? name).replace(/^.*\//, '')
  return {
    isOurs: isOurs(labels),
    isActive: described['state'] === 'ACTIVE',
    labels,
    entryPoint: build['entryPoint'],
    runtime: build['runtime'],
    service,
    isPublic: await isPublic(gcloud, run, at),
  }
}

/** By allUsers' role, or because the service checks nobody (`--no-invoker-iam-check`). */
async function isPublic(gcloud: Gcloud, service: string, at: readonly string[]): Promise<boolean> {
  const invokers = await readMembers(gcloud, 'roles/run.invoker', 'run', 'services', service, at)
  if (invokers.includes('allUsers')) return true
  // Who may see the policy may not see the service; then the service is opened again.
  const command = ['run', 'services', 'describe', service, ...at]
  const described = await gcloud.describe(...command).catch(() => undefined)
  const annotations = object(object(described?.['metadata'])['annotations'])
  return annotations['run.googleapis.com/invoker-iam-disabled'] === 'true'
}

async function readSecret(
  gcloud: Gcloud,
  name: string,
  at: string,
): Promise<StoredSecret | undefined> {
  const described = await gcloud.describe('secrets', 'describe', name, at)
  if (described === undefined) return undefined
  const readers = 'roles/secretmanager.secretAccessor'
  return {
    isOurs: isOurs(object(described['labels']) as Record<string, string>),
    latest: await latestVersion(gcloud, name, at),
    readers: await readMembers(gcloud, readers, 'secrets', undefined, name, [at]),
  }
}

async function latestVersion(gcloud: Gcloud, name: string, at: string) {
  const command = ['secrets', 'versions', 'access', 'latest', `--secret=${name}`, at]
  // A latest version that is disabled or destroyed cannot be read, and a new one takes its place.
  const found = await gcloud.describe(...command).catch(() => undefined)
  const version = /\/versions\/(\d+)$/.exec(String(found?.['name']))?.[1]
  const data = object(found?.['payload'])['data']
  if (version === undefined || typeof data !== 'string') return undefined
  return { version, value: Buffer.from(data, 'base64').toString() }
}
