import { ConfigError } from '../../shared/config.ts'
import type { Command, CommandIo, Running } from './command.ts'
import { helpOf, parseCommandLine, usageOf } from './command-line.ts'
import { CommandError, UsageError } from './errors.ts'
import { createStyle } from './style.ts'
import { withToolsFilePath } from './tools-file-path.ts'

/**
 * Runs a command with its arguments and returns the exit code: 0 = done, 1 = failed or faults found,
 * 2 = usage error. Throws only for bugs.
 */
export async function runCommand<Io extends CommandIo>(
  command: Command<Io>,
  io: Io,
): Promise<number> {
  let { env } = io
  try {
    const line = parseCommandLine(command, io.args)
    if (line === 'help') {
      io.write(`${helpOf(command, createStyle(isColored(io)))}\n`)
      return 0
    }
    const { withEnvFile = (given) => given, doing = () => undefined } = io
    if (command.readsEnvFile) env = withEnvFile(env)
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
    io.writeError(`${withToolsFilePath(error.message, env)}\n`)
    return 1
  }
}

function isColored({ hasColor = false, args }: CommandIo): boolean {
  return hasColor && !args.includes('--no-color')
}
