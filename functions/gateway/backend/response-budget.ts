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
 * releases it. Requests with the same `owner`, the subject of the caller, share a limit; undefined
 * stands for all anonymous callers.
 */
export type OpenResponseBudget = (
  onClose: (listener: () => void) => void,
  owner?: string,
) => ByteBudget

/** The budget for all responses that an instance holds in memory. */
export interface ResponseBudget {
  readonly open: OpenResponseBudget
  /** Returns how many bytes are held now. */
  readonly held: () => number
}

interface Holder {
  readonly owner: string | undefined
  bytes: number
}

const SMALL_BYTES = 64 * 1024

/**
 * Limits the responses of one request to `maxBytes`. Limits all responses over 64 KiB together to
 * `maxHeldBytes`, and those of one owner to half of it, until their requests are closed. Beyond
 * these limits, only the request that has held bytes for the longest time receives more, which
 * prevents a deadlock.
 */
export function createResponseBudget(maxBytes: number, maxHeldBytes: number): ResponseBudget {
  const holders = new Set<Holder>()
  const owners = new Map<string | undefined, number>()
  let held = 0
  const waiting = new Set<{ readonly holder: Holder; readonly resume: () => void }>()
  const hold = (holder: Holder, bytes: number) => {
    const added = bytes - holder.bytes
    const owned = (owners.get(holder.owner) ?? 0) + added
    held += added
    holder.bytes = bytes
    if (owned > 0) owners.set(holder.owner, owned)
    else owners.delete(holder.owner)
  }
  const mayReceive = (holder: Holder) => {
    const [oldest] = holders
    const owned = owners.get(holder.owner) ?? 0
    return oldest === holder || (held <= maxHeldBytes && owned <= maxHeldBytes / 2)
  }
  const release = (holder: Holder) => {
    hold(holder, 0)
    holders.delete(holder)
    for (const waiter of waiting) {
      const isNext = waiter.holder === holder || mayReceive(waiter.holder)
      if (isNext && waiting.delete(waiter)) waiter.resume()
    }
  }
  const open: OpenResponseBudget = (onClose, owner) => {
    const holder: Holder = { owner, bytes: 0 }
    let own = 0
    let isClosed = false
    return {
      take: (bytes) => {
        const isFirst = own <= SMALL_BYTES
        own += bytes
        if (isClosed || own <= SMALL_BYTES) return own <= maxBytes
        hold(holder, own)
        if (isFirst) {
          holders.add(holder)
          onClose(() => {
            isClosed = true
            release(holder)
          })
        }
        return own <= maxBytes
      },
      room: () => {
        if (!holders.has(holder) || mayReceive(holder)) return undefined
        return new Promise((resolve) => waiting.add({ holder, resume: resolve }))
      },
    }
  }
  return { open, held: () => held }
}
