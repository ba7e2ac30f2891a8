import { variables } from '../../shared/config/variables.ts'
import { collectFaults, type Environment } from '../../shared/config.ts'
import { buildFunction } from '../build/build.ts'
import { describeCatalogue, describeWarnings, writeCatalogue } from '../build/catalogue.ts'
import { readEnvFile } from '../env-file.ts'
import { localToolWarnings, publicUrlWarnings } from './checks/public-urls.ts'
import type { Run } from './command.ts'
import type { Options } from './options.ts'
import type { BuiltTarget } from './plan/functions.ts'
import { phasesOf } from './plan/plan.ts'
import { settled } from './reading/settled.ts'
import { givenSecrets, isOptionalSecret, secretNames, withPlaceholders } from './secrets/given.ts'
import { gcpVariables, readSettings, type Settings } from './settings.ts'
import { readCommit, writeBuildInfo } from './source/build-info.ts'
import { digestOf } from './source/digest.ts'
import { configuredFunctions, readTargets, type Target } from './targets.ts'

/** The requested deployment, validated locally. */
export interface DesiredDeployment {
  /** The variables of the file and the secrets of the environment. */
  readonly env: Environment
  readonly settings: Settings
  readonly targets: readonly Target[]
  /** Secrets without a given value; Secret Manager may have them. */
  readonly absent: readonly string[]
  /** Variables of the file that no function or command reads. */
  readonly unknown: readonly string[]
  /** URLs that clients or the gateway can probably not reach. */
  readonly warnings: readonly string[]
}

export interface Dependencies {
  readonly run: Run
  /** The environment of the command. */
  readonly env: Environment
  readonly write: (text: string) => void
  /** Builds one function into a directory. */
  readonly build?: typeof buildFunction
}

/** @throws ConfigError that lists every fault of the file, the settings and all functions. */
export async function readDesiredDeployment(
  options: Options,
  { run, env }: Dependencies,
): Promise<DesiredDeployment> {
  const file = readEnvFile(options.envFile)
  const secrets = givenSecrets(env, file)
  const named = secretNames(file)
  const absent = named.filter((name) => !(name in secrets) && !(name in file))
  const given = { ...file, ...secrets }
  const names = options.functions.length > 0 ? options.functions : configuredFunctions(file)
  const isServed = phasesOf(options.only, options.skip).has('hosting')
  const required = absent.filter((name) => !isOptionalSecret(name))
  const [reading] = await Promise.allSettled([
    readSettings({ flags: options, env, file }, run, isServed),
  ])
  const [settings, targets] = collectFaults([
    () => settled(reading),
    () => readTargets(names, withPlaceholders(given, required)),
  ])
  const known = { ...variables, ...gcpVariables }
  const unknown = Object.keys(file).filter((name) => !(name in known) && !named.includes(name))
  const urls = targets.flatMap(({ catalogue }) => catalogue?.urls ?? [])
  const warnings = [...publicUrlWarnings(given), ...localToolWarnings(urls)]
  return { env: given, settings, targets, absent, unknown, warnings }
}

/** Builds the targets with their catalogue. Prints where the catalogue was written. */
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
      write(`Catalogue of ${target.name}: ${path} (${describeCatalogue(catalogue)})\n`)
    }
    const digest = digestOf(directory)
    writeBuildInfo(directory, commit)
    return { ...target, digest }
  })
}
