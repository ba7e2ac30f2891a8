import { type Command, toShell } from './command.ts'

/** The parts of a deployment, in order; each can be run alone. */
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

/** The parts that `npm run deploy` has by itself; the others only when --only names them. */
export const DEFAULT_PHASES: readonly Phase[] = PHASES.filter((phase) => phase !== 'monitoring')

/** One command that changes something, as data: `--dry-run` prints it, `runSteps` carries it out. */
export interface Step {
  readonly phase: Phase
  /** What it does, as in "create the secret X". */
  readonly title: string
  /** May hold placeholders: VARIABLES_FILE, and `newVersionOf` a secret. */
  readonly command: Command
  /** A secret that goes to its standard input. `of` is printed, the value never. */
  readonly secret?: { readonly of: string; readonly value: string }
  /** Contents of VARIABLES_FILE; no secrets. */
  readonly variables?: Readonly<Record<string, string>>
  /** Its output names the new version of this secret. */
  readonly addsVersionOf?: string
  /** Words with which it fails where its work is done already, as by an earlier run that was ended. */
  readonly doneWhen?: RegExp
  /** What to do when it fails. */
  readonly hint?: string
  /** Steps that follow each other with the same value run at the same time. */
  readonly group?: string | undefined
  /** Runs in its place when it fails with these words. */
  readonly fallback?: Fallback | undefined
}

/** Another way to the same end, for a known refusal. */
export interface Fallback {
  /** What the refusal says. */
  readonly refusal: RegExp
  /** What is done instead, and why. */
  readonly title: string
  readonly command: Command
  /** Where that is refused, too. */
  readonly fallback?: Fallback | undefined
}

/** What Google says where what is to be deleted is gone. */
export const GONE = /NOT_FOUND|not found|status=\[404\]/i

/** Stands for the temporary file of a step's variables. */
export const VARIABLES_FILE = '<variables file>'

/** Stands for the version of `secret` that an earlier step adds. */
export function newVersionOf(secret: string): string {
  return `<new version of ${secret}>`
}

/** A step for machines: no value of a secret is among it. */
export interface DescribedStep {
  readonly phase: Phase
  readonly title: string
  readonly command: string
}

export function toDescribed({ phase, title, command }: Step): DescribedStep {
  return { phase, title, command: toShell(command) }
}

const MAX_VALUE_CHARACTERS = 60

/** The step as a person reads it: the command, what goes to its input, the variables it sets. */
export function describeStep({ title, command, secret, variables = {} }: Step): string {
  const lines = Object.entries(variables).map(([name, value]) => `    ${name}: ${shorten(value)}`)
  const input = secret === undefined ? '' : `  < (value of ${secret.of}, not shown)`
  const file = lines.length > 0 ? [`  ${VARIABLES_FILE}:`, ...lines] : []
  return [`# ${title}`, `${toShell(command)}${input}`, ...file].join('\n')
}

function shorten(value: string): string {
  const line = JSON.stringify(value)
  return line.length > MAX_VALUE_CHARACTERS ? `${line.slice(0, MAX_VALUE_CHARACTERS)}…` : line
}
