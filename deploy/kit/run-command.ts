import { ConfigError } from '../../shared/config.ts'
import type { Command, CommandIo, Running } from './command.ts'
import { helpOf, parseCommandLine, usageOf } from './command-line.ts'
import { CommandError, UsageError } from './errors.ts'
import { failureJson } from './json-result.ts'
import { checkNpmOptions } from './npm-options.ts'
import { createStyle } from './style.ts'
import { withToolsFilePath } from './tools-file-path.ts'

const STILL_A_PLACEHOLDER = ' is still a placeholder'

/**
 * Runs a command with its arguments and returns the exit code: 0 = done, 1 = failed or faults found,
 * 2 = usage error. With `--json`, a failure without a document prints `{"ok": false, "error"}`. Throws only
 * for bugs.
 */
export async function runCommand<Io extends CommandIo>(
  command: Command<Io>,
  given: Io,
): Promise<number> {
  let hasOutput = false
  const write = (text: string) => {
    hasOutput = true
    given.write(text)
  }
  const io: Io = { ...given, write }
  let { env } = io
  let envFile: string | undefined
  try {
    const line = parseCommandLine(command, io.args)
    if (line === 'help') {
      io.write(`${helpOf(command, createStyle(isColored(io)))}\n`)
      return 0
    }
    checkNpmOptions(command, io.args, io.env)
    const { withEnvFile = (given) => given, doing = () => undefined } = io
    const file = line.values['env-file']
    if (typeof file === 'string') envFile = file
    if (command.readsEnvFile && envFile) env = withEnvFile(env, envFile)
    const running: Running<Io> = { ...io, env, doing, style: createStyle(isColored(io)) }
    if (command.progress !== undefined) doing(command.progress)
    return await command.start(line, running)
  } catch (error) {
    if (error instanceof UsageError) {
      io.writeError(
        `${error.message}\n${usageOf(command)}\nFor all options: npm run ${command.name} -- --help\n`,
      )
      return 2
    }
    if (!(error instanceof CommandError || error instanceof ConfigError)) throw error
    const message = withToolsFilePath(
      explainError(error, envFile && io.missingEnvFile?.(envFile)),
      () => (envFile && io.withEnvFile ? io.withEnvFile(env, envFile) : env),
    )
    if (io.args.includes('--json') && !hasOutput) write(failureJson(message))
    io.writeError(`${message}\n`)
    return 1
  }
}

/**
 * Returns the message of an error. A configuration gets one line for each placeholder of the sample, and
 * first how to create its file, if that is missing.
 */
function explainError(error: Error, missingFile: string | undefined): string {
  if (!(error instanceof ConfigError)) return error.message
  const { faults } = error
  const unset = faults
    .filter((fault) => fault.endsWith(STILL_A_PLACEHOLDER))
    .map((fault) => fault.slice(0, -STILL_A_PLACEHOLDER.length))
  const isShown = (fault: string) =>
    fault.endsWith(STILL_A_PLACEHOLDER) || !unset.some((name) => fault.startsWith(`${name} `))
  const { message } = new ConfigError(faults.filter(isShown))
  const isNamed = !missingFile || message.includes(missingFile)
  return isNamed ? message : `${missingFile}\n${message}`
}

function isColored({ hasColor = false, args }: CommandIo): boolean {
  return hasColor && !args.includes('--no-color')
}
