import { DeployError } from '../deploy-error.ts'
import { createGcloud } from '../gcloud.ts'
import { configuredFunctions } from '../targets.ts'
import type { OperateDependencies } from './dependencies.ts'
import { type Health, probe } from './health.ts'
import type { DeploymentPlace } from './place.ts'
import { createHostingClient } from './releases.ts'
import { type OtherFunction, type RunningFunction, readFunctions } from './revisions.ts'

/** One function of the deployment; undefined members are not known. */
export interface FunctionStatus {
  readonly name: string
  readonly deployed?: RunningFunction | undefined
  readonly health?: Health | undefined
}

/** The status of a deployment; the JSON output is derived from it. */
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
  /** Functions of other deployments of this tool in the project. */
  readonly others: readonly OtherFunction[]
  /** Whether every configured function is deployed and responds. */
  readonly isHealthy: boolean
}

/**
 * Reads the deployment from Google Cloud and checks the health of each part at PUBLIC_URL.
 *
 * @throws DeployError if Google Cloud cannot be read; a failure of Hosting is part of the status.
 */
export async function readStatus(
  { settings, publicUrl, file }: DeploymentPlace,
  dependencies: OperateDependencies,
): Promise<Status> {
  const { run, env, fetch: send } = dependencies
  const request = (part: string) =>
    publicUrl === undefined ? undefined : probe(part, publicUrl, send)
  const names = configuredFunctions({ ...file, ...env })
  const [{ functions, others }, hosting, auth0, health] = await Promise.all([
    readFunctions(settings, createGcloud(run)),
    readHosting(settings, dependencies),
    request('auth0'),
    Promise.all(names.map(async (name) => [name, await request(name)] as const)),
  ])
  const healths = new Map(health)
  const desired = names.map((name) => ({
    name,
    deployed: functions.find((one) => one.name === name),
    health: healths.get(name),
  }))
  const unconfigured = functions.filter(({ name }) => !names.includes(name))
  const isHealthy =
    auth0?.isHealthy !== false &&
    desired.every((one) => one.deployed?.state === 'ACTIVE' && one.health?.isHealthy !== false)
  return {
    project: settings.project,
    region: settings.region,
    publicUrl,
    functions: [...desired, ...unconfigured.map((deployed) => ({ name: deployed.name, deployed }))],
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
