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
import { KEEP_STORED, withPlaceholders } from './secrets/given.ts'

/** The desired variables and secrets of a function, limited to those that it reads. */
export interface Target {
  readonly name: string
  readonly variables: Readonly<Record<string, string>>
  /** Values by variable name; KEEP_STORED = keep the version in Secret Manager. */
  readonly secrets: Readonly<Record<string, string>>
  /** All secrets that the function can read, given or not. */
  readonly readable?: readonly string[] | undefined
  /** The part of the catalogue that is deployed with its source; undefined = none. */
  readonly catalogue?: CarriedCatalogue | undefined
}

// Google limits all variables of a service to 32 KiB in total; deploy adds one variable itself.
const MAX_VARIABLES_BYTES = 32 * 1024 - 1024
const IN_SOURCE: ReadonlySet<string> = new Set(CATALOGUE_VARIABLES)
/** Seconds; Hosting's limit is 60. */
export const FUNCTION_TIMEOUT_SECONDS = 58

/** Returns the names of the configured functions; `registration` requires curated metadata. */
export function configuredFunctions(env: Environment): string[] {
  const curated = env['AUTH_SERVER_METADATA']?.trim() === 'curated'
  return functionNames().filter((name) => curated || name !== 'registration')
}

/**
 * Returns a function's target: the variables that it declares, and for the gateway the secrets that the
 * catalogue names. The catalogue is deployed as a file with the source, and `TOOLS_FILE` names it.
 * `kept`: secrets that are in Secret Manager and not in `env`.
 *
 * @throws ConfigError if the function's parser rejects the variables, or they are too large.
 */
export function createTarget(name: string, env: Environment, kept: readonly string[] = []): Target {
  const { variables: declared, parse } = functionConfig(name)
  parse(withPlaceholders(env, kept))
  const named = name === 'gateway' ? backendSecrets(env).named : []
  const read = [...declared, ...named].sort()
  const given = read.flatMap((variable) => {
    const value = kept.includes(variable) ? KEEP_STORED : env[variable]?.trim()
    return value && !IN_SOURCE.has(variable) ? [[variable, value] as const] : []
  })
  const catalogue = catalogueFor(name, env)
  const variables = {
    ...Object.fromEntries(given.filter(([variable]) => !isSecretVariable(variable))),
    ...(catalogue && { TOOLS_FILE: CATALOGUE_FILE }),
  }
  checkSize(name, variables)
  const secrets = Object.fromEntries(given.filter(([variable]) => isSecretVariable(variable)))
  const readable = read.filter(isSecretVariable)
  return { name, variables, secrets, readable, catalogue }
}

/** A variable that is not a known one is a secret that `backendAuth` names. */
function isSecretVariable(variable: string): boolean {
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
    `${largest?.variable} is too long (${formatKibibytes(largest?.bytes ?? 0)}): the variables of ${name} total ${formatKibibytes(bytes)}, and the limit is 31 KiB. Shorten it; only the catalogue is deployed as a file and does not count`,
  ])
}

function formatKibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`
}

/**
 * Returns the targets of `names`.
 *
 * @throws ConfigError that lists the faults of all targets without duplicates.
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
      targets.push(createTarget(name, env, kept))
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
