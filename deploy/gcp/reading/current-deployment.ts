import { DeployError, NotInstalledError } from '../deploy-error.ts'
import { createGcloud } from '../gcloud.ts'
import { readLiveSite } from '../hosting/live.ts'
import type { HostingState } from '../hosting/plan.ts'
import { type Site, writeSite } from '../hosting/site.ts'
import type { Options } from '../options.ts'
import { phasesOf } from '../plan/plan.ts'
import { checkProject } from '../preflight.ts'
import type { Dependencies, DesiredDeployment } from '../prepare.ts'
import type { Settings } from '../settings.ts'
import { EMPTY, readState, type State } from '../state/state.ts'
import type { Target } from '../targets.ts'
import { settled } from './settled.ts'

/** The current state of a deployment. */
export interface CurrentDeployment {
  readonly state: State
  /** Undefined = Hosting is not changed. */
  readonly site: HostingState | undefined
  /** Why a part could not be read; a dry run continues without it. */
  readonly failure?: DeployError
  /** False = functions, secrets and accounts could not be read, so `state` is empty. */
  readonly isRead: boolean
}

/**
 * Reads the current deployment. Also reads the project itself if that failed, to find the cause, or if
 * no function of ours shows that the project exists and has billing enabled.
 *
 * @throws DeployError that states what to do; in a dry run it is the `failure` of the result.
 */
export async function readCurrentDeployment(
  desired: DesiredDeployment,
  options: Options,
  { run, env, write }: Pick<Dependencies, 'run' | 'env' | 'write'>,
): Promise<CurrentDeployment> {
  const { settings, targets } = desired
  const gcloud = createGcloud(run)
  const [state, site] = await Promise.allSettled([
    readState(settings, namesOf(targets), gcloud),
    readHosting(desired, options, { run, env }),
  ])
  const isKnown = state.status === 'fulfilled' && hasOwnFunctions(state.value)
  const warn = (message: string) => write(`${message}\n`)
  const project =
    isKnown && site.status === 'fulfilled'
      ? []
      : await Promise.allSettled([checkProject(settings, gcloud, undefined, warn)])
  const failures = [...project, state, site].flatMap((one) =>
    one.status === 'rejected' ? [one.reason as unknown] : [],
  )
  const [failure] = failures
  if (failure === undefined) return { state: settled(state), site: settled(site), isRead: true }
  if (!options.dryRun || !(failure instanceof DeployError)) throw failure
  // The run ends with any other failure.
  for (const message of missingPrograms(failures)) warn(message)
  const isRead =
    state.status === 'fulfilled' && project.every(({ status }) => status === 'fulfilled')
  if (!isRead) warn('Cannot read the project; showing the plan for an empty project:')
  return {
    state: isRead ? state.value : EMPTY,
    site: isRead && site.status === 'fulfilled' ? site.value : unknownSite(desired, options),
    failure,
    isRead,
  }
}

/** The messages of the programs that are not installed, each once. */
function missingPrograms(failures: readonly unknown[]): ReadonlySet<string> {
  const missing = failures.filter((one) => one instanceof NotInstalledError)
  return new Set(missing.map(({ message }) => message))
}

function hasOwnFunctions({ functions, apis }: State): boolean {
  const isOurs = [...functions.values()].some((one) => one.isOurs && one.isActive)
  return isOurs && apis.has('cloudresourcemanager.googleapis.com')
}

/** The names of the resources to read. */
function namesOf(targets: readonly Target[]) {
  const uses = new Map(
    targets.map(({ name, secrets, readable = [] }) => [
      name,
      // A secret without a given value may be in Secret Manager, so it counts as used.
      [...new Set([...Object.keys(secrets), ...readable])],
    ]),
  )
  const functions = targets.map(({ name }) => name)
  return { functions, secrets: [...new Set([...uses.values()].flat())], uses }
}

async function readHosting(
  { settings, targets }: DesiredDeployment,
  options: Options,
  dependencies: Pick<Dependencies, 'run' | 'env'>,
): Promise<HostingState | undefined> {
  const site = siteOf(settings, targets, options)
  if (site === undefined) return undefined
  const live = await readLiveSite(site, settings, dependencies)
  if (live.exists) return { site, live }
  const named = { ...settings, site: live.id }
  return { site: siteOf(named, targets, options) ?? site, live }
}

function unknownSite(
  { settings, targets }: DesiredDeployment,
  options: Options,
): HostingState | undefined {
  const site = siteOf(settings, targets, options)
  return site && { site, live: { id: undefined, exists: true, release: undefined } }
}

/** Hosting is deployed only together with all functions. */
function siteOf(
  settings: Settings,
  targets: readonly Target[],
  options: Options,
): Site | undefined {
  const isRequested = phasesOf(options.only, options.skip).has('hosting')
  if (!isRequested || options.functions.length > 0) return undefined
  const functions = targets.map(({ name }) => name)
  return writeSite(functions, settings, options.dist)
}
