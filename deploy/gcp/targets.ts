import { readFileSync } from 'node:fs'
import { ConfigError, type Environment } from '../../shared/config.ts'
import { functionNames, ROOT } from '../build/functions.ts'
import { entryPoint, isSecret } from './names.ts'

/** A function as it is to be: what it is given, and no more than it reads. */
export interface Target {
  readonly name: string
  readonly variables: Readonly<Record<string, string>>
  /** Values by variable name. */
  readonly secrets: Readonly<Record<string, string>>
}

/** A function's own check of its variables. */
export type ParseConfig = (env: Environment) => unknown

// Google's limit for all variables of a service together is 32 KiB.
const MAX_VARIABLES_BYTES = 32 * 1024 - 1024
/** Seconds; Hosting gives up after 60. */
export const FUNCTION_TIMEOUT_SECONDS = 58

/** The functions that this configuration calls for; `registration` serves curated metadata only. */
export function wantedFunctions(env: Environment): string[] {
  const curated = env['AUTH_SERVER_METADATA']?.trim() === 'curated'
  return functionNames().filter((name) => curated || name !== 'registration')
}

/** The `parse…Config` of a function's config.ts. */
export async function loadParser(name: string): Promise<ParseConfig> {
  const module: Record<string, unknown> = await import(`${ROOT}functions/${name}/config.ts`)
  const camel = entryPoint(name)
  const parse = module[`parse${camel.charAt(0).toUpperCase()}${camel.slice(1)}Config`]
  if (typeof parse !== 'function') throw new Error(`functions/${name}/config.ts has no parser`)
  return parse as ParseConfig
}

/**
 * What a function is to be given of `env`: the variables that its own parser asks for. A catalogue in
 * a file becomes its text, because the file is not uploaded.
 *
 * @throws ConfigError when the parser refuses them, or they are too large.
 */
export function targetOf(name: string, parse: ParseConfig, env: Environment): Target {
  const asked = new Set<string>()
  const recording = new Proxy<Environment>(env, {
    get: (target, variable) => {
      if (typeof variable === 'string') asked.add(variable)
      return Reflect.get(target, variable)
    },
  })
  parse(recording)
  const given = [...asked].sort().flatMap((variable) => {
    const value = env[variable]?.trim()
    if (!value) return []
    if (variable !== 'TOOLS_FILE') return [[variable, value] as const]
    return [['TOOLS', readFileSync(value, 'utf8')] as const]
  })
  const variables = Object.fromEntries(given.filter(([variable]) => !isSecret(variable)))
  if (Buffer.byteLength(JSON.stringify(variables)) > MAX_VARIABLES_BYTES) {
    throw new ConfigError([`TOOLS is too large: ${name}'s variables may have 31 KiB together`])
  }
  const secrets = Object.fromEntries(given.filter(([variable]) => isSecret(variable)))
  return { name, variables, secrets }
}

/**
 * The targets of all `names`.
 *
 * @throws ConfigError with the faults of all of them, each once.
 */
export async function readTargets(names: readonly string[], env: Environment): Promise<Target[]> {
  const faults = new Set<string>()
  const targets: Target[] = []
  for (const name of names) {
    try {
      targets.push(targetOf(name, await loadParser(name), env))
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
