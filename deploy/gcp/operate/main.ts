import { ConfigError, type Environment } from '../../../shared/config.ts'
import { createRun, type Run } from '../command.ts'
import { DeployError } from '../deploy-error.ts'
import { UsageError } from './options.ts'

export interface OperateDependencies {
  readonly run: Run
  readonly env: Environment
  readonly write: (text: string) => void
  readonly fetch: typeof fetch
}

/** Runs `status` or `rollback`; returns the exit code. Errors go to `writeError`. */
export async function operate(
  command: (args: readonly string[], dependencies: OperateDependencies) => Promise<number>,
  args: readonly string[],
  dependencies: OperateDependencies,
  writeError: (text: string) => void,
): Promise<number> {
  try {
    return await command(args, dependencies)
  } catch (error) {
    const isUsage = error instanceof UsageError
    if (!(isUsage || error instanceof DeployError || error instanceof ConfigError)) throw error
    writeError(`${error.message}\n`)
    return isUsage ? 2 : 1
  }
}

/** The same as this process. */
export async function operateAsProcess(
  command: (args: readonly string[], dependencies: OperateDependencies) => Promise<number>,
): Promise<void> {
  process.exitCode = await operate(
    command,
    process.argv.slice(2),
    {
      run: createRun(process.env),
      env: process.env,
      write: (text) => process.stdout.write(text),
      fetch,
    },
    (text) => process.stderr.write(text),
  )
}
