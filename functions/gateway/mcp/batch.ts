import { setImmediate } from 'node:timers/promises'
import type { Place, Queue } from '../../../shared/json/long-work.ts'

/** Begins to answer one request of a batch; `place` is left when its arguments have been checked. */
export type Begin = (place: Place) => string | Promise<string>

// Then others get their turn before the next request of the batch is begun.
const MAX_TURN_MS = 10

/**
 * Begins to answer all requests of a batch, in their order, and returns the answers still to come; in
 * an object, because to wait for them here would keep the requests. `isLong`: the batch was read in
 * turns, and each of its requests is checked before the next is begun.
 */
export async function beginAll(
  requests: readonly Begin[],
  queue: Queue,
  isLong: boolean,
): Promise<{ readonly answers: readonly (string | Promise<string>)[] }> {
  const answers: (string | Promise<string>)[] = []
  let startedAt = performance.now()
  for (const begin of requests) {
    if (performance.now() - startedAt > MAX_TURN_MS) {
      await setImmediate()
      startedAt = performance.now()
    }
    const place = queue()
    let onLeave: () => void = () => undefined
    const isChecked = new Promise<void>((resolve) => {
      onLeave = resolve
    })
    const leave = () => {
      onLeave()
      place.leave()
    }
    const answer = begin({ ...place, leave })
    answers.push(answer)
    if (typeof answer === 'string') continue
    // Until all are begun it would count as a rejection that is not handled.
    const isOver = answer.then(
      () => undefined,
      () => undefined,
    )
    if (isLong) await Promise.race([isChecked, isOver])
  }
  return { answers }
}
