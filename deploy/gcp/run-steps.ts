import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, type Finished, type Run, toShell } from './command.ts'
import { DeployError } from './deploy-error.ts'
import { reasonOf } from './gcloud.ts'
import { newVersionOf, type Step, VARIABLES_FILE } from './step.ts'

export interface RunStepsOptions {
  readonly run: Run
  readonly write: (text: string) => void
  /** What to type to go on after a failure. */
  readonly again: string
  /** Milliseconds between attempts. */
  readonly pauseMs?: number
}

const ATTEMPTS = 6
const PAUSE_MS = 5_000
const NEW_VERSION = new RegExp(newVersionOf('\\w+'), 'g')
// A service account or an API is known everywhere some time after it was made, not before.
const NOT_YET =
  /service account .* does not exist|has not been used in project .* or it is disabled/is

/**
 * Carries out the steps in order.
 *
 * @throws DeployError at the first that fails, with its cause, what is in place and how to go on.
 */
export async function runSteps(steps: readonly Step[], options: RunStepsOptions): Promise<void> {
  const versions = new Map<string, string>()
  for (const [index, step] of steps.entries()) {
    options.write(`[${index + 1}/${steps.length}] ${step.title}\n`)
    const missing = step.command.find((arg) => lacksVersion(arg, versions))
    if (missing !== undefined) {
      throw new DeployError(
        `${step.title}: a secret must be stored first, without --only or --skip`,
      )
    }
    const finished = await withVariablesFile(step, (path) =>
      toItsEnd(() => attempt(resolve(step.command, versions, path), step, options)),
    )
    if (finished.code !== 0) throw failure(steps, index, finished, options.again)
    if (step.addsVersionOf === undefined) continue
    const version = /\/versions\/(\d+)"/.exec(finished.stdout)?.[1]
    if (version === undefined) throw failure(steps, index, finished, options.again)
    versions.set(newVersionOf(step.addsVersionOf), version)
  }
}

/** Ctrl-C ends the command that runs, which gets it too; its end is then told as any other failure. */
async function toItsEnd(use: () => Promise<Finished>): Promise<Finished> {
  const leaveIt = () => undefined
  process.on('SIGINT', leaveIt)
  try {
    return await use()
  } finally {
    process.off('SIGINT', leaveIt)
  }
}

async function attempt(
  command: Command,
  { secret }: Step,
  { run, write, pauseMs = PAUSE_MS }: RunStepsOptions,
): Promise<Finished> {
  for (let left = ATTEMPTS - 1; ; left--) {
    const finished = await run(command, { stdin: secret?.value })
    if (finished.code === 0 || left === 0 || !NOT_YET.test(finished.stderr)) return finished
    write('  what was just made is not known everywhere yet; trying again\n')
    await sleep(pauseMs)
  }
}

function resolve(
  command: Command,
  versions: ReadonlyMap<string, string>,
  variablesFile: string,
): Command {
  const [program, ...args] = command
  const resolved = args.map((arg) => {
    let text = arg.replace(VARIABLES_FILE, variablesFile)
    for (const [placeholder, version] of versions) text = text.replaceAll(placeholder, version)
    return text
  })
  return [program, ...resolved]
}

/** True when a version is to stand there that no step has made. */
function lacksVersion(arg: string, versions: ReadonlyMap<string, string>): boolean {
  const placeholders = arg.match(NEW_VERSION) ?? []
  return placeholders.some((placeholder) => !versions.has(placeholder))
}

/** The file is readable by this user only, and gone when `use` is done. */
async function withVariablesFile(
  { variables }: Step,
  use: (path: string) => Promise<Finished>,
): Promise<Finished> {
  if (variables === undefined) return use('')
  const directory = mkdtempSync(join(tmpdir(), 'deploy-'))
  try {
    const path = join(directory, 'variables.yaml')
    // JSON is YAML.
    writeFileSync(path, JSON.stringify(variables), { mode: 0o600 })
    return await use(path)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function failure(
  steps: readonly Step[],
  index: number,
  finished: Finished,
  again: string,
): DeployError {
  const step = steps[index]
  const titles = (some: readonly Step[]) => some.map(({ title }) => `  ${title}`).join('\n')
  const [done, rest] = [steps.slice(0, index), steps.slice(index + 1)]
  return new DeployError(
    [
      `Step ${index + 1} of ${steps.length} failed: ${step?.title}`,
      `  ${step ? toShell(step.command) : ''}`,
      reasonOf(finished),
      ...(step?.hint ? [step.hint] : []),
      ...(done.length > 0 ? [`In place:\n${titles(done)}`] : ['Nothing was changed before it.']),
      ...(rest.length > 0 ? [`Not done:\n${titles(rest)}`] : []),
      `Mend that, then go on: ${again}\nWhat is in place is left as it is.`,
    ].join('\n'),
  )
}
