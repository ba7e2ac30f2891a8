import type { Gcloud } from '../gcloud.ts'
import { object } from '../json.ts'
import { APIS, isOurs, OWNER_NOTE, resourceName, serviceAccountEmail } from '../names.ts'
import type { Settings } from '../settings.ts'
import { type ListedFunction, listFunctions, secretsOf } from './functions.ts'
import { readMembers } from './iam.ts'
import { readLatest, readReaders, type StoredSecret } from './secrets.ts'
import { listServices, type Service } from './services.ts'

/** A deployed function, as returned by the Functions API. */
export interface DeployedFunction {
  readonly isOurs: boolean
  readonly isActive: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly entryPoint: unknown
  readonly runtime: unknown
  /** Its build service account; absent = the project's default. */
  readonly buildAccount?: unknown
  readonly service: Readonly<Record<string, unknown>>
  /** Whether it can be invoked without Google credentials. */
  readonly isPublic: boolean
  /** Its Cloud Run service; undefined = not known. */
  readonly run?: Service | undefined
}

/** The current resources of a deployment in the project. */
export interface State {
  readonly apis: ReadonlySet<string>
  /** Functions of this region by their names in this repository, without prefix. */
  readonly functions: ReadonlyMap<string, DeployedFunction>
  /** Service accounts by e-mail address; true = created by this command. */
  readonly accounts: ReadonlyMap<string, boolean>
  /** Secrets by variable name, without prefix. */
  readonly secrets: ReadonlyMap<string, StoredSecret>
  /** All functions and services of the project, in all regions and by any creator. */
  readonly all?: {
    readonly functions: readonly ListedFunction[]
    readonly services: readonly Service[]
  }
}

export const EMPTY: State = {
  apis: new Set(),
  functions: new Map(),
  accounts: new Map(),
  secrets: new Map(),
}

/**
 * Reads the current resources. Skips kinds whose API is disabled, because the request would fail.
 * `values`: also read the members that may read the secrets, and the latest values that this login may
 * read.
 *
 * @throws DeployError
 */
export async function readState(
  settings: Settings,
  names: {
    readonly functions: readonly string[]
    readonly secrets: readonly string[]
    readonly values?: boolean
    /** Names of the secrets that each function will use. */
    readonly uses?: ReadonlyMap<string, readonly string[]>
  },
  gcloud: Gcloud,
): Promise<State> {
  const flags = `--project=${settings.project}`
  const services = await gcloud.list('services', 'list', '--enabled', flags)
  const enabled = services.map((service) => String(object(service['config'])['name']))
  const apis = new Set(enabled.filter((name) => APIS.some((api) => api === name)))
  const [listed, stored] = await Promise.all([
    readCompute(settings, apis, gcloud),
    apis.has('secretmanager.googleapis.com')
      ? readSecrets(settings, names.secrets, names.values ?? true, gcloud)
      : new Map<string, StoredSecret>(),
  ])
  const isRead = (secret: string) =>
    names.values !== false && !isInUse(secret, names.uses, settings, listed.functions)
  const [secrets, functions, accounts] = await Promise.all([
    withReaders(stored, settings, isRead, gcloud),
    describeFunctions(settings, names.functions, listed, gcloud),
    readAccounts(settings, names, apis, listed.functions, gcloud),
  ])
  return { apis, functions, accounts, secrets, all: listed }
}

/** If every function is active with its own account, these accounts exist and need not be listed. */
async function readAccounts(
  settings: Settings,
  {
    functions: names,
    values,
  }: { readonly functions: readonly string[]; readonly values?: boolean },
  apis: ReadonlySet<string>,
  functions: readonly ListedFunction[],
  gcloud: Gcloud,
): Promise<State['accounts']> {
  const emails = new Set(names.map((name) => serviceAccountEmail(name, settings)))
  const used = names.flatMap((name) => {
    const deployed = find(name, functions, settings)
    const hasOwnAccount = deployed !== undefined && runsAsOwnAccount(name, deployed, settings)
    return hasOwnAccount && isOurs(deployed.labels) ? [serviceAccountEmail(name, settings)] : []
  })
  if (values !== false && used.length === names.length) {
    return new Map(used.map((email) => [email, true]))
  }
  if (!apis.has('iam.googleapis.com')) return new Map()
  const listed = await gcloud.list(
    ...['iam', 'service-accounts', 'list', `--project=${settings.project}`],
  )
  return new Map(
    listed
      .filter(({ email }) => emails.has(String(email)))
      .map(({ email, description }) => [String(email), description === OWNER_NOTE]),
  )
}

function find(
  name: string,
  functions: readonly ListedFunction[],
  settings: Settings,
): ListedFunction | undefined {
  const id = resourceName(name, settings)
  return functions.find((one) => one.id === id && one.region === settings.region)
}

/** Whether the function is active and runs as its own service account. */
function runsAsOwnAccount(name: string, deployed: ListedFunction, settings: Settings): boolean {
  const account = serviceAccountEmail(name, settings)
  return deployed.isActive && deployed.service['serviceAccountEmail'] === account
}

async function readCompute(
  settings: Settings,
  apis: ReadonlySet<string>,
  gcloud: Gcloud,
): Promise<Required<State>['all']> {
  const hasFunctions = apis.has('cloudfunctions.googleapis.com')
  const hasServices = hasFunctions && apis.has('run.googleapis.com')
  const [functions, services] = await Promise.all([
    hasFunctions ? listFunctions(settings, gcloud) : [],
    hasServices ? listServices(settings, gcloud) : [],
  ])
  return { functions, services }
}

async function describeFunctions(
  settings: Settings,
  names: readonly string[],
  { functions, services }: Required<State>['all'],
  gcloud: Gcloud,
): Promise<ReadonlyMap<string, DeployedFunction>> {
  const { region } = settings
  const found = names.flatMap((name) => {
    const listed = find(name, functions, settings)
    return listed === undefined ? [] : [{ name, listed }]
  })
  const described = found.map(async ({ name, listed }) => {
    const run = services.find((one) => one.name === listed.run && one.region === region)
    const isPublic = await isPublicService(settings, listed, run, gcloud)
    return [name, { ...listed, isOurs: isOurs(listed.labels), isPublic, run }] as const
  })
  return new Map(await Promise.all(described))
}

/** Public by a role of allUsers, or because the service skips the IAM check (`--no-invoker-iam-check`). */
async function isPublicService(
  { project, region }: Settings,
  { run: name }: ListedFunction,
  service: Service | undefined,
  gcloud: Gcloud,
): Promise<boolean> {
  if (service?.isUnchecked) return true
  const flags = [`--project=${project}`, `--region=${region}`]
  const invokers = await readMembers(gcloud, 'roles/run.invoker', 'run', 'services', name, flags)
  return invokers.includes('allUsers')
}

async function readSecrets(
  settings: Settings,
  names: readonly string[],
  hasValues: boolean,
  gcloud: Gcloud,
): Promise<ReadonlyMap<string, StoredSecret>> {
  const flags = `--project=${settings.project}`
  const listed = new Map(
    (await gcloud.list('secrets', 'list', flags)).map((secret) => [
      String(secret['name']).replace(/^.*\//, ''),
      object(secret['labels']) as Record<string, string>,
    ]),
  )
  const stored = names.flatMap((name) => {
    const id = resourceName(name, settings)
    const labels = listed.get(id)
    return labels === undefined ? [] : [{ name, id, labels }]
  })
  const read = stored.map(async ({ name, id, labels }) => {
    const known = { isOurs: isOurs(labels), latest: undefined, readers: undefined }
    if (!hasValues) return [name, known] as const
    const latest = await readLatest(gcloud, id, flags)
    return [name, { isOurs: isOurs(labels), latest, readers: undefined }] as const
  })
  return new Map(await Promise.all(read))
}

/**
 * Whether exactly the functions that will use a secret already run with it as their own accounts. They
 * then may read it, because they would not have started otherwise.
 */
function isInUse(
  secret: string,
  uses: ReadonlyMap<string, readonly string[]> = new Map(),
  settings: Settings,
  functions: readonly ListedFunction[],
): boolean {
  return [...uses].every(([name, desired]) => {
    const deployed = find(name, functions, settings)
    const isDesired = desired.includes(secret)
    if (deployed === undefined) return !isDesired && uses.size > 0
    const isUsed = secretsOf(deployed).includes(resourceName(secret, settings))
    return runsAsOwnAccount(name, deployed, settings) && isUsed === isDesired
  })
}

async function withReaders(
  stored: ReadonlyMap<string, StoredSecret>,
  settings: Settings,
  isRead: (secret: string) => boolean,
  gcloud: Gcloud,
): Promise<ReadonlyMap<string, StoredSecret>> {
  const flags = `--project=${settings.project}`
  const read = [...stored].map(async ([name, secret]) => {
    if (!isRead(name)) return [name, secret] as const
    const readers = await readReaders(gcloud, resourceName(name, settings), flags)
    return [name, { ...secret, readers }] as const
  })
  return new Map(await Promise.all(read))
}
