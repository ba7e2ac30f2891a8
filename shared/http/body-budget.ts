/** What one request holds of the bytes in flight. */
export interface BodyShare {
  /** Counts bytes of a body; false when there is no room for them, which are then not counted. */
  readonly take: (bytes: number) => boolean
  /** Gives all of them back; may be called again. */
  readonly release: () => void
}

/** The bytes of request bodies that an instance holds at one time. */
export interface BodyBudget {
  /** The share of a new request. */
  readonly open: () => BodyShare
  /** How many bytes all requests hold now. */
  readonly held: () => number
}

const MIB = 1024 * 1024
/** A body up to this size is small. */
const SMALL_BYTES = 64 * 1024
/** What small bodies may take beyond the others: 128 of the largest. */
const SMALL_ROOM_BYTES = 8 * MIB

/**
 * Bounds the bodies in flight: those over 64 KiB to `maxBytes` together, all of them to 8 MiB more, so
 * that large ones do not keep out small ones. Counts received bytes, not announced ones.
 */
export function createBodyBudget(maxBytes: number): BodyBudget {
  let held = 0
  return {
    open: () => {
      let own = 0
      return {
        take: (bytes) => {
          const isSmall = own + bytes <= SMALL_BYTES
          if (held + bytes > maxBytes + (isSmall ? SMALL_ROOM_BYTES : 0)) return false
          own += bytes
          held += bytes
          return true
        },
        release: () => {
          held -= own
          own = 0
        },
      }
    },
    held: () => held,
  }
}

/** Whether it is more than a small body. */
export function isLarge({ length }: Buffer): boolean {
  return length > SMALL_BYTES
}
