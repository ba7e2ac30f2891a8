import { fileURLToPath } from 'node:url'
import type { Command, CommandIo } from '../../deploy/kit/command.ts'
import { parseCommandLine } from '../../deploy/kit/command-line.ts'
import type { CommandLine, Flag, OptionSpecs } from '../../deploy/kit/options.ts'

/** The file that Node.js runs. The name of the command is its first argument. */
export const CLI = fileURLToPath(new URL('../../deploy/cli.ts', import.meta.url))

/** The standard error of a process without progress lines, which depend on the machine's speed. */
export function withoutProgress(stderr: string): string {
  return stderr.replaceAll(/^\.\.\. .* \(\d+ s\)\n/gm, '')
}

/** Parses the command line of `command`, whose options are `Specs`. */
export function parsed<Specs extends OptionSpecs>(
  command: Command<CommandIo>,
  _: Specs,
  args: readonly string[],
): CommandLine<Specs & { readonly json: Flag }> {
  const line = parseCommandLine(command, args)
  if (line === 'help') throw new Error('the command line contains --help')
  return line as CommandLine<Specs & { readonly json: Flag }>
}
