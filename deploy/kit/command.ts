import type { Environment } from '../../shared/config.ts'
import type { ArgumentSpec, CommandLine, OptionSpecs } from './options.ts'
import type { Style } from './style.ts'

/** The inputs and outputs of a command. */
export interface CommandIo {
  readonly args: readonly string[]
  readonly env: Environment
  readonly write: (text: string) => void
  readonly writeError: (text: string) => void
  /** Whether standard output supports colour; default false. */
  readonly hasColor?: boolean
  /** Reads all of standard input. */
  readonly readInput?: () => Promise<string>
  /** Sets the progress text; undefined = no progress is shown. */
  readonly doing?: (what: string | undefined) => void
  /** Adds the variables of the file in `--env-file` to the environment. */
  readonly withEnvFile?: (env: Environment, path: string) => Environment
  /** Returns how to create the file in `--env-file`; undefined if it exists. */
  readonly missingEnvFile?: (path: string) => string | undefined
}

/** The second argument of a command's `run`. */
export type Running<Io extends CommandIo = CommandIo> = Io & {
  readonly style: Style
  readonly doing: (what: string | undefined) => void
}

/** A command of the command line. */
export interface Command<Io extends CommandIo = CommandIo> {
  readonly name: string
  /** What it does, in one sentence. */
  readonly summary: string
  readonly arguments?: readonly ArgumentSpec[]
  readonly options: OptionSpecs
  /** The end of the help, before the exit codes. */
  readonly details?: string
  /** The meaning of 0 and 1; 2 is a usage error in every command. */
  readonly exitCodes: { readonly 0: string; readonly 1: string }
  /** Whether it reads variables from the file in `--env-file` that the environment does not set. */
  readonly readsEnvFile?: boolean
  /** The initial progress text, such as "Reading the tenant". */
  readonly progress?: string
  /** Runs the command; returns the exit code. */
  readonly start: (line: CommandLine<OptionSpecs>, io: Running<Io>) => Promise<number>
}

/** A command with `run` typed by its options. */
export interface Definition<Specs extends OptionSpecs, Io extends CommandIo>
  extends Omit<Command<Io>, 'options' | 'start'> {
  readonly options: Specs
  readonly run: (
    line: CommandLine<
      Specs & { readonly json: { readonly type: 'boolean'; readonly text: string } }
    >,
    io: Running<Io>,
  ) => Promise<number>
}

/** Erases the types of the options, so that all commands fit in one list. */
export function defineCommand<Specs extends OptionSpecs, Io extends CommandIo = CommandIo>({
  run,
  ...rest
}: Definition<Specs, Io>): Command<Io> {
  // The parser ensures that each value has the type of its option.
  const start = run as Command<Io>['start']
  return { ...rest, start }
}
