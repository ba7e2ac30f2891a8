import { ConfigError, type Environment } from '../../shared/config.ts'
import type { ManagementFetchOptions } from '../../shared/management-fetch.ts'
import { operatorEnvironment } from '../env-file.ts'

/** What a command of an operator gets from the process that it is. */
export interface CommandIo {
  readonly args: readonly string[]
  readonly env: Environment
  readonly write: (text: string) => void
  readonly writeError: (text: string) => void
}

/** How such a command calls the Management API: an operator has more patience than a function. */
export const PATIENT: ManagementFetchOptions = {
  attemptTimeoutMs: 15_000,
  callTimeoutMs: 120_000,
  maxAttempts: 6,
}

/** Runs a command as this process, with the variables of .env.yaml where the environment has none. */
export async function runAsProcess(run: (io: CommandIo) => Promise<number>): Promise<void> {
  const exitCode = await exitCodeOf(run)
  // The auth0 package leaves timers behind that would keep the process waiting; what was written to
  // a pipe is out once this has been written too.
  process.stdout.write('', () => process.exit(exitCode))
}

async function exitCodeOf(run: (io: CommandIo) => Promise<number>): Promise<number> {
  const writeError = (text: string) => process.stderr.write(text)
  try {
    return await run({
      args: process.argv.slice(2),
      env: operatorEnvironment(process.env),
      write: (text) => process.stdout.write(text),
      writeError,
    })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    writeError(`${error.message}\n`)
    return 1
  }
}
