import type { ServerResponse } from 'node:http'

/** The responses of a server that are not finished yet. */
export interface InFlight {
  /** Returns a slot, to be passed to `remove`. */
  readonly add: (response: ServerResponse) => number
  readonly remove: (slot: number) => void
  /** Returns the responses in the order in which they were added. */
  readonly all: () => readonly ServerResponse[]
}

/**
 * Creates the list of responses in flight. Not a Set: V8 replaces the table of a Set while entries are
 * added and deleted, and each old table keeps its responses and the next table in memory until a full
 * garbage collection. Every request would then survive as long.
 */
export function createInFlight(): InFlight {
  const slots: (ServerResponse | undefined)[] = []
  /** The number of the response in each slot, because a slot is used again. */
  const numbers: number[] = []
  const free: number[] = []
  let count = 0
  return {
    add: (response) => {
      const slot = free.pop() ?? slots.length
      slots[slot] = response
      numbers[slot] = count++
      return slot
    },
    remove: (slot) => {
      slots[slot] = undefined
      free.push(slot)
    },
    all: () => {
      const numbered = slots.map((response, slot) => ({ response, number: numbers[slot] ?? 0 }))
      const inOrder = numbered.sort((one, other) => one.number - other.number)
      return inOrder.flatMap(({ response }) => (response === undefined ? [] : [response]))
    },
  }
}
