/**
 * The description of a variable. `npm run docs` generates the table of docs/variables.md and
 * .env.yaml.sample from it. Texts may contain `code`.
 */
export interface VariableText {
  /** The meaning: a phrase without a full stop, whose first letter is as in the table. */
  readonly meaning: string
  /** The default value, literally or in words; absent = there is no default. */
  readonly default?: string
  /** The value in the sample; absent = the sample does not have the variable. */
  readonly sample?: string
  /** The sample sets the variable, and the functions that use it do not start without it. */
  readonly isRequired?: true
  /** A link from docs/variables.md to further documentation, with its text. */
  readonly more?: readonly [text: string, link: string]
}

/** The description of a variable that only commands read. */
export interface CommandVariableText extends VariableText {
  /** The commands that read the variable, in Markdown. */
  readonly usedBy: string
}
