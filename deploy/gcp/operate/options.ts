import { UsageError } from '../../kit/errors.ts'
import type { CommandLine, Flag, OptionSpecs } from '../../kit/options.ts'
import { PLACE_OPTIONS, unknownName } from '../options.ts'

/** The common options of `status` and `rollback`. */
export interface OperateOptions {
  readonly json: boolean
  readonly envFile: string
  readonly project: string | undefined
  readonly region: string | undefined
  readonly site: string | undefined
}

/** The options of `rollback`. */
export interface RollbackOptions extends OperateOptions {
  readonly apply: boolean
  /** Also roll back parts that the last deployment did not change. */
  readonly all: boolean
  /** Move the traffic back to the newest revision. */
  readonly toLatest: boolean
  /** Functions, and `hosting`. */
  readonly names: readonly string[]
  /** The original command-line arguments. */
  readonly args: readonly string[]
}

/** The options of `npm run status`. */
export const STATUS_OPTIONS = PLACE_OPTIONS

/** The options of `npm run rollback`. */
export const ROLLBACK_OPTIONS = {
  apply: { type: 'boolean', text: 'apply the rollback' },
  all: { type: 'boolean', text: 'also roll back parts that the last deployment did not change' },
  'to-latest': {
    type: 'boolean',
    text: 'move the traffic back to the newest revisions',
  },
  ...PLACE_OPTIONS,
} as const satisfies OptionSpecs

/** Converts the parsed command line of `status` to options. */
export function toStatusOptions({
  values,
}: CommandLine<typeof STATUS_OPTIONS & { readonly json: Flag }>): OperateOptions {
  const { json, project, region, site } = values
  return { json, envFile: values['env-file'], project, region, site }
}

/**
 * Converts the parsed command line of `rollback` to options.
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
    throw new UsageError('--all and names cannot be combined.')
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
