import { DeployError } from '../deploy-error.ts'
import { createGcloud } from '../gcloud.ts'
import { wantedFunctions } from '../targets.ts'
import type { OperateDependencies } from './dependencies.ts'
import { type Health, probe } from './health.ts'
import type { DeploymentPlace } from './place.ts'
import { createHostingClient } from './releases.ts'
import { type OtherFunction, type RunningFunction, readFunctions } from './revisions.ts'

/** One function of the deployment: undefined members are not known. */
export interface FunctionStatus {
  readonly name: string
  readonly deployed?: RunningFunction | undefined
  readonly health?: Health | undefined
}

/** What `npm run status -- --json` prints is made from this. */
export interface Status {
  readonly project: string
  readonly region: string
  readonly publicUrl: string | undefined
  readonly functions: readonly FunctionStatus[]
  readonly hosting:
    | {
        readonly site: string
        readonly version: string | undefined
        readonly releasedAt: string | undefined
        readonly releasedBy: string | undefined
        readonly message: string | undefined
      }
    | { readonly problem: string }
  readonly auth0: Health | undefined
  /** Functions that this tool has made elsewhere in the project. */
  readonly others: readonly OtherFunction[]
  /** All that the configuration calls for is deployed and answers. */
  readonly isHealthy: boolean
}

/**
 * Reads the cloud and asks every part at PUBLIC_URL.
 *
 * @throws DeployError when the cloud cannot be read; Hosting's failure is part of the status.
 */
export async function readStatus(
  { settings, publicUrl, file }: DeploymentPlace,
  dependencies: OperateDependencies,
): Promise<Status> {
  const { run, env, fetch: send } = dependencies
  const ask = (part: string) => (publicUrl === undefined ? undefined : probe(part, publicUrl, send))
  const names = wantedFunctions({ ...file, ...env })
  const [{ functions, others }, hosting, auth0, health] = await Promise.all([
    readFunctions(settings, createGcloud(run)),
    readHosting(settings, dependencies),
    ask('auth0'),
    Promise.all(names.map(async (name) => [name, await ask(name)] as const)),
  ])
  const healths = new Map(health)
  const wanted = names.map((name) => ({
    name,
    deployed: functions.find((one) => one.name === name),
    health: healths.get(name),
  }))
  const unwanted = functions.filter(({ name }) => !names.includes(name))
  const isHealthy =
    auth0?.isHealthy !== false &&
    wanted.every((one) => one.deployed?.state === 'ACTIVE' && one.health?.isHealthy !== false)
  return {
    project: settings.project,
    region: settings.region,
    publicUrl,
    functions: [...wanted, ...unwanted.map((deployed) => ({ name: deployed.name, deployed }))],
    hosting,
    auth0,
    others,
    isHealthy,
  }
}

async function readHosting(
  settings: DeploymentPlace['settings'],
  dependencies: OperateDependencies,
): Promise<Status['hosting']> {
  try {
    const { site, releases } = await createHostingClient(settings, dependencies).read()
    const [live] = releases
    if (live === undefined || live.isDisabled) return { problem: `${site} serves nothing` }
    return {
      site,
      version: live.version.replace(/^.*\//, ''),
      releasedAt: live.releasedAt,
      releasedBy: live.releasedBy,
      message: live.message,
    }
  } catch (error) {
    // A deployment behind API Gateway has no Hosting.
    if (!(error instanceof DeployError)) throw error
    return { problem: error.message }
  }
}
