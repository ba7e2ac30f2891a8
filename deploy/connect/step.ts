import { printable } from '../../shared/log/printable.ts'
import { interruption } from './discovery/send-request.ts'
import { type ConnectFaultId, FORMER_IDS, StepError } from './failure.ts'

/** The steps of a connection, in order. */
export const STEPS = [
  'protected-resource',
  'authorization-server',
  'registration',
  'admission',
  'sign-in',
  'token',
  'tools',
  'call',
] as const

export type StepName = (typeof STEPS)[number]

/** The outcome of one step. */
export interface ConnectStep {
  readonly step: StepName
  /** False for a step that failed, was skipped or was not reached. */
  readonly ok: boolean
  /** Present if the step did not run although no step failed. */
  readonly skipped?: true
  /** What was observed, on one line; never a token, code or secret. */
  readonly seen: string
  /** Id of the fault; undefined if the step did not fail. */
  readonly id?: ConnectFaultId
  /** Former id of this fault, from before connect shared its table with doctor. */
  readonly formerly?: string
  readonly cause?: string
  readonly fix?: string
  readonly ms: number
}

/** The result of a step, and its description. */
export interface StepResult<Value> {
  readonly value: Value
  readonly seen: string
  /** Whether the step did not run; `seen` is then the reason. */
  readonly isSkipped?: boolean
}

/** Runs the steps of one connection and reports each. */
export interface Steps {
  readonly run: <Value>(step: StepName, work: () => Promise<StepResult<Value>>) => Promise<Value>
  readonly completed: readonly ConnectStep[]
}

/**
 * Creates a runner that reports each step to `onStep`. `run` throws the StepError of a failed step.
 * `now` is in milliseconds.
 */
export function createSteps(onStep: (step: ConnectStep) => void, now: () => number): Steps {
  const completed: ConnectStep[] = []
  const report = (step: ConnectStep) => {
    const printable = { ...step, seen: oneLine(step.seen) }
    completed.push(printable)
    onStep(printable)
  }
  return {
    completed,
    run: async (step, work) => {
      const startedAt = now()
      const ms = () => Math.round(now() - startedAt)
      try {
        const { value, seen, isSkipped } = await work()
        const outcome = isSkipped
          ? ({ ok: false, skipped: true, seen: `skipped: ${seen}` } as const)
          : { ok: true, seen }
        report({ step, ...outcome, ms: ms() })
        return value
      } catch (error) {
        const failure = error instanceof StepError ? error : interruption(error)
        if (failure === undefined) throw error
        const { id, message: seen, explanation } = failure
        const formerly = FORMER_IDS[id]
        report({
          ...{ step, ok: false, seen, id },
          ...(formerly !== undefined && { formerly }),
          ...{ cause: explanation.why, fix: explanation.fix, ms: ms() },
        })
        throw failure
      }
    },
  }
}

/** Returns the steps that were not reached because of a failure. */
export function notReached(completed: readonly ConnectStep[]): ConnectStep[] {
  return STEPS.slice(completed.length).map((step) => ({
    step,
    ok: false,
    seen: 'not reached',
    ms: 0,
  }))
}

/** Returns text of a server on one line, without control characters. */
export function oneLine(text: string): string {
  return printable(text.replace(/[\s\p{Zl}\p{Zp}]+/gu, ' ').trim())
}
