import { printable } from '../../shared/log/printable.ts'
import { interruption } from './discovery/ask.ts'
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
export interface Step {
  readonly step: StepName
  readonly ok: boolean
  /** What was seen, on one line; never a token, code or secret. */
  readonly seen: string
  /** Of a failure, unless the step was not reached. */
  readonly id?: ConnectFaultId
  /** The id that this fault had before connect shared its table with doctor. */
  readonly formerly?: string
  readonly cause?: string
  readonly fix?: string
  readonly ms: number
}

/** The value that a step found, and what it reports. */
export interface Found<Value> {
  readonly value: Value
  readonly seen: string
}

/** Runs the steps of one connection and reports each. */
export interface Steps {
  readonly run: <Value>(step: StepName, take: () => Promise<Found<Value>>) => Promise<Value>
  readonly taken: readonly Step[]
}

/**
 * A record of steps, each reported to `onStep`; `run` throws the StepError that ended one. `now` is in
 * milliseconds.
 */
export function createSteps(onStep: (step: Step) => void, now: () => number): Steps {
  const taken: Step[] = []
  const report = (step: Step) => {
    const printable = { ...step, seen: oneLine(step.seen) }
    taken.push(printable)
    onStep(printable)
  }
  return {
    taken,
    run: async (step, take) => {
      const startedAt = now()
      const ms = () => Math.round(now() - startedAt)
      try {
        const { value, seen } = await take()
        report({ step, ok: true, seen, ms: ms() })
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

/** The steps that a failure kept from being taken. */
export function notReached(taken: readonly Step[]): Step[] {
  return STEPS.slice(taken.length).map((step) => ({ step, ok: false, seen: 'not reached', ms: 0 }))
}

/** A server's text on one line, without control characters. */
export function oneLine(text: string): string {
  return printable(text.replace(/[\s\p{Zl}\p{Zp}]+/gu, ' ').trim())
}
