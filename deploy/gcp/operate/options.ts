import { UsageError } from '../../kit/errors.ts'
import type { CommandLine, Flag, OptionSpecs } from '../../kit/options.ts'
import { PLACE_OPTIONS, unknownName } from '../options.ts'

/** What `status` and `rollback` have in common. */
export interface OperateOptions {
  readonly json: boolean
  readonly envFile: string
  readonly project: string | undefined
  readonly region: string | undefined
  readonly site: string | undefined
}

/** What `rollback` is asked for. */
export interface RollbackOptions extends OperateOptions {
  readonly apply: boolean
  /** Roll back what the last deployment has not changed, too. */
  readonly all: boolean
  /** Give the traffic back to the newest revision. */
  readonly toLatest: boolean
  /** Functions, and `hosting`. */
  readonly names: readonly string[]
  /** The command line as it was typed. */
  readonly args: readonly string[]
}

/** The options of `npm run status`. */
export const STATUS_OPTIONS = PLACE_OPTIONS

/** The options of `npm run rollback`. */
export const ROLLBACK_OPTIONS = {
  apply: { type: 'boolean', text: 'do it' },
  all: { type: 'boolean', text: 'also what the last deployment has not changed' },
  'to-latest': {
    type: 'boolean',
    text: 'the other way: give the traffic to the newest revisions again',
  },
  ...PLACE_OPTIONS,
} as const satisfies OptionSpecs

/** What the command line asks `status` for. */
export function toStatusOptions({
  values,
}: CommandLine<typeof STATUS_OPTIONS & { readonly json: Flag }>): OperateOptions {
  const { json, project, region, site } = values
  return { json, envFile: values['env-file'], project, region, site }
}

/**
 * What the command line asks `rollback` for.
 *
 * @throws UsageError that names an unknown part.
 */
export function toRollbackOptions(
  line: CommandLine<typeof ROLLBACK_OPTIONS & { readonly json: Flag }>,
  known: readonly string[],
): RollbackOptions {
  const { values, positionals, args } = line
  for (const name of positionals) {
    if (!known.includes(name)) throw new UsageError(unknownName('part', name, known))
  }
  if (values.all && positionals.length > 0) {
    throw new UsageError('--all and names exclude each other.')
  }
  return {
    ...toStatusOptions(line),
    apply: values.apply,
    all: values.all,
    toLatest: values['to-latest'],
    names: [...new Set(positionals)],
    args,
  }
}
