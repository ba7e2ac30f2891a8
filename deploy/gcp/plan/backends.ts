import { ConfigError } from '../../../shared/config.ts'
import { DeployError } from '../deploy-error.ts'
import type { Gcloud } from '../gcloud.ts'
import { serviceAccountEmail } from '../names.ts'
import type { Settings } from '../settings.ts'
import { readMembers } from '../state/iam.ts'
import type { Step } from '../step.ts'
import type { CalledBackend } from './called-backends.ts'

/** A Cloud Run service that the gateway calls. */
export interface Backend {
  readonly service: string
  readonly region: string
  readonly project: string
  /** Who may invoke it. */
  readonly invokers: readonly string[]
}

const ROLE = 'roles/run.invoker'
const CLOUD_FUNCTIONS = /^([a-z]+-[a-z]+\d+)-([a-z][a-z0-9-]+)\.cloudfunctions\.net$/
/** `SERVICE-PROJECTNUMBER.REGION.run.app`, or the older `SERVICE-HASH-XX.a.run.app`. */
const RUN = /^(.+?)-(?:\d+\.([a-z0-9-]+)|[a-z0-9]+-[a-z]+\.a)\.run\.app$/

/**
 * The services behind FUNCTIONS_BASE: on cloudfunctions.net a function for each first segment of a
 * path, on run.app one service for all. `note` gets a sentence for each that is not there yet, is a
 * function of the 1st generation, or is named by an argument: a tool may be announced before it is
 * deployed.
 *
 * @throws ConfigError when Google runs nothing at that host.
 */
export async function readBackends(
  base: string,
  called: readonly CalledBackend[],
  { project }: Settings,
  gcloud: Gcloud,
  note: (message: string) => void,
): Promise<Backend[]> {
  if (called.length === 0) return []
  const host = hostOf(base)
  const { region, owner } = host
  if (owner !== undefined) {
    for (const { caller, segment } of called) {
      if (segment === undefined) {
        note(
          `An argument names the function that ${caller} calls: give the gateway roles/run.invoker on each of them.`,
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
      note(error.message)
      return []
    }),
  )
  return (await Promise.all(found)).flat()
}

/**
 * The same where nothing can be read, by the names that Google gives.
 *
 * @throws ConfigError as `readBackends` does.
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
  const [, service = name, itsRegion = settings.region] = RUN.exec(name) ?? []
  return [{ service, region: itsRegion, project: settings.project, invokers: [] }]
}

/** The functions by name, each once. */
function functionsOf(called: readonly CalledBackend[]): string[] {
  return [...new Set(called.flatMap(({ segment }) => (segment === undefined ? [] : [segment])))]
}

/** On cloudfunctions.net a host tells region and project. */
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
  const at = [`--project=${project}`, `--region=${region}`]
  const found = await gcloud.describe('functions', 'describe', name, ...at)
  if (found === undefined) {
    throw new DeployError(`The backend ${name} is not deployed in ${project}, ${region}.`)
  }
  const { service } = (found['serviceConfig'] ?? {}) as { readonly service?: string }
  if (service === undefined) {
    throw new DeployError(`The backend ${name} is a function of the 1st generation: upgrade it.`)
  }
  return backend(gcloud, service.replace(/^.*\//, ''), region, project)
}

/** Services are found by their URLs: only one of their forms has the name in it. */
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
  const at = [`--project=${project}`, `--region=${region}`]
  const invokers = await readMembers(gcloud, ROLE, 'run', 'services', service, at)
  return { service, region, project, invokers }
}

/** Lets the gateway call the backends that it may not call yet; with `remove`, the other way. */
export function planBackends(
  backends: readonly Backend[],
  settings: Settings,
  { remove = false }: { readonly remove?: boolean } = {},
): Step[] {
  const member = `serviceAccount:${serviceAccountEmail('gateway', settings)}`
  return backends
    .filter(({ invokers }) => invokers.includes(member) === remove)
    .map(({ service, region, project }) => ({
      phase: 'backends',
      title: `${remove ? 'no longer let' : 'let'} the gateway call ${service}`,
      command: [
        ...(['gcloud', 'run', 'services'] as const),
        `${remove ? 'remove' : 'add'}-iam-policy-binding`,
        ...[service, `--project=${project}`, `--region=${region}`],
        ...[`--member=${member}`, `--role=${ROLE}`],
      ],
    }))
}
