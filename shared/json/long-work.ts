import { atOnce, inTurns } from './turns.ts'

/** One request's place in the queue of those that have something long to read or to write. */
export interface Place {
  /** Resolves when it is this one's turn: at once unless `length` (bytes or characters) is long. */
  readonly enter: (length: number) => Promise<void>
  /** Lets the next one go on; may be called again, or for nothing. */
  readonly leave: () => void
  /** Whether it has entered for something long and not left. */
  readonly isTaken: () => boolean
}

/** Opens the place of a request. */
export type Queue = () => Place

/** What is shorter is read and written in one step, which takes some milliseconds. */
const SHORT_LENGTH = 16 * 1024

/** Whether JSON of this length is read and written in turns. */
export function isLong(length: number): boolean {
  return length > SHORT_LENGTH
}

/** Runs the work on JSON of this length: at once, or in turns when it is long, in its place in the queue. */
export function workOn<Result>(
  work: Generator<undefined, Result>,
  length: number,
  place: Place,
): Result | Promise<Result> {
  return isLong(length) ? place.enter(length).then(() => inTurns(work)) : atOnce(work)
}

/**
 * Long texts are worked on one after the other: the values of all of them at once would not fit into
 * memory. Short ones never wait.
 */
export function createQueue(): Queue {
  let last = Promise.resolve()
  return () => {
    let end: (() => void) | undefined
    const leave = () => {
      end?.()
      end = undefined
    }
    return {
      enter: async (length) => {
        leave()
        if (!isLong(length)) return
        const before = last
        const own = new Promise<void>((resolve) => {
          end = resolve
        })
        last = before.then(() => own)
        await before
      },
      leave,
      isTaken: () => end !== undefined,
    }
  }
}
