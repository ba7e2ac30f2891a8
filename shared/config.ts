import './schema-messages.ts'

import * as z from 'zod/mini'

/** The environment as a composition root hands it over: the process's own or a literal in a test. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The start was refused. `message` lists every fault, one line per variable; a line never holds the
 * variable's value. Thrown only while a function or a command starts.
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

/** True for the host names of this machine, the only ones that plain http is accepted for. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK_HOSTS.has(hostname)
}

/** Splits a comma-separated value; blanks around items and empty items are dropped. */
export function splitList(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/**
 * Reads the variables of `shape` from `env`; an empty value counts as unset.
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
  // Used once: zod would compile it first.
  const result = z.object(shape).safeParse(given, { jitless: true })
  if (result.success) return result.data as z.output<z.ZodMiniObject<Shape, z.core.$strip>>
  throw new ConfigError(
    result.error.issues.map((issue) => {
      const name = String(issue.path[0])
      // A variable may say itself what else would do.
      const isBare = given[name] === undefined && !issue.message.startsWith('is required')
      return `${name} ${isBare ? 'is required' : issue.message}`
    }),
  )
}

/** The names of the variables of `shape`, in its order. */
export function namesOf<Shape extends z.core.$ZodShape>(
  shape: Shape,
): readonly (keyof Shape & string)[] {
  return Object.keys(shape) as (keyof Shape & string)[]
}

/** Runs several checks and throws one ConfigError with the faults of all of them, each once. */
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
