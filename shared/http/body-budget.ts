/** The bytes in flight of one request. */
export interface BodyShare {
  /** Reserves bytes of a body. Returns false, and reserves none, if they exceed the budget. */
  readonly take: (bytes: number) => boolean
  /** Releases all reserved bytes. May be called repeatedly. */
  readonly release: () => void
}

/** A limit for the bytes of request bodies that an instance holds at the same time. */
export interface BodyBudget {
  /** Opens the share of a new request. */
  readonly open: () => BodyShare
  /** Returns the number of bytes that all requests hold now. */
  readonly held: () => number
}

const MIB = 1024 * 1024
/** A body up to this size is small. */
const SMALL_BYTES = 64 * 1024
/** Additional bytes for small bodies: 128 bodies of the maximum small size. */
const SMALL_ROOM_BYTES = 8 * MIB

/**
 * Returns a budget for bodies in flight: `maxBytes`, and 8 MiB more for bodies of at most 64 KiB, so
 * that large bodies do not block small ones. Counts received bytes, not the announced length.
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

/** Returns whether the body is larger than 64 KiB. */
export function isLarge({ length }: Buffer): boolean {
  return length > SMALL_BYTES
}
