import './schema-messages.ts'

import * as z from 'zod/mini'

/** Environment variables by name: `process.env`, or a literal in a test. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The configuration is invalid. `message` lists every fault, one line per variable, without the value of
 * a variable. Thrown only when a function or a command starts.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(`Configuration refused:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
    this.faults = faults
  }
}

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Returns whether the host name is loopback. Only loopback URLs may use http. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK_HOSTS.has(hostname)
}

/** Splits a comma-separated value. Trims the items and drops empty ones. */
export function splitList(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/**
 * Reads the variables of `shape` from `env`. An empty value counts as unset.
 *
 * @throws ConfigError with every fault of every variable at once.
 */
export function parseEnvironment<Shape extends z.core.$ZodShape>(
  shape: Shape,
  env: Environment,
): z.output<z.ZodMiniObject<Shape, z.core.$strip>> {
  const given = Object.fromEntries(
    Object.keys(shape).map((name) => [name, env[name]?.trim() || undefined]),
  )
  // Without `jitless`, zod compiles the schema, which does not pay for one use.
  const result = z.object(shape).safeParse(given, { jitless: true })
  if (result.success) return result.data as z.output<z.ZodMiniObject<Shape, z.core.$strip>>
  throw new ConfigError(
    result.error.issues.map((issue) => {
      const name = String(issue.path[0])
      // The schema of a variable may have its own "is required" message.
      const isBare = given[name] === undefined && !issue.message.startsWith('is required')
      return `${name} ${isBare ? 'is required' : issue.message}`
    }),
  )
}

/** Returns the names of the variables of `shape`, in order. */
export function namesOf<Shape extends z.core.$ZodShape>(
  shape: Shape,
): readonly (keyof Shape & string)[] {
  return Object.keys(shape) as (keyof Shape & string)[]
}

/**
 * Runs all checks and returns their results. Throws one ConfigError with the distinct faults of all of
 * them.
 */
export function collectFaults<const Checks extends readonly (() => unknown)[]>(
  checks: Checks,
): { [Index in keyof Checks]: ReturnType<Checks[Index]> } {
  const faults: string[] = []
  const results = checks.map((check) => {
    try {
      return check()
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      faults.push(...error.faults)
      return undefined
    }
  })
  if (faults.length > 0) throw new ConfigError([...new Set(faults)])
  return results as { [Index in keyof Checks]: ReturnType<Checks[Index]> }
}
