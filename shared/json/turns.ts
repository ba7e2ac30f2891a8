import { setImmediate } from 'node:timers/promises'
import { monotonicMs } from '../monotonic.ts'

/** With shorter turns, a megabyte takes seconds under load, because other requests run between turns. */
const TURN_MS = 8

/** Runs the work to its end. Lets the event loop run other tasks at the first yield after each 8 ms. */
export async function inTurns<Result>(work: Generator<undefined, Result>): Promise<Result> {
  let startedAt = monotonicMs()
  for (let step = work.next(); ; step = work.next()) {
    const isOver = monotonicMs() - startedAt >= TURN_MS
    if (isOver) await setImmediate()
    if (step.done) return step.value
    if (isOver) startedAt = monotonicMs()
  }
}

/** Runs the work to its end in one step. */
export function atOnce<Result>(work: Generator<undefined, Result>): Result {
  for (let step = work.next(); ; step = work.next()) if (step.done) return step.value
}
