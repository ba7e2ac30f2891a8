let added: (() => void)[] = []
let waiting: (() => void)[] = []

/**
 * Calls the listener after the event loop has next read the sockets, so what they had received before
 * this call has been handled. One timer serves all listeners, because each further turn of the loop
 * costs more than they do.
 */
export function afterNextRead(listener: () => void): void {
  if (added.length === 0 && waiting.length === 0) setImmediate(endTurn)
  added.push(listener)
}

/** The loop does not read between a call while it reads and the end of that turn. */
function endTurn(): void {
  const due = waiting
  waiting = added
  added = []
  if (waiting.length > 0) setImmediate(endTurn)
  for (const listener of due) listener()
}
