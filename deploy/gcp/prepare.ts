import { collectFaults, type Environment, variables } from '../../shared/config.ts'
import { parseCatalogue } from '../../shared/tools.ts'
import { buildFunction } from '../build/build.ts'
import { describeCatalogue, describeWarnings, writeCatalogue } from '../build/catalogue.ts'
import { functionNames } from '../build/functions.ts'
import { readEnvFile } from '../env-file.ts'
import { readCommit, writeBuildInfo } from './build-info.ts'
import type { Run } from './command.ts'
import { DeployError } from './deploy-error.ts'
import { digestOf } from './digest.ts'
import { createGcloud, type Gcloud } from './gcloud.ts'
import { readLiveSite } from './hosting/live.ts'
import { checkLiveSite, type HostingState } from './hosting/plan.ts'
import { type Site, writeSite } from './hosting/site.ts'
import type { Options } from './options.ts'
import { checkApp, checkOwnership } from './ownership.ts'
import { type Backend, guessBackends, readBackends } from './plan/backends.ts'
import type { BuiltTarget } from './plan/functions.ts'
import { leftoversOf } from './plan/leftovers.ts'
import { type Deployment, phasesOf } from './plan/plan.ts'
import { readOldVersions } from './plan/versions.ts'
import { givenSecrets, secretNames, withStandIns } from './secrets/kept.ts'
import { noteSecrets, resolveSecrets } from './secrets/resolve.ts'
import { gcpVariables, readSettings, type Settings } from './settings.ts'
import { EMPTY, readState, type State } from './state/state.ts'
import { readTargets, type Target, wantedFunctions } from './targets.ts'

/** What the person asks for, checked as far as this machine can. */
export interface Wanted {
  /** The variables of the file, with the secrets of the environment. */
  readonly env: Environment
  readonly settings: Settings
  readonly targets: readonly Target[]
  /** Secrets that are not given: Secret Manager may have them. */
  readonly absent: readonly string[]
  /** Variables of the file that nothing reads. */
  readonly unknown: readonly string[]
}

export interface Dependencies {
  readonly run: Run
  /** The environment of the command. */
  readonly env: Environment
  readonly write: (text: string) => void
  /** Builds one function below a directory. */
  readonly build?: typeof buildFunction
}

/** @throws ConfigError with every fault of file, settings and all functions at once. */
export async function readWanted(options: Options, { run, env }: Dependencies): Promise<Wanted> {
  const file = readEnvFile(options.envFile)
  const secrets = givenSecrets(env, file)
  const absent = secretNames().filter((name) => !(name in secrets) && !(name in file))
  const given = { ...file, ...secrets }
  const names = options.functions.length > 0 ? options.functions : wantedFunctions(file)
  const isServed = phasesOf(options.only, options.skip).has('hosting')
  const required = absent.filter((name) => name.endsWith('_SECRET'))
  const [settings, targets] = await Promise.allSettled([
    readSettings({ flags: options, env, file }, run, isServed),
    readTargets(names, withStandIns(given, required)),
  ])
  const [checkedSettings, checkedTargets] = collectFaults([
    () => settled(settings),
    () => settled(targets),
  ])
  const known = { ...variables, ...gcpVariables }
  const unknown = Object.keys(file).filter((name) => !(name in known))
  return { env: given, settings: checkedSettings, targets: checkedTargets, absent, unknown }
}

function settled<Value>(result: PromiseSettledResult<Value>): Value {
  if (result.status === 'fulfilled') return result.value
  throw result.reason
}

/** Builds what is to be deployed, with the catalogue in it, and tells where that is. */
export async function buildTargets(
  targets: readonly Target[],
  dist: string,
  { build = buildFunction, run, write }: Dependencies,
): Promise<BuiltTarget[]> {
  const built = await Promise.all(
    targets.map(async (target) => ({ ...target, ...(await build(target.name, dist)) })),
  )
  // All functions have the same catalogue.
  write(describeWarnings(targets[0]?.catalogue?.warnings ?? []))
  const commit = await readCommit(run)
  return built.map((target) => {
    const { catalogue, directory } = target
    if (catalogue !== undefined) {
      const path = writeCatalogue(directory, catalogue)
      write(`The catalogue for ${target.name}: ${path} (${describeCatalogue(catalogue)})\n`)
    }
    const digest = digestOf(directory)
    writeBuildInfo(directory, commit)
    return { ...target, digest }
  })
}

/**
 * Reads what there is, and checks that it may be changed. The project has been checked.
 *
 * @throws DeployError or ConfigError saying what to do.
 */
export async function readDeployment(
  wanted: Wanted,
  targets: readonly BuiltTarget[],
  options: Options,
  dependencies: Dependencies,
): Promise<Deployment> {
  const { run, write } = dependencies
  const { settings, env } = wanted
  const gcloud = createGcloud(run)
  const [site, state] = await Promise.all([
    readHosting(wanted, targets, options, dependencies),
    readState(settings, namesOf(targets), gcloud),
  ])
  const { targets: resolved, kept, made } = await resolveSecrets(wanted, targets, state, options)
  noteSecrets({ kept, made, targets: resolved, state, settings, options }, write)
  if (!options.adopt) {
    checkApp(env['PUBLIC_URL'], functionNames(), state, settings)
    checkOwnership(resolved, state, settings)
    if (site !== undefined) checkLiveSite(site, settings)
  }
  const { keepVersions: keep, updateSecrets: update } = options
  return {
    settings,
    targets: resolved,
    state,
    site,
    backends: await backendsOf(targets, wanted, options, gcloud, write),
    updateSecrets: update,
    pruned: prunedOf(wanted, state, options, write),
    oldVersions:
      keep === undefined
        ? []
        : await readOldVersions(resolved, state, settings, { keep, update }, gcloud),
  }
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
  wanted: Wanted,
  targets: readonly Target[],
  options: Options,
  { run, write }: Dependencies,
): Promise<HostingState | undefined> {
  const { settings } = wanted
  const site = siteOf(settings, targets, options)
  if (site === undefined) return undefined
  const live = await readLiveSite(site, settings, run).catch((error: unknown) => {
    // A dry run releases nothing.
    if (!options.dryRun || !(error instanceof DeployError)) throw error
    write(`${error.message}\n`)
    return undefined
  })
  if (live === undefined) return { site, live: UNKNOWN_SITE }
  if (live.exists) return { site, live }
  const named = { ...settings, site: live.id }
  return { site: siteOf(named, targets, options) ?? site, live }
}

const UNKNOWN_SITE = { id: undefined, exists: true, release: undefined } as const

/** Leftovers go when all functions are deployed and --prune says so; else they are shown. */
function prunedOf(
  { env, settings }: Wanted,
  state: State,
  options: Options,
  write: Dependencies['write'],
) {
  if (options.functions.length > 0) return []
  const leftovers = leftoversOf(state, functionNames(), wantedFunctions(env), settings)
  if (options.prune || leftovers.length === 0) return leftovers
  const names = leftovers.map(({ id, region }) => `  ${id} in ${region}`).join('\n')
  write(`Functions of this deployment that its configuration does not have:
${names}
They are public and stay as they are. To remove them: npm run deploy -- --prune\n`)
  return []
}

/** The plan's ground where nothing can be read: a project in which nothing is. */
export async function emptyDeployment(
  wanted: Wanted,
  targets: readonly BuiltTarget[],
  options: Options,
): Promise<Deployment> {
  const { settings, env } = wanted
  const site = siteOf(settings, targets, options)
  const backends = callsPrivateBackends(targets, env, options)
    ? guessBackends(env['FUNCTIONS_BASE'] ?? '', toolNames(env), settings)
    : []
  const resolved = await resolveSecrets(wanted, targets, EMPTY, options)
  return {
    settings,
    targets: resolved.targets,
    state: EMPTY,
    backends,
    site: site && { site, live: UNKNOWN_SITE },
  }
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

async function backendsOf(
  targets: readonly Target[],
  { env, settings }: Wanted,
  options: Options,
  gcloud: Gcloud,
  write: Dependencies['write'],
): Promise<Backend[]> {
  if (!callsPrivateBackends(targets, env, options)) return []
  const note = (message: string) =>
    write(`${message}\nOnce that is mended: npm run deploy -- --only=backends\n`)
  return readBackends(env['FUNCTIONS_BASE'] ?? '', toolNames(env), settings, gcloud, note)
}

function callsPrivateBackends(targets: readonly Target[], env: Environment, options: Options) {
  return (
    env['BACKEND_AUTH']?.trim() === 'google' &&
    targets.some(({ name }) => name === 'gateway') &&
    phasesOf(options.only, options.skip).has('backends')
  )
}

function toolNames(env: Environment): string[] {
  return [...parseCatalogue(env).keys()]
}
