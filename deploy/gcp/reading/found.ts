import { DeployError } from '../deploy-error.ts'
import { createGcloud } from '../gcloud.ts'
import { readLiveSite } from '../hosting/live.ts'
import type { HostingState } from '../hosting/plan.ts'
import { type Site, writeSite } from '../hosting/site.ts'
import type { Options } from '../options.ts'
import { phasesOf } from '../plan/plan.ts'
import { checkProject } from '../preflight.ts'
import type { Dependencies, Wanted } from '../prepare.ts'
import type { Settings } from '../settings.ts'
import { EMPTY, readState, type State } from '../state/state.ts'
import type { Target } from '../targets.ts'
import { settled } from './settled.ts'

/** What there is of what a deployment makes. */
export interface Found {
  readonly state: State
  /** Undefined: Hosting is left as it is. */
  readonly site: HostingState | undefined
  /** Why some of it could not be read; a dry run goes on without. */
  readonly failure?: DeployError
  /** False: the functions, secrets and accounts could not be read, so `state` is empty. */
  readonly isRead: boolean
}

/**
 * Reads what there is. The project itself is described where that has failed, to say why, and where no
 * function of ours shows that it is there and pays.
 *
 * @throws DeployError saying what to do; in a dry run it is the result's `failure`.
 */
export async function readFound(
  wanted: Wanted,
  options: Options,
  { run, env, write }: Pick<Dependencies, 'run' | 'env' | 'write'>,
): Promise<Found> {
  const { settings, targets } = wanted
  const gcloud = createGcloud(run)
  const [state, site] = await Promise.allSettled([
    readState(settings, namesOf(targets), gcloud),
    readHosting(wanted, options, { run, env }),
  ])
  const isKnown = state.status === 'fulfilled' && hasOwnFunctions(state.value)
  const note = (message: string) => write(`${message}\n`)
  const project =
    isKnown && site.status === 'fulfilled'
      ? []
      : await Promise.allSettled([checkProject(settings, gcloud, undefined, note)])
  const [failure] = [...project, state, site].flatMap((one) =>
    one.status === 'rejected' ? [one.reason as unknown] : [],
  )
  if (failure === undefined) return { state: settled(state), site: settled(site), isRead: true }
  if (!options.dryRun || !(failure instanceof DeployError)) throw failure
  note(failure.message)
  const isRead =
    state.status === 'fulfilled' && project.every(({ status }) => status === 'fulfilled')
  if (!isRead) note('What is there cannot be read. For an empty project:')
  return {
    state: isRead ? state.value : EMPTY,
    site: isRead && site.status === 'fulfilled' ? site.value : unknownSite(wanted, options),
    failure,
    isRead,
  }
}

function hasOwnFunctions({ functions, apis }: State): boolean {
  const isOurs = [...functions.values()].some((one) => one.isOurs && one.isActive)
  return isOurs && apis.has('cloudresourcemanager.googleapis.com')
}

/** What state is to be read of. */
function namesOf(targets: readonly Target[]) {
  const uses = new Map(
    targets.map(({ name, secrets, readable = [] }) => [
      name,
      // One that is not given is used if Secret Manager has it, so it is compared as used.
      [...new Set([...Object.keys(secrets), ...readable])],
    ]),
  )
  const functions = targets.map(({ name }) => name)
  return { functions, secrets: [...new Set([...uses.values()].flat())], uses }
}

async function readHosting(
  { settings, targets }: Wanted,
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

function unknownSite({ settings, targets }: Wanted, options: Options): HostingState | undefined {
  const site = siteOf(settings, targets, options)
  return site && { site, live: { id: undefined, exists: true, release: undefined } }
}

/** Hosting goes with all functions, not with some. */
function siteOf(
  settings: Settings,
  targets: readonly Target[],
  options: Options,
): Site | undefined {
  const isAsked = phasesOf(options.only, options.skip).has('hosting')
  if (!isAsked || options.functions.length > 0) return undefined
  const functions = targets.map(({ name }) => name)
  return writeSite(functions, settings, options.dist)
}
