import { availableParallelism } from 'node:os'
import { asObject } from '../../shared/json.ts'
import type { Finished, Run } from './command.ts'
import { DeployError, NotInstalledError } from './deploy-error.ts'
import type { Json } from './json.ts'

/** Reads with gcloud. */
export interface Gcloud {
  /**
   * What `gcloud ...args` describes; undefined when there is none.
   *
   * @throws DeployError with gcloud's own words when it fails for another reason.
   */
  readonly describe: (...args: string[]) => Promise<Json | undefined>
  /** What `gcloud ...args` lists. Throws as `describe` does. */
  readonly list: (...args: string[]) => Promise<readonly Json[]>
}

export const NOT_INSTALLED = 'gcloud is not installed: https://cloud.google.com/sdk/docs/install'
const NOT_FOUND = /NOT_FOUND|not found|status=\[404\]|Cannot find/i

/** A read takes a second of CPU time, most of it to start Python: more at once only slow each other. */
const AT_ONCE = Math.max(2, availableParallelism())

export function createGcloud(run: Run): Gcloud {
  const turn = createTurns(AT_ONCE)
  const read = async (args: readonly string[]): Promise<unknown> => {
    const command = ['gcloud', ...args, '--format=json', '--quiet'] as const
    const finished = await turn(() => run(command))
    if (finished.code === 127) throw new NotInstalledError(NOT_INSTALLED)
    if (finished.code !== 0) {
      if (NOT_FOUND.test(finished.stderr)) return undefined
      throw new DeployError(`gcloud ${args.slice(0, 3).join(' ')}: ${reasonOf(finished)}`)
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

/** Lets `most` run at the same time; the others wait in the order of their calls. */
function createTurns(most: number): <Value>(use: () => Promise<Value>) => Promise<Value> {
  const waiting: (() => void)[] = []
  let free = most
  return async (use) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await use()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
}

/** Why a command failed, in its own words: what it wrote last, 20 lines at most. */
export function reasonOf({ code, stderr, stdout }: Finished): string {
  const lines = (stderr.trim() || stdout.trim()).split('\n')
  return lines.slice(-20).join('\n') || `exit code ${code}`
}

/** The warnings of a command that succeeded: each from its word to the next blank line. */
export function warningsOf({ stderr }: Finished): string[] {
  const warnings = stderr.match(/^WARNING:[^\n]*(?:\n(?!WARNING:)[^\n]*\S[^\n]*)*/gm) ?? []
  return warnings.map((warning) => warning.trim().replaceAll('\n', '\n    '))
}
