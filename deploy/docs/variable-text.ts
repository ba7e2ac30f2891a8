/**
 * The documentation of a variable. `npm run docs` generates the table of docs/variables.md and
 * .env.yaml.sample from it. Texts may contain `code`.
 */
export interface VariableText {
  /** A phrase without a full stop, with the first letter as in the table. */
  readonly meaning: string
  /** The default value, literally or in words; absent = none. */
  readonly default?: string
  /** The value in the sample; absent = not in the sample. */
  readonly sample?: string
  /** Whether it is required by the functions that read it, and set in the sample. */
  readonly isRequired?: true
  /** A link from docs/variables.md to more documentation. */
  readonly more?: readonly [text: string, link: string]
}

/** The documentation of a variable that only commands read. */
export interface CommandVariableText extends VariableText {
  /** Markdown. */
  readonly usedBy: string
}
