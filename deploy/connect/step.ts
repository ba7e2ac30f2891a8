import { printable } from '../../shared/log/printable.ts'
import type { CauseId } from './causes/causes.ts'
import { StepError } from './causes/step-error.ts'
import { interruption } from './discovery/fetch-document.ts'

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

/** What came of one step. */
export interface Step {
  readonly step: StepName
  readonly ok: boolean
  /** What was seen, on one line; never a token, code or secret. */
  readonly seen: string
  /** Of a failure, unless the step was not reached. */
  readonly id?: CauseId
  readonly cause?: string
  readonly fix?: string
  readonly ms: number
}

/** What a step found, and what it says of that. */
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
 * A record of steps, `onStep` being told of each; `run` throws the StepError that ended one. `now`
 * is in milliseconds.
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
        const { id, message, why } = failure
        report({ step, ok: false, seen: message, id, ...why, ms: ms() })
        throw failure
      }
    },
  }
}

/** The steps that a failure kept from being taken. */
export function notReached(taken: readonly Step[]): Step[] {
  return STEPS.slice(taken.length).map((step) => ({ step, ok: false, seen: 'not reached', ms: 0 }))
}

/** A server's words on one line, which must not move the cursor. */
export function oneLine(text: string): string {
  return printable(text.replace(/[\s\p{Zl}\p{Zp}]+/gu, ' ').trim())
}
