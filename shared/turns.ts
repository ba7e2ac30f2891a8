import { setImmediate } from 'node:timers/promises'

/** Runs the work to its end; wherever it yields, the event loop serves what else is waiting. */
export async function inTurns<Result>(work: Generator<undefined, Result>): Promise<Result> {
  for (let step = work.next(); ; step = work.next()) {
    if (step.done) return step.value
    await setImmediate()
  }
}

/** Runs the work to its end at once. */
export function atOnce<Result>(work: Generator<undefined, Result>): Result {
  for (let step = work.next(); ; step = work.next()) if (step.done) return step.value
}
