interface Described {
  /** One sentence or phrase of the help. */
  readonly text: string
}

/** An option that is on or off. */
export interface Flag extends Described {
  readonly type: 'boolean'
  /** Another name of an option, which the help leaves out. */
  readonly isHidden?: boolean
}

/** An option with a value. */
export interface Valued extends Described {
  /** `list` = may be given several times; `optional` = may stand without its value. */
  readonly type: 'string' | 'list' | 'optional'
  /** What stands for the value in the help. */
  readonly value: string
  readonly default?: string
  /** The values that it takes; any, if absent. */
  readonly choices?: readonly string[]
}

/** The options of a command by their long names, without the hyphens. */
export type OptionSpecs = Readonly<Record<string, Flag | Valued>>

/** What stands on the command line beside options. */
export interface ArgumentSpec extends Described {
  readonly name: string
  /** Any number of them. */
  readonly isVariadic?: boolean
}

/** The value of each option. One of type `optional` that stands alone is an empty string. */
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

/** A command line as it was understood. */
export interface CommandLine<Specs extends OptionSpecs> {
  readonly values: Values<Specs>
  readonly positionals: readonly string[]
  /** All of it, as it was typed. */
  readonly args: readonly string[]
}

/** The options that every command has. */
export const COMMON_OPTIONS = {
  json: { type: 'boolean', text: 'print one JSON document on standard output' },
  'no-color': { type: 'boolean', text: 'print without colour, as with NO_COLOR set' },
} as const satisfies OptionSpecs
