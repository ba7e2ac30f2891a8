import type { Environment } from '../../shared/config.ts'
import type { Command } from './command.ts'
import { UsageError } from './errors.ts'
import { COMMON_OPTIONS, type OptionSpecs } from './options.ts'

const PREFIX = 'npm_config_'
/**
 * The variables that npm 11 sets for options that it reads as its own: it expands the letters of a short
 * name (`--apply` as `-a -p -p -l -y`) and the beginning of a long one.
 */
const EXPANSIONS: Readonly<Record<string, readonly string[]>> = {
  apply: ['all', 'parseable', 'long', 'yes'],
  plan: ['all', 'parseable', 'long'],
  token: ['token_description'],
}

/** npm's own settings, which a machine may have for other reasons (`npm_config_include=dev`). */
const NPM_SETTINGS: readonly string[] = ['include', 'only']

/**
 * Checks that npm did not read an option of the command as its own, as in `npm run deploy --dry-run`. npm
 * then passes it in the environment instead of the arguments.
 *
 * Does not detect options whose values npm rejects (`--only`, `--include`), `--no-…` and `--verbose`: npm
 * passes nothing for them.
 *
 * @throws UsageError with the correct command line.
 */
export function checkNpmOptions(
  { name, options }: Pick<Command<never>, 'name' | 'options'>,
  args: readonly string[],
  env: Environment,
): void {
  const isSet = (variable: string) => Boolean(env[`${PREFIX}${variable}`])
  const isGiven = (option: string) =>
    args.some((arg) => arg === `--${option}` || arg.startsWith(`--${option}=`))
  const isTaken = (option: string) =>
    !NPM_SETTINGS.includes(option) &&
    (isSet(option.replaceAll('-', '_')) || (EXPANSIONS[option]?.every(isSet) ?? false))
  const specs: OptionSpecs = { ...options, ...COMMON_OPTIONS }
  const known = Object.entries(specs).flatMap(([option, spec]) => (spec.isHidden ? [] : [option]))
  // --dry-run is checked for every command, because its user expects that nothing changes.
  const taken = ['dry-run', ...known].find(isTaken)
  if (taken === undefined || isGiven(taken)) return
  const reason = `npm took --${taken} for itself.`
  if (!known.includes(taken)) {
    throw new UsageError(`${reason} npm run ${name} does not have this option.`)
  }
  const spec = options[taken]
  const value = spec === undefined || spec.type === 'boolean' ? '' : ` ${spec.value}`
  throw new UsageError(`${reason} Write: npm run ${name} -- --${taken}${value}`)
}
