/**
 * What people have to know of a variable. `npm run docs` makes the table of docs/variables.md and
 * .env.yaml.sample of it. Texts may have `code`.
 */
export interface VariableText {
  /** What it is: a phrase without a full stop, first letter as it stands in the table. */
  readonly meaning: string
  /** The value where it is not set, as it is written or in words; absent = there is none. */
  readonly default?: string
  /** The value in the sample; absent = the sample does not have it. */
  readonly sample?: string
  /** The sample sets it, and the functions that use it need it. */
  readonly isRequired?: true
  /** Where docs/ says more: a link from docs/variables.md, and its text. */
  readonly more?: readonly [text: string, link: string]
}

/** Of a variable that commands read, and no function. */
export interface CommandVariableText extends VariableText {
  /** Markdown. */
  readonly usedBy: string
}
