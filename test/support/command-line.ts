import { fileURLToPath } from 'node:url'
import type { Command, CommandIo } from '../../deploy/kit/command.ts'
import { parseCommandLine } from '../../deploy/kit/command-line.ts'
import type { CommandLine, Flag, OptionSpecs } from '../../deploy/kit/options.ts'

/** The file that Node runs; the name of the command follows it. */
export const CLI = fileURLToPath(new URL('../../deploy/cli.ts', import.meta.url))

/** What a process wrote to standard error beside its progress, which depends on the machine's speed. */
export function withoutProgress(stderr: string): string {
  return stderr.replaceAll(/^\.\.\. .* \(\d+ s\)\n/gm, '')
}

/** A command line as `command`, which has the options `Specs`, is given it. */
export function parsed<Specs extends OptionSpecs>(
  command: Command<CommandIo>,
  _: Specs,
  args: readonly string[],
): CommandLine<Specs & { readonly json: Flag }> {
  const line = parseCommandLine(command, args)
  if (line === 'help') throw new Error('the command line asks for the help')
  return line as CommandLine<Specs & { readonly json: Flag }>
}
