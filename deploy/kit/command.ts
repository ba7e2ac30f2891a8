import type { Environment } from '../../shared/config.ts'
import type { ArgumentSpec, CommandLine, OptionSpecs } from './options.ts'
import type { Style } from './style.ts'

/** What a command gets from the process that it runs in. */
export interface CommandIo {
  readonly args: readonly string[]
  readonly env: Environment
  readonly write: (text: string) => void
  readonly writeError: (text: string) => void
  /** Whether standard output shows colour; by default it does not. */
  readonly hasColor?: boolean
  /** The whole standard input. */
  readonly readInput?: () => Promise<string>
  /** Says what the command waits for; undefined = for nothing that ends by itself. */
  readonly doing?: (what: string | undefined) => void
  /** Adds the variables of .env.yaml to those of the environment. */
  readonly withEnvFile?: (env: Environment) => Environment
}

/** What `run` of a command gets. */
export type Running<Io extends CommandIo = CommandIo> = Io & {
  readonly style: Style
  readonly doing: (what: string | undefined) => void
}

/** A command of the command line. */
export interface Command<Io extends CommandIo = CommandIo> {
  readonly name: string
  /** One sentence: what it does. */
  readonly summary: string
  /** What follows `npm run <name>` in the first line of the help. */
  readonly usage: string
  readonly arguments?: readonly ArgumentSpec[]
  readonly options: OptionSpecs
  /** The end of the help, before the exit codes. */
  readonly details?: string
  /** What 0 and 1 mean; 2 is wrong usage in every command. */
  readonly exitCodes: { readonly 0: string; readonly 1: string }
  /** Whether it takes variables from .env.yaml that the environment does not set. */
  readonly readsEnvFile?: boolean
  /** What it waits for at first, as progress shows it: "Reading the tenant". */
  readonly progress?: string
  /** Runs it; returns the exit code. */
  readonly start: (line: CommandLine<OptionSpecs>, io: Running<Io>) => Promise<number>
}

/** A command whose `run` takes the values of exactly its options. */
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

/** Closes over the types of the options, so that commands of all kinds stand in one list. */
export function defineCommand<Specs extends OptionSpecs, Io extends CommandIo = CommandIo>({
  run,
  ...rest
}: Definition<Specs, Io>): Command<Io> {
  // The parser gives each option the type that its definition has.
  const start = run as Command<Io>['start']
  return { ...rest, start }
}
