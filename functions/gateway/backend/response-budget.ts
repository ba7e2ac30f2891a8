/** How much of a backend's response may be received. */
export interface ByteBudget {
  /** Counts received bytes; false once they are more than is allowed. */
  readonly take: (bytes: number) => boolean
  /** Resolves when more may be received; undefined: at once. */
  readonly room: () => Promise<void> | undefined
}

/** A budget of so many bytes, all of which may be received at once. */
export function createByteBudget(maxBytes: number): ByteBudget {
  let left = maxBytes
  return {
    take: (bytes) => {
      left -= bytes
      return left >= 0
    },
    room: () => undefined,
  }
}

/** Opens the budget of one request, all its calls included; `onClose` registers what gives it back. */
export type OpenResponseBudget = (onClose: (listener: () => void) => void) => ByteBudget

/** The responses that an instance holds at one time. */
export interface ResponseBudget {
  readonly open: OpenResponseBudget
  /** How many bytes are held now. */
  readonly held: () => number
}

const SMALL_BYTES = 64 * 1024

/**
 * Bounds the responses for one request to `maxBytes`, and all that are over 64 KiB to `maxHeldBytes`
 * together, until their requests are closed. Beyond that only the request that has held bytes for the
 * longest time receives more, so that they never all wait for each other.
 */
export function createResponseBudget(maxBytes: number, maxHeldBytes: number): ResponseBudget {
  const holders = new Map<symbol, number>()
  let held = 0
  const waiting = new Set<{ readonly holder: symbol; readonly goOn: () => void }>()
  const hold = (holder: symbol, bytes: number) => {
    held += bytes - (holders.get(holder) ?? 0)
    holders.set(holder, bytes)
  }
  const release = (holder: symbol) => {
    hold(holder, 0)
    holders.delete(holder)
    const [oldest] = holders.keys()
    for (const one of waiting) {
      const isNext = one.holder === oldest || one.holder === holder || held <= maxHeldBytes
      if (isNext && waiting.delete(one)) one.goOn()
    }
  }
  const open: OpenResponseBudget = (onClose) => {
    const holder = Symbol('request')
    let own = 0
    let isClosed = false
    return {
      take: (bytes) => {
        const isFirst = own <= SMALL_BYTES
        own += bytes
        if (isClosed || own <= SMALL_BYTES) return own <= maxBytes
        hold(holder, own)
        if (isFirst) {
          onClose(() => {
            isClosed = true
            release(holder)
          })
        }
        return own <= maxBytes
      },
      room: () => {
        const [oldest] = holders.keys()
        if (held <= maxHeldBytes || oldest === holder || !holders.has(holder)) return undefined
        return new Promise((resolve) => waiting.add({ holder, goOn: resolve }))
      },
    }
  }
  return { open, held: () => held }
}
