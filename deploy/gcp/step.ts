import { type Command, toShell } from './command.ts'

/** The parts of a deployment, in order; each can be run separately. */
export const PHASES = [
  'apis',
  'secrets',
  'functions',
  'backends',
  'hosting',
  'monitoring',
  'doctor',
] as const
export type Phase = (typeof PHASES)[number]

/** The parts that `npm run deploy` runs by default; the others require --only. */
export const DEFAULT_PHASES: readonly Phase[] = PHASES.filter((phase) => phase !== 'monitoring')

/** One command that changes something, as data: `--dry-run` prints it, `runSteps` runs it. */
export interface DeployStep {
  readonly phase: Phase
  /** What it does, as in "create the secret X". */
  readonly title: string
  /** May contain the placeholders VARIABLES_FILE and `newVersionOf` a secret. */
  readonly command: Command
  /** A secret for its standard input. `of` is printed, the value never. */
  readonly secret?: { readonly of: string; readonly value: string }
  /** Contents of VARIABLES_FILE; no secrets. */
  readonly variables?: Readonly<Record<string, string>>
  /** Its output contains the new version of this secret. */
  readonly addsVersionOf?: string
  /** The error that means that an earlier, interrupted run has already done this step. */
  readonly doneWhen?: RegExp
  /** Advice after a failure. */
  readonly hint?: string
  /** Consecutive steps with the same group run concurrently. */
  readonly group?: string | undefined
  /** The alternative for a known refusal. */
  readonly fallback?: Fallback | undefined
}

/** An alternative command for a known refusal. */
export interface Fallback {
  /** Matches the error of the refusal. */
  readonly refusal: RegExp
  /** What the alternative does, and why. */
  readonly title: string
  readonly command: Command
  /** The alternative if this command is refused, too. */
  readonly fallback?: Fallback | undefined
}

/** Google's error for the deletion of a resource that does not exist. */
export const ALREADY_DELETED = /NOT_FOUND|not found|status=\[404\]/i

/** Placeholder for the temporary file of a step's variables. */
export const VARIABLES_FILE = '<variables file>'

/** Returns the placeholder for the version of `secret` that an earlier step adds. */
export function newVersionOf(secret: string): string {
  return `<new version of ${secret}>`
}

/** A step for JSON output. Contains no secret values. */
export interface DescribedStep {
  readonly phase: Phase
  readonly title: string
  readonly command: string
}

export function toDescribed({ phase, title, command }: DeployStep): DescribedStep {
  return { phase, title, command: toShell(command) }
}

const MAX_VALUE_CHARACTERS = 60

/** Returns the step as text: the command, its input and the variables that it sets. */
export function describeStep({ title, command, secret, variables = {} }: DeployStep): string {
  const lines = Object.entries(variables).map(([name, value]) => `    ${name}: ${shorten(value)}`)
  const input = secret === undefined ? '' : `  < (value of ${secret.of}, not shown)`
  const file = lines.length > 0 ? [`  ${VARIABLES_FILE}:`, ...lines] : []
  return [`# ${title}`, `${toShell(command)}${input}`, ...file].join('\n')
}

function shorten(value: string): string {
  const line = JSON.stringify(value)
  return line.length > MAX_VALUE_CHARACTERS ? `${line.slice(0, MAX_VALUE_CHARACTERS)}…` : line
}
