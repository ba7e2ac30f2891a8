interface Described {
  /** One sentence or phrase of the help. */
  readonly text: string
  /** Whether the help omits it. */
  readonly isHidden?: boolean
}

/** A boolean option. */
export interface Flag extends Described {
  readonly type: 'boolean'
}

/** An option with a value. */
export interface Valued extends Described {
  /** `list` = repeatable; `optional` = the value may be omitted. */
  readonly type: 'string' | 'list' | 'optional'
  /** Placeholder for the value in the help. */
  readonly value: string
  readonly default?: string
  /** The allowed values; absent = any. */
  readonly choices?: readonly string[]
}

/** The options of a command by their long names, without the hyphens. */
export type OptionSpecs = Readonly<Record<string, Flag | Valued>>

/** A positional argument. */
export interface ArgumentSpec extends Described {
  /** In capitals, as in the help. */
  readonly name: string
  readonly isRequired?: boolean
  /** Whether it may be repeated. */
  readonly isVariadic?: boolean
}

/** The value of each option. An `optional` option without a value is an empty string. */
export type Values<Specs extends OptionSpecs> = {
  readonly [Name in keyof Specs]: ValueOf<Specs[Name]>
}

type ValueOf<Spec> = Spec extends { readonly type: 'boolean' }
  ? boolean
  : Spec extends { readonly type: 'list' }
    ? readonly string[]
    : Spec extends { readonly choices: readonly (infer Choice extends string)[] }
      ? Choice | undefined
      : Spec extends { readonly default: string }
        ? string
        : string | undefined

/** A parsed command line. */
export interface CommandLine<Specs extends OptionSpecs> {
  readonly values: Values<Specs>
  readonly positionals: readonly string[]
  /** The original arguments. */
  readonly args: readonly string[]
}

/** The options of every command. */
export const COMMON_OPTIONS = {
  json: { type: 'boolean', text: 'print one JSON document on standard output' },
  'no-color': { type: 'boolean', text: 'print without colour, like NO_COLOR' },
} as const satisfies OptionSpecs
