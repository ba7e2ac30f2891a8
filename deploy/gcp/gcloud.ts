import { availableParallelism } from 'node:os'
import { asObject } from '../../shared/json.ts'
import type { Finished, Run } from './command.ts'
import { DeployError, NotInstalledError } from './deploy-error.ts'
import type { Json } from './json.ts'

/** Reads resources with gcloud. */
export interface Gcloud {
  /**
   * Returns the resource that `gcloud ...args` describes; undefined if it does not exist.
   *
   * @throws DeployError with gcloud's message for any other failure.
   */
  readonly describe: (...args: string[]) => Promise<Json | undefined>
  /** Returns the resources that `gcloud ...args` lists. Throws like `describe`. */
  readonly list: (...args: string[]) => Promise<readonly Json[]>
}

export const NOT_INSTALLED = 'gcloud is not installed: https://cloud.google.com/sdk/docs/install'
const NOT_FOUND = /NOT_FOUND|not found|status=\[404\]|Cannot find/i

/** A read takes a second of CPU time, mostly to start Python, so more processes would not be faster. */
const MAX_CONCURRENT = Math.max(2, availableParallelism())

export function createGcloud(run: Run): Gcloud {
  const limit = createLimiter(MAX_CONCURRENT)
  const read = async (args: readonly string[]): Promise<unknown> => {
    const command = ['gcloud', ...args, '--format=json', '--quiet'] as const
    const finished = await limit(() => run(command))
    if (finished.code === 127) throw new NotInstalledError(NOT_INSTALLED)
    if (finished.code !== 0) {
      if (NOT_FOUND.test(finished.stderr)) return undefined
      throw new DeployError(`gcloud ${args.slice(0, 3).join(' ')}: ${errorOutput(finished)}`)
    }
    return finished.stdout.trim() === '' ? undefined : JSON.parse(finished.stdout)
  }
  return {
    describe: async (...args) => {
      const value = asObject(await read(args)) ?? {}
      return Object.keys(value).length > 0 ? value : undefined
    },
    list: async (...args) => {
      const value = await read(args)
      return Array.isArray(value) ? value : []
    },
  }
}

/** Limits concurrent calls to `max`; further calls wait in order. */
function createLimiter(max: number): <Value>(use: () => Promise<Value>) => Promise<Value> {
  const waiting: (() => void)[] = []
  let unusedNames = max
  return async (use) => {
    if (unusedNames > 0) unusedNames--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await use()
    } finally {
      const next = waiting.shift()
      if (next === undefined) unusedNames++
      else next()
    }
  }
}

/** Returns the last output of a failed command, at most 20 lines. */
export function errorOutput({ code, stderr, stdout }: Finished): string {
  const lines = (stderr.trim() || stdout.trim()).split('\n')
  return lines.slice(-20).join('\n') || `exit code ${code}`
}

/** Returns the warnings of a successful command, each up to the next blank line. */
export function warningsOf({ stderr }: Finished): string[] {
  const warnings = stderr.match(/^WARNING:[^\n]*(?:\n(?!WARNING:)[^\n]*\S[^\n]*)*/gm) ?? []
  return warnings.map((warning) => warning.trim().replaceAll('\n', '\n    '))
}
