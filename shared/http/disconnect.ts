import type { ServerResponse } from 'node:http'

/**
 * Calls the listener when a client disconnects before its response has been sent, immediately if it
 * already has. Returns a function that removes the listener.
 */
export type OnDisconnect = (listener: () => void) => () => void

/** Returns whether the connection has closed before the response was sent. */
export function isDisconnected(res: ServerResponse): boolean {
  return res.closed && !res.writableFinished
}

/**
 * Creates the function for one response. An AbortSignal does the same, but needs an event target for
 * each request.
 */
export function createOnDisconnect(res: ServerResponse): OnDisconnect {
  const listeners: ((() => void) | undefined)[] = []
  return (listener) => {
    if (isDisconnected(res)) listener()
    if (res.closed) return () => undefined
    if (listeners.length === 0) res.on('close', () => isDisconnected(res) && call(listeners))
    const at = listeners.push(listener) - 1
    return () => {
      listeners[at] = undefined
    }
  }
}

function call(listeners: readonly ((() => void) | undefined)[]): void {
  for (const listener of listeners) listener?.()
}
