import { collectFaults, type Environment, variables } from '../../shared/config.ts'
import { parseCatalogue } from '../../shared/tools.ts'
import { buildFunction } from '../build/build.ts'
import { describeCatalogue, describeWarnings, writeCatalogue } from '../build/catalogue.ts'
import { readEnvFile } from '../env-file.ts'
import { guessBackends, readBackends } from './backends.ts'
import type { Run } from './command.ts'
import { DeployError } from './deploy-error.ts'
import { digestOf } from './digest.ts'
import { createGcloud } from './gcloud.ts'
import { readLiveRelease, type Site, writeSite } from './hosting.ts'
import type { Options } from './options.ts'
import { type Deployment, phasesOf } from './plan.ts'
import type { BuiltTarget } from './plan-functions.ts'
import { checkOwnership } from './preflight.ts'
import { gcpVariables, readSettings, type Settings } from './settings.ts'
import { EMPTY, readState } from './state.ts'
import { readTargets, type Target, wantedFunctions } from './targets.ts'

/** What the person asks for, checked as far as this machine can. */
export interface Wanted {
  readonly env: Environment
  readonly settings: Settings
  readonly targets: readonly Target[]
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
  const names = options.functions.length > 0 ? options.functions : wantedFunctions(file)
  const [settings, targets] = await Promise.allSettled([
    readSettings({ flags: options, env, file }, run),
    readTargets(names, file),
  ])
  const [checkedSettings, checkedTargets] = collectFaults([
    () => settled(settings),
    () => settled(targets),
  ])
  const known = { ...variables, ...gcpVariables }
  const unknown = Object.keys(file).filter((name) => !(name in known))
  return { env: file, settings: checkedSettings, targets: checkedTargets, unknown }
}

function settled<Value>(result: PromiseSettledResult<Value>): Value {
  if (result.status === 'fulfilled') return result.value
  throw result.reason
}

/** Builds what is to be deployed, with the catalogue in it, and tells where that is. */
export async function buildTargets(
  targets: readonly Target[],
  dist: string,
  { build = buildFunction, write }: Dependencies,
): Promise<BuiltTarget[]> {
  const built = await Promise.all(
    targets.map(async (target) => ({ ...target, ...(await build(target.name, dist)) })),
  )
  // All functions have the same catalogue.
  write(describeWarnings(targets[0]?.catalogue?.warnings ?? []))
  return built.map((target) => {
    const { catalogue, directory } = target
    if (catalogue !== undefined) {
      const path = writeCatalogue(directory, catalogue)
      write(`The catalogue for ${target.name}: ${path} (${describeCatalogue(catalogue)})\n`)
    }
    return { ...target, digest: digestOf(directory) }
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
  { run, write }: Dependencies,
): Promise<Deployment> {
  const { settings, env } = wanted
  const gcloud = createGcloud(run)
  const site = siteOf(wanted, targets, options)
  const live =
    site &&
    (await readLiveRelease(site, settings, run).catch((error: unknown) => {
      // A dry run releases nothing.
      if (!options.dryRun || !(error instanceof DeployError)) throw error
      write(`${error.message}\n`)
      return undefined
    }))
  const functions = targets.map(({ name }) => name)
  const secrets = [...new Set(targets.flatMap((target) => Object.keys(target.secrets)))]
  const state = await readState(settings, { functions, secrets }, gcloud)
  if (!options.adopt) checkOwnership(targets, state, settings)
  const backends = callsPrivateBackends(targets, env, options)
    ? await readBackends(env['FUNCTIONS_BASE'] ?? '', toolNames(env), settings, gcloud, (message) =>
        write(`${message}\nOnce that is mended: npm run deploy -- --only=backends\n`),
      )
    : []
  return { settings, targets, state, backends, site: site && { site, live } }
}

/** The plan's ground where nothing can be read: a project in which nothing is. */
export function emptyDeployment(
  wanted: Wanted,
  targets: readonly BuiltTarget[],
  options: Options,
): Deployment {
  const site = siteOf(wanted, targets, options)
  const { settings, env } = wanted
  const backends = callsPrivateBackends(targets, env, options)
    ? guessBackends(env['FUNCTIONS_BASE'] ?? '', toolNames(env), settings)
    : []
  return { settings, targets, state: EMPTY, backends, site: site && { site, live: undefined } }
}

/** Hosting goes with all functions, not with some. */
function siteOf(
  { settings }: Wanted,
  targets: readonly BuiltTarget[],
  options: Options,
): Site | undefined {
  const isAsked = phasesOf(options.only, options.skip).has('hosting')
  if (!isAsked || options.functions.length > 0) return undefined
  const functions = targets.map(({ name }) => name)
  return writeSite(functions, settings.region, options.dist)
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
