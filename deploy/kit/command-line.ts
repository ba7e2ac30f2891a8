import { CommanderError, Option, Command as Program } from 'commander'
import { didYouMean } from '../../shared/nearest.ts'
import type { Command } from './command.ts'
import { UsageError } from './errors.ts'
import { COMMON_OPTIONS, type CommandLine, type OptionSpecs, type Values } from './options.ts'
import { PLAIN, type Style } from './style.ts'

type Spec = OptionSpecs[string]
type Described = Pick<
  Command<never>,
  'name' | 'summary' | 'arguments' | 'options' | 'details' | 'exitCodes'
>

const HELP_WIDTH = 100
const LIST = new Intl.ListFormat('en', { type: 'disjunction' })

/**
 * Parses a command line; returns 'help' for `--help`.
 *
 * @throws UsageError that names the unknown option or value; never quotes other values, which may be
 * tokens.
 */
export function parseCommandLine(
  command: Described,
  args: readonly string[],
): CommandLine<OptionSpecs> | 'help' {
  const program = createProgram(command, PLAIN)
  const specs = specsOf(command)
  // npm passes on the second `--` of `npm run deploy -- gateway -- --dry-run`.
  const given = args.filter((arg) => arg !== '--')
  try {
    program.parse(given, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.code === 'commander.helpDisplayed') return 'help'
    throw explain(error, specs)
  }
  const values = Object.entries(specs).map(
    ([name, spec]) => [name, readValue(name, spec, program, specs)] as const,
  )
  const max = command.arguments?.some(({ isVariadic }) => isVariadic)
    ? Number.POSITIVE_INFINITY
    : (command.arguments?.length ?? 0)
  if (program.args.length > max) throw new UsageError(tooMany(command, max))
  return {
    values: Object.fromEntries(values) as Values<OptionSpecs>,
    positionals: program.args,
    args: given,
  }
}

/** Returns the text of `--help`; its first line begins with `Usage:`. */
export function helpOf(command: Described, style: Style): string {
  const codes = Object.entries({ ...command.exitCodes, 2: 'usage error' })
  return [
    createProgram(command, style).helpInformation().trimEnd(),
    ...(command.details === undefined ? [] : [command.details.trim()]),
    `${style.bold('Exit code:')} ${codes.map(([code, text]) => `${code} ${text}`).join(', ')}`,
  ].join('\n\n')
}

/** Returns the first line of the help. */
export function usageOf(command: Described): string {
  return `Usage: npm run ${command.name} ${usageArguments(command)}`
}

function usageArguments({ arguments: known = [] }: Described): string {
  if (known.length === 0) return '[-- options]'
  const names = known.map(({ name, isRequired, isVariadic }) =>
    isRequired ? name : `[${name}${isVariadic ? '...' : ''}]`,
  )
  return `-- ${names.join(' ')} [options]`
}

function createProgram(command: Described, style: Style): Program {
  const program = new Program(`npm run ${command.name}`)
    .usage(usageArguments(command))
    .description(command.summary)
    .allowExcessArguments()
    .helpOption('-h, --help', 'print this text')
    .exitOverride()
    .configureOutput({
      writeOut: () => undefined,
      writeErr: () => undefined,
      getOutHelpWidth: () => HELP_WIDTH,
      getOutHasColors: () => style !== PLAIN,
    })
    .configureHelp({ styleTitle: style.bold, styleOptionTerm: style.cyan })
  for (const { name, text, isVariadic } of command.arguments ?? []) {
    program.argument(`[${name}${isVariadic ? '...' : ''}]`, text)
  }
  for (const [name, spec] of Object.entries(specsOf(command)))
    program.addOption(toOption(name, spec))
  return program
}

function specsOf({ options }: Described): OptionSpecs {
  return { ...options, ...COMMON_OPTIONS, ...('json' in options && { json: options['json'] }) }
}

function toOption(name: string, spec: Spec): Option {
  const { text, isHidden = false } = spec
  if (spec.type === 'boolean') return new Option(`--${name}`, text).hideHelp(isHidden)
  const { type, value, choices } = spec
  const flags = type === 'optional' ? `--${name} [${value}]` : `--${name} <${value}>`
  const shown = choices === undefined ? text : `${text}: ${choices.join(', ')}`
  const option = new Option(flags, shown).default(spec.default).hideHelp(isHidden)
  if (type !== 'list') return option
  return option.argParser((one: string, all: readonly string[] = []) => [...all, one])
}

/** Commander parses `--no-x` as the option `x` with the default true. */
function readValue(name: string, spec: Spec, program: Program, specs: OptionSpecs) {
  if (spec.type === 'boolean') {
    const isNegative = name.startsWith('no-')
    const read = program.getOptionValue(camelCase(isNegative ? name.slice(3) : name))
    return isNegative ? read === false : read === true
  }
  const read: unknown = program.getOptionValue(camelCase(name))
  const given = (Array.isArray(read) ? read : [read]).filter((one) => one !== undefined)
  for (const one of given) if (typeof one === 'string') checkValue(name, spec, one, specs)
  if (spec.type === 'list') return given
  return read === true ? '' : read
}

function checkValue(name: string, spec: Spec, value: string, specs: OptionSpecs): void {
  // If the value is the name of an option, the actual value is missing.
  if (value.startsWith('--') && value.slice(2) in specs) throw new UsageError(missing(name))
  const { choices } = 'choices' in spec ? spec : {}
  if (choices === undefined || choices.includes(value)) return
  throw new UsageError(
    `--${name} must be ${LIST.format(choices)}, not '${value}'.${didYouMean(value, choices)}`,
  )
}

function explain({ code, message }: CommanderError, specs: OptionSpecs): UsageError {
  // Quotes only the name, because the value may be a token.
  const option = /'(-[^'\s=]*)/.exec(message)?.[1] ?? ''
  if (code === 'commander.unknownOption') {
    const known = [...Object.keys(specs), 'help'].map((name) => `--${name}`)
    return new UsageError(`Unknown option '${option}'.${didYouMean(option, known)}`)
  }
  if (code === 'commander.optionMissingArgument') return new UsageError(missing(option.slice(2)))
  return new UsageError(message)
}

function missing(name: string): string {
  return `--${name} requires a value.`
}

function tooMany({ name, arguments: known = [] }: Described, max: number): string {
  if (max === 0) return `${name} accepts no arguments, only options.`
  return `Expected at most one ${known.map((one) => one.name).join(', one ')}.`
}

function camelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}
