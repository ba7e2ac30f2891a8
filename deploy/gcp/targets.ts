import { variables as known } from '../../shared/config/variables.ts'
import { ConfigError, type Environment } from '../../shared/config.ts'
import { CATALOGUE_VARIABLES } from '../../shared/tools.ts'
import {
  backendSecrets,
  CATALOGUE_FILE,
  type CarriedCatalogue,
  catalogueFor,
} from '../build/catalogue.ts'
import { functionNames } from '../build/functions.ts'
import { functionConfig } from '../function-configs.ts'
import { isSecret } from './names.ts'
import { KEPT, withStandIns } from './secrets/kept.ts'

/** A function as it is to be: what it is given, and no more than it reads. */
export interface Target {
  readonly name: string
  readonly variables: Readonly<Record<string, string>>
  /** Values by variable name; KEPT = the one that Secret Manager has. */
  readonly secrets: Readonly<Record<string, string>>
  /** The secrets that the function can read, whether they are given or not. */
  readonly readable?: readonly string[] | undefined
  /** What it reads of the catalogue, for its source; undefined when it reads none. */
  readonly catalogue?: CarriedCatalogue | undefined
}

// Google's limit for all variables of a service together is 32 KiB; deploy adds one of its own.
const MAX_VARIABLES_BYTES = 32 * 1024 - 1024
const IN_SOURCE: ReadonlySet<string> = new Set(CATALOGUE_VARIABLES)
/** Seconds; Hosting gives up after 60. */
export const FUNCTION_TIMEOUT_SECONDS = 58

/** The functions that this configuration calls for; `registration` serves curated metadata only. */
export function wantedFunctions(env: Environment): string[] {
  const curated = env['AUTH_SERVER_METADATA']?.trim() === 'curated'
  return functionNames().filter((name) => curated || name !== 'registration')
}

/**
 * What a function is to be given of `env`: the variables that it declares, and for the gateway the
 * secrets that the catalogue names. The catalogue, in whatever form it is set, goes into the function's
 * source, and `TOOLS_FILE` names it there. `kept`: secrets that Secret Manager has and `env` does not.
 *
 * @throws ConfigError when the function's parser refuses them, or they are too large.
 */
export function targetOf(name: string, env: Environment, kept: readonly string[] = []): Target {
  const { variables: declared, parse } = functionConfig(name)
  parse(withStandIns(env, kept))
  const named = name === 'gateway' ? backendSecrets(env).named : []
  const read = [...declared, ...named].sort()
  const given = read.flatMap((variable) => {
    const value = kept.includes(variable) ? KEPT : env[variable]?.trim()
    return value && !IN_SOURCE.has(variable) ? [[variable, value] as const] : []
  })
  const catalogue = catalogueFor(name, env)
  const variables = {
    ...Object.fromEntries(given.filter(([variable]) => !isHidden(variable))),
    ...(catalogue && { TOOLS_FILE: CATALOGUE_FILE }),
  }
  checkSize(name, variables)
  const secrets = Object.fromEntries(given.filter(([variable]) => isHidden(variable)))
  const readable = read.filter(isHidden)
  return { name, variables, secrets, readable, catalogue }
}

/** What is read besides the known variables are secrets that `backendAuth` names. */
function isHidden(variable: string): boolean {
  return isSecret(variable) || !Object.hasOwn(known, variable)
}

function checkSize(name: string, variables: Target['variables']): void {
  const bytes = Buffer.byteLength(JSON.stringify(variables))
  if (bytes <= MAX_VARIABLES_BYTES) return
  const sizes = Object.entries(variables)
    .map(([variable, value]) => ({ variable, bytes: Buffer.byteLength(value) }))
    .sort((a, b) => b.bytes - a.bytes)
  const [largest] = sizes
  throw new ConfigError([
    `${largest?.variable} is too long (${kibibytes(largest?.bytes ?? 0)}): the variables of ${name} have ${kibibytes(bytes)}, and may have 31 KiB together. Shorten it; only the catalogue is deployed as a file and does not count`,
  ])
}

function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`
}

/**
 * The targets of all `names`.
 *
 * @throws ConfigError with the faults of all of them, each once.
 */
export function readTargets(
  names: readonly string[],
  env: Environment,
  kept: readonly string[] = [],
): Target[] {
  const faults = new Set<string>()
  const targets: Target[] = []
  for (const name of names) {
    try {
      targets.push(targetOf(name, env, kept))
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      for (const fault of error.faults) faults.add(fault)
    }
  }
  if (Number(env['BACKEND_TIMEOUT_MS'] ?? 0) >= FUNCTION_TIMEOUT_SECONDS * 1_000) {
    faults.add(
      `BACKEND_TIMEOUT_MS must be less than ${FUNCTION_TIMEOUT_SECONDS} s: Hosting ends a request after 60 s`,
    )
  }
  if (faults.size > 0) throw new ConfigError([...faults])
  return targets
}
