import { countUpTo } from './count.ts'
import { atOnce, inTurns } from './turns.ts'

/** The place of one request in the queue for long reads and writes. */
export interface Place {
  /** Resolves when it is this request's turn; immediately unless `length` (bytes or characters) is long. */
  readonly enter: (length: number) => Promise<void>
  /** Lets the next request continue. Has no effect if this request has not entered. */
  readonly leave: () => void
  /** Returns whether this request has entered for long work and not left. */
  readonly isTaken: () => boolean
}

/** Opens the place of a request. */
export type Queue = () => Place

/** Shorter JSON is read and written in one step of a few milliseconds. */
const SHORT_LENGTH = 16 * 1024

/** Returns whether JSON of this length is read and written in the queue. */
export function isLong(length: number): boolean {
  return length > SHORT_LENGTH
}

/** The engine reads this much in one step, of about 20 ms in the worst case. */
const MAX_AT_ONCE_LENGTH = 256 * 1024
/** Objects with different names each take the engine about a microsecond. */
const MAX_AT_ONCE_OBJECTS = 8_000

/**
 * Returns whether `JSON.parse` may block other requests too long, estimated by the length of the JSON and
 * its number of objects and arrays.
 */
export function isCostly(json: string): boolean {
  // Each takes at least two characters and a comma.
  if (json.length <= 3 * MAX_AT_ONCE_OBJECTS) return false
  if (json.length > MAX_AT_ONCE_LENGTH) return true
  const objects = countUpTo(MAX_AT_ONCE_OBJECTS, json, '{')
  return areCostly(json.length, objects + countUpTo(MAX_AT_ONCE_OBJECTS, json, '['))
}

/** Does the same for JSON of this length with this number of objects and arrays. */
export function areCostly(length: number, objects: number): boolean {
  return length > MAX_AT_ONCE_LENGTH || objects > MAX_AT_ONCE_OBJECTS
}

/** Runs work on JSON of this length: in one step, or for long JSON in turns, in the order of the queue. */
export function workOn<Result>(
  work: Generator<undefined, Result>,
  length: number,
  place: Place,
): Result | Promise<Result> {
  return isLong(length) ? place.enter(length).then(() => inTurns(work)) : atOnce(work)
}

/**
 * Returns a queue in which long texts are processed one after the other, because the values of several
 * would not fit into memory. Short texts never wait.
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
