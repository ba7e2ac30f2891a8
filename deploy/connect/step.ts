import { CAUSES, type Cause, type CauseId } from './causes.ts'

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
  /** What was seen; never a token, code or secret. */
  readonly seen: string
  /** Of a failure, unless the step was not reached. */
  readonly id?: CauseId
  readonly cause?: string
  readonly fix?: string
  readonly ms: number
}

/** A step that cannot go on. */
export class StepError extends Error {
  override readonly name = 'StepError'
  readonly id: CauseId

  constructor(id: CauseId, seen: string) {
    super(seen)
    this.id = id
  }

  get why(): Cause {
    return CAUSES[this.id]
  }
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

/** A record of steps, `onStep` being told of each; `run` throws the StepError that ended one. */
export function createSteps(onStep: (step: Step) => void): Steps {
  const taken: Step[] = []
  const report = (step: Step) => {
    taken.push(step)
    onStep(step)
  }
  return {
    taken,
    run: async (step, take) => {
      const startedAt = performance.now()
      const ms = () => Math.round(performance.now() - startedAt)
      try {
        const { value, seen } = await take()
        report({ step, ok: true, seen, ms: ms() })
        return value
      } catch (error) {
        if (error instanceof StepError) {
          const { id, message, why } = error
          report({ step, ok: false, seen: message, id, ...why, ms: ms() })
        }
        throw error
      }
    },
  }
}

/** The steps that a failure kept from being taken. */
export function notReached(taken: readonly Step[]): Step[] {
  return STEPS.slice(taken.length).map((step) => ({ step, ok: false, seen: 'not reached', ms: 0 }))
}
