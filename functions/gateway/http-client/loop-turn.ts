let timing: { readonly uvMetricsInfo: { readonly loopCount: number } } | undefined

/** Returns the number of the current turn of the event loop. Each turn begins by reading the sockets. */
export function loopTurn(): number {
  // Not before the first response, because it loads eleven of Node's modules.
  timing ??= performance.nodeTiming
  return timing.uvMetricsInfo.loopCount
}

let added: (() => void)[] = []
let waiting: (() => void)[] = []

/**
 * Calls the listener after the event loop has next read the sockets, so what they had received before
 * this call has been handled. All listeners share a timer.
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
