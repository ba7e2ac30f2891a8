import { ConfigError } from '../../../shared/config.ts'
import { DeployError } from '../deploy-error.ts'
import type { Gcloud } from '../gcloud.ts'
import { serviceAccountEmail } from '../names.ts'
import type { Settings } from '../settings.ts'
import { readMembers } from '../state/iam.ts'
import type { DeployStep } from '../step.ts'
import type { CalledBackend } from './called-backends.ts'

/** A Cloud Run service that the gateway calls. */
export interface Backend {
  readonly service: string
  readonly region: string
  readonly project: string
  /** IAM members that may invoke it. */
  readonly invokers: readonly string[]
}

const ROLE = 'roles/run.invoker'
const CLOUD_FUNCTIONS = /^([a-z]+-[a-z]+\d+)-([a-z][a-z0-9-]+)\.cloudfunctions\.net$/
/** `SERVICE-PROJECTNUMBER.REGION.run.app`, or the older `SERVICE-HASH-XX.a.run.app`. */
const RUN = /^(.+?)-(?:\d+\.([a-z0-9-]+)|[a-z0-9]+-[a-z]+\.a)\.run\.app$/

/**
 * Reads the services behind FUNCTIONS_BASE: on cloudfunctions.net one function per first path segment,
 * on run.app one service for all paths. Calls `warn` for each backend that is not deployed yet, is a
 * 1st gen function, or is named by an argument: a tool may be in the catalogue before it is deployed.
 *
 * @throws ConfigError if the host is not on Google Cloud.
 */
export async function readBackends(
  base: string,
  called: readonly CalledBackend[],
  { project }: Settings,
  gcloud: Gcloud,
  warn: (message: string) => void,
): Promise<Backend[]> {
  if (called.length === 0) return []
  const host = hostOf(base)
  const { region, owner } = host
  if (owner !== undefined) {
    for (const { caller, segment } of called) {
      if (segment === undefined) {
        warn(
          `An argument selects the function that ${caller} calls: grant the gateway roles/run.invoker on each of these functions.`,
        )
      }
    }
  }
  const reading =
    owner === undefined
      ? [serviceBackend(gcloud, host.name, project)]
      : functionsOf(called).map((name) => functionBackend(gcloud, name, region, owner))
  const found = reading.map((backend) =>
    backend.catch((error: unknown) => {
      if (!(error instanceof DeployError)) throw error
      warn(error.message)
      return []
    }),
  )
  return (await Promise.all(found)).flat()
}

/**
 * Returns the backends from their host names, if nothing can be read.
 *
 * @throws ConfigError like `readBackends`.
 */
export function guessBackends(
  base: string,
  called: readonly CalledBackend[],
  settings: Settings,
): Backend[] {
  if (called.length === 0) return []
  const { name, region, owner } = hostOf(base)
  if (owner !== undefined) {
    const services = functionsOf(called).map((one) => one.toLowerCase().replaceAll('_', '-'))
    return services.map((service) => ({ service, region, project: owner, invokers: [] }))
  }
  const [, service = name, serviceRegion = settings.region] = RUN.exec(name) ?? []
  return [{ service, region: serviceRegion, project: settings.project, invokers: [] }]
}

/** The unique names of the functions. */
function functionsOf(called: readonly CalledBackend[]): string[] {
  return [...new Set(called.flatMap(({ segment }) => (segment === undefined ? [] : [segment])))]
}

/** A host on cloudfunctions.net contains the region and the project. */
function hostOf(base: string) {
  const { hostname: name } = new URL(base)
  const [, region, owner] = CLOUD_FUNCTIONS.exec(name) ?? []
  if (region !== undefined && owner !== undefined) return { name, region, owner }
  if (name.endsWith('.run.app')) return { name }
  throw new ConfigError([
    'FUNCTIONS_BASE must be on cloudfunctions.net or run.app while BACKEND_AUTH is google',
  ])
}

async function functionBackend(
  gcloud: Gcloud,
  name: string,
  region: string,
  project: string,
): Promise<Backend> {
  const flags = [`--project=${project}`, `--region=${region}`]
  const found = await gcloud.describe('functions', 'describe', name, ...flags)
  if (found === undefined) {
    throw new DeployError(`The backend ${name} is not deployed in ${project}, ${region}.`)
  }
  const { service } = (found['serviceConfig'] ?? {}) as { readonly service?: string }
  if (service === undefined) {
    throw new DeployError(`The backend ${name} is a 1st gen function: upgrade it to 2nd gen.`)
  }
  return backend(gcloud, service.replace(/^.*\//, ''), region, project)
}

/** Finds a service by its URL, because only one of the URL forms contains its name. */
async function serviceBackend(gcloud: Gcloud, hostname: string, project: string): Promise<Backend> {
  const services = await gcloud.list('run', 'services', 'list', `--project=${project}`)
  const found = services.find((service) => JSON.stringify(service).includes(`https://${hostname}`))
  const { name, labels = {} } = (found?.['metadata'] ?? {}) as {
    readonly name?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  const region = labels['cloud.googleapis.com/location']
  if (name === undefined || region === undefined) {
    throw new DeployError(`There is no service at https://${hostname} in ${project}.`)
  }
  return backend(gcloud, name, region, project)
}

async function backend(
  gcloud: Gcloud,
  service: string,
  region: string,
  project: string,
): Promise<Backend> {
  const flags = [`--project=${project}`, `--region=${region}`]
  const invokers = await readMembers(gcloud, ROLE, 'run', 'services', service, flags)
  return { service, region, project, invokers }
}

/** Plans the gateway's permission to call the backends, or with `remove` its removal. */
export function planBackends(
  backends: readonly Backend[],
  settings: Settings,
  { remove = false }: { readonly remove?: boolean } = {},
): DeployStep[] {
  const member = `serviceAccount:${serviceAccountEmail('gateway', settings)}`
  return backends
    .filter(({ invokers }) => invokers.includes(member) === remove)
    .map(({ service, region, project }) => ({
      phase: 'backends',
      title: `${remove ? 'stop allowing' : 'allow'} the gateway to call ${service}`,
      command: [
        ...(['gcloud', 'run', 'services'] as const),
        `${remove ? 'remove' : 'add'}-iam-policy-binding`,
        ...[service, `--project=${project}`, `--region=${region}`],
        ...[`--member=${member}`, `--role=${ROLE}`],
      ],
    }))
}
