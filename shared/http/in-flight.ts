import type { ServerResponse } from 'node:http'

/** The responses of a server that are not finished yet. */
export interface InFlight {
  /** Returns a slot, to be passed to `remove`. */
  readonly add: (response: ServerResponse) => number
  readonly remove: (slot: number) => void
  readonly all: () => readonly ServerResponse[]
}

/**
 * Creates the list of responses in flight. Not a Set: V8 replaces the table of a Set while entries are
 * added and deleted, and each old table keeps its responses and the next table in memory until a full
 * garbage collection. Every request would then survive as long.
 */
export function createInFlight(): InFlight {
  const slots: (ServerResponse | undefined)[] = []
  const free: number[] = []
  return {
    add: (response) => {
      const slot = free.pop() ?? slots.length
      slots[slot] = response
      return slot
    },
    remove: (slot) => {
      slots[slot] = undefined
      free.push(slot)
    },
    all: () => slots.filter((response) => response !== undefined),
  }
}
