import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, type Finished, type Run, TERMINATION_SIGNALS, toShell } from './command.ts'
import { DeployError } from './deploy-error.ts'
import { errorOutput, warningsOf } from './gcloud.ts'
import { removeLeftovers, temporaryPrefix } from './process/leftover-files.ts'
import { isTransient } from './process/transient.ts'
import { type DeployStep, newVersionOf, VARIABLES_FILE } from './step.ts'

export interface RunStepsOptions {
  readonly run: Run
  readonly write: (text: string) => void
  /** The command that continues after a failure. */
  readonly again: string
  /** Milliseconds before the first retry; later pauses are multiples of it. */
  readonly pauseMs?: number
}

/** Pauses between attempts, as multiples of the first. */
const PAUSES = [1, 1, 2, 4, 4] as const
const PAUSE_MS = 5_000
const PROGRESS_MS = 20_000
const NEW_VERSION = new RegExp(newVersionOf('[\\w-]+'), 'g')

/**
 * Runs the steps in order; steps of one group run concurrently.
 *
 * @throws DeployError for the first failed step, with its cause, the completed steps and how to continue.
 */
export async function runSteps(
  steps: readonly DeployStep[],
  options: RunStepsOptions,
): Promise<void> {
  removeLeftovers(tmpdir())
  const versions = new Map<string, string>()
  const done = new Set<DeployStep>()
  await withAbortOnSignal(async (signal) => {
    for (const batch of batchesOf(steps)) {
      const finished = await withProgress(batch, options, (step) => {
        options.write(`[${steps.indexOf(step) + 1}/${steps.length}] ${step.title}\n`)
        return runStep(step, versions, options, signal)
      })
      batch.forEach((step, index) => {
        if (finished[index]?.code === 0) done.add(step)
      })
      for (const [index, step] of batch.entries()) {
        const result = finished[index]
        if (result !== undefined && result.code !== 0) {
          throw failure(steps, { step, done, finished: result, again: options.again })
        }
      }
    }
  })
}

/** Groups consecutive steps of the same group. */
function batchesOf(steps: readonly DeployStep[]): DeployStep[][] {
  const batches: DeployStep[][] = []
  for (const step of steps) {
    const last = batches.at(-1)
    const isSame = step.group !== undefined && last?.[0]?.group === step.group
    if (isSame) last?.push(step)
    else batches.push([step])
  }
  return batches
}

/** A signal ends the running command (`createRun`), which is then reported like any other failure. */
async function withAbortOnSignal(use: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController()
  const stop = () => controller.abort()
  for (const name of TERMINATION_SIGNALS) process.on(name, stop)
  try {
    await use(controller.signal)
  } finally {
    for (const name of TERMINATION_SIGNALS) process.off(name, stop)
  }
}

async function withProgress(
  batch: readonly DeployStep[],
  { write }: RunStepsOptions,
  run: (step: DeployStep) => Promise<Finished>,
): Promise<Finished[]> {
  const started = Date.now()
  const seconds = () => Math.round((Date.now() - started) / 1_000)
  const running = new Set(batch)
  const timer = setInterval(() => {
    const titles = [...running].map(({ title }) => title).join(', ')
    write(`  still running after ${seconds()} s: ${titles}\n`)
  }, PROGRESS_MS)
  try {
    return await Promise.all(
      batch.map(async (step) => {
        const finished = await run(step)
        running.delete(step)
        if (batch.length > 1 && finished.code === 0) {
          write(`  done after ${seconds()} s: ${step.title}\n`)
        }
        return finished
      }),
    )
  } finally {
    clearInterval(timer)
  }
}

async function runStep(
  step: DeployStep,
  versions: Map<string, string>,
  options: RunStepsOptions,
  signal: AbortSignal,
): Promise<Finished> {
  if (step.command.some((arg) => hasUnresolvedVersion(arg, versions))) {
    const stderr = `${step.title}: a secret has no version yet; deploy without --only and --skip first`
    return { code: 1, stdout: '', stderr }
  }
  const finished = await withVariablesFile(step, (path) =>
    attempt(resolve(step.command, versions, path), step, options, signal),
  )
  if (finished.code !== 0 || step.addsVersionOf === undefined) return finished
  const version = /\/versions\/(\d+)"/.exec(finished.stdout)?.[1]
  if (version === undefined) return { ...finished, code: 1 }
  versions.set(newVersionOf(step.addsVersionOf), version)
  return finished
}

async function attempt(
  command: Command,
  step: DeployStep,
  { run, write, pauseMs = PAUSE_MS }: RunStepsOptions,
  signal: AbortSignal,
): Promise<Finished> {
  const { secret } = step
  let { fallback } = step
  let used = command
  for (let count = 0; ; count++) {
    const finished = await run(used, { stdin: secret?.value })
    if (finished.code === 0) {
      for (const warning of warningsOf(finished)) write(`  ${warning}\n`)
      return finished
    }
    if (step.doneWhen?.test(finished.stderr)) return { ...finished, code: 0 }
    if (fallback?.refusal.test(finished.stderr)) {
      write(`  ${fallback.title}\n`)
      used = fallback.command
      fallback = fallback.fallback
      continue
    }
    const pause = PAUSES[count]
    if (pause === undefined || signal.aborted || !isTransient(finished.stderr)) return finished
    write('  A recent change has not propagated in Google Cloud yet; retrying\n')
    await sleep(pause * pauseMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return finished
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

/** Whether the argument contains a placeholder for a version that no step has added. */
function hasUnresolvedVersion(arg: string, versions: ReadonlyMap<string, string>): boolean {
  const placeholders = arg.match(NEW_VERSION) ?? []
  return placeholders.some((placeholder) => !versions.has(placeholder))
}

/** Writes the variables to a file that only this user can read, and deletes it after `use`. */
async function withVariablesFile(
  { variables }: DeployStep,
  use: (path: string) => Promise<Finished>,
): Promise<Finished> {
  if (variables === undefined) return use('')
  const directory = mkdtempSync(join(tmpdir(), temporaryPrefix()))
  try {
    const path = join(directory, 'variables.yaml')
    writeFileSync(path, toYaml(variables), { mode: 0o600 })
    return await use(path)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/**
 * JSON is valid YAML except for characters that YAML 1.1 forbids or treats as line breaks (U+0085,
 * U+2028, U+2029), even inside quotes; these are escaped.
 */
function toYaml(variables: Readonly<Record<string, string>>): string {
  return JSON.stringify(variables).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function failure(
  steps: readonly DeployStep[],
  {
    step,
    done,
    finished,
    again,
  }: {
    readonly step: DeployStep
    readonly done: ReadonlySet<DeployStep>
    readonly finished: Finished
    readonly again: string
  },
): DeployError {
  const titles = (some: readonly DeployStep[]) => some.map(({ title }) => `  ${title}`).join('\n')
  const rest = steps.filter((other) => other !== step && !done.has(other))
  return new DeployError(
    [
      `Step ${steps.indexOf(step) + 1} of ${steps.length} failed: ${step.title}`,
      `  ${toShell(step.command)}`,
      errorOutput(finished),
      ...(step.hint ? [step.hint] : []),
      ...(done.size > 0
        ? [`In place:\n${titles([...done])}`]
        : ['No earlier step changed anything.']),
      ...(rest.length > 0 ? [`Not done:\n${titles(rest)}`] : []),
      `Correct the cause, then continue with: ${again}\nCompleted steps are not repeated.`,
    ].join('\n'),
  )
}
