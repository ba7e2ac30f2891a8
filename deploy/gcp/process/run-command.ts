import '../../node-version.js'
import { ConfigError } from '../../../shared/config.ts'
import { createRun } from '../command.ts'
import { DeployError } from '../deploy-error.ts'
import type { Dependencies } from '../prepare.ts'

/** Runs one of the commands of this folder as this process: its arguments, environment and output. */
export async function runCommand(
  command: (args: readonly string[], dependencies: Dependencies) => Promise<void>,
): Promise<void> {
  try {
    await command(process.argv.slice(2), {
      env: process.env,
      run: createRun(process.env),
      write: (text) => process.stdout.write(text),
    })
  } catch (error) {
    if (!(error instanceof DeployError || error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
