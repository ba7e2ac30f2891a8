import { countUpTo } from './count.ts'
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

/** What the engine reads in one step, in some 20 ms at worst. */
const MAX_AT_ONCE_LENGTH = 256 * 1024
/** To make an object takes the engine a microsecond, where each has other names. */
const MAX_AT_ONCE_OBJECTS = 8_000

/**
 * Whether the engine may hold up other requests for long when it reads this JSON: by its length and the
 * number of its objects and arrays.
 */
export function isCostly(json: string): boolean {
  const { length } = json
  // Each takes two characters at least, and a comma.
  if (length <= 3 * MAX_AT_ONCE_OBJECTS) return false
  if (length > MAX_AT_ONCE_LENGTH) return true
  const objects = countUpTo(MAX_AT_ONCE_OBJECTS, json, '{')
  return objects + countUpTo(MAX_AT_ONCE_OBJECTS, json, '[') > MAX_AT_ONCE_OBJECTS
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
