import { variables } from '../../shared/config/variables.ts'
import { collectFaults, type Environment } from '../../shared/config.ts'
import { buildFunction } from '../build/build.ts'
import { describeCatalogue, describeWarnings, writeCatalogue } from '../build/catalogue.ts'
import { readEnvFile } from '../env-file.ts'
import type { Run } from './command.ts'
import type { Options } from './options.ts'
import type { BuiltTarget } from './plan/functions.ts'
import { phasesOf } from './plan/plan.ts'
import { settled } from './reading/settled.ts'
import { givenSecrets, isOptionalSecret, secretNames, withStandIns } from './secrets/kept.ts'
import { gcpVariables, readSettings, type Settings } from './settings.ts'
import { readCommit, writeBuildInfo } from './source/build-info.ts'
import { digestOf } from './source/digest.ts'
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
  const named = secretNames(file)
  const absent = named.filter((name) => !(name in secrets) && !(name in file))
  const given = { ...file, ...secrets }
  const names = options.functions.length > 0 ? options.functions : wantedFunctions(file)
  const isServed = phasesOf(options.only, options.skip).has('hosting')
  const required = absent.filter((name) => !isOptionalSecret(name))
  const [reading] = await Promise.allSettled([
    readSettings({ flags: options, env, file }, run, isServed),
  ])
  const [settings, targets] = collectFaults([
    () => settled(reading),
    () => readTargets(names, withStandIns(given, required)),
  ])
  const known = { ...variables, ...gcpVariables }
  const unknown = Object.keys(file).filter((name) => !(name in known) && !named.includes(name))
  return { env: given, settings, targets, absent, unknown }
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
