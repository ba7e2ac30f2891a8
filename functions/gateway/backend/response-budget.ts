/** Limits how many bytes of a response may be received. */
export interface ByteBudget {
  /** Counts received bytes. Returns false once the limit is exceeded. */
  readonly take: (bytes: number) => boolean
  /** Resolves when more bytes may be received; undefined means immediately. */
  readonly room: () => Promise<void> | undefined
}

/** Creates a budget of `maxBytes`, all of which may be received immediately. */
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

/**
 * Opens the budget of one request, which all its calls share. `onClose` registers the listener that
 * releases it.
 */
export type OpenResponseBudget = (onClose: (listener: () => void) => void) => ByteBudget

/** The budget for all responses that an instance holds in memory. */
export interface ResponseBudget {
  readonly open: OpenResponseBudget
  /** Returns how many bytes are held now. */
  readonly held: () => number
}

const SMALL_BYTES = 64 * 1024

/**
 * Limits the responses of one request to `maxBytes`. Limits all responses over 64 KiB together to
 * `maxHeldBytes`, until their requests are closed. Beyond that limit, only the request that has
 * held bytes for the longest time receives more, which prevents a deadlock.
 */
export function createResponseBudget(maxBytes: number, maxHeldBytes: number): ResponseBudget {
  const holders = new Map<symbol, number>()
  let held = 0
  const waiting = new Set<{ readonly holder: symbol; readonly resume: () => void }>()
  const hold = (holder: symbol, bytes: number) => {
    held += bytes - (holders.get(holder) ?? 0)
    holders.set(holder, bytes)
  }
  const release = (holder: symbol) => {
    hold(holder, 0)
    holders.delete(holder)
    const [oldest] = holders.keys()
    for (const waiter of waiting) {
      const isNext = waiter.holder === oldest || waiter.holder === holder || held <= maxHeldBytes
      if (isNext && waiting.delete(waiter)) waiter.resume()
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
        return new Promise((resolve) => waiting.add({ holder, resume: resolve }))
      },
    }
  }
  return { open, held: () => held }
}
