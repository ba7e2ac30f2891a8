import { setImmediate } from 'node:timers/promises'

/** Shorter turns would let a flood of requests in between, each time, and take seconds for a megabyte. */
const TURN_MS = 8

/**
 * Runs the work to its end; where it yields after 8 ms, and when it ends after so long, the event loop
 * serves what else is waiting.
 */
export async function inTurns<Result>(work: Generator<undefined, Result>): Promise<Result> {
  let startedAt = performance.now()
  for (let step = work.next(); ; step = work.next()) {
    const isOver = performance.now() - startedAt >= TURN_MS
    if (isOver) await setImmediate()
    if (step.done) return step.value
    if (isOver) startedAt = performance.now()
  }
}

/** Runs the work to its end at once. */
export function atOnce<Result>(work: Generator<undefined, Result>): Result {
  for (let step = work.next(); ; step = work.next()) if (step.done) return step.value
}
