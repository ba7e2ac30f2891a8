import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type FunctionOptions, type Instance, startInstance } from './instance.ts'
import type { Service } from './proxy.ts'

/** A function that is restarted when it exits. */
export interface FunctionProcess extends Service {
  readonly name: string
  /** Returns the process ID of the newest instance. */
  readonly pid: () => number | undefined
  /** Stops all instances with SIGTERM, and with SIGKILL after 10 s. */
  readonly stop: () => Promise<void>
}

const SHORT_LIFE_MS = 10_000
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 5_000
const RETRY_MS = 25

/**
 * Starts a function and resolves when it listens. Replaces an instance that receives a signal or exits, as
 * Cloud Run does. If instances exit soon after their start, waits for increasing pauses of at most 5 s.
 *
 * @throws StartError with the output of the first instance, if it does not start.
 */
export async function startFunction(options: FunctionOptions): Promise<FunctionProcess> {
  const stopped = new AbortController()
  const running = new Set<Instance>()
  const launch = (): Instance => {
    const instance = startInstance(options)
    running.add(instance)
    void instance.ended.then(() => running.delete(instance))
    return instance
  }
  let current = launch()
  await current.port

  const supervise = async () => {
    for (let shortLives = 0; !stopped.signal.aborted; current = launch()) {
      const startedAt = Date.now()
      await Promise.race([current.leaving, once(stopped.signal, 'abort')])
      shortLives = Date.now() - startedAt < SHORT_LIFE_MS ? shortLives + 1 : 0
      if (shortLives > 1) await pause(shortLives, stopped.signal)
      if (stopped.signal.aborted) return
    }
  }
  void supervise()

  return {
    name: options.name,
    pid: () => current.pid,
    port: (signal) => portOf(() => current, AbortSignal.any([signal, stopped.signal])),
    stop: async () => {
      stopped.abort()
      await Promise.all([...running].map((instance) => instance.stop()))
    },
  }
}

/** Returns the port of the current instance. Waits for the next instance if one fails to start. */
async function portOf(current: () => Instance, signal: AbortSignal): Promise<number> {
  for (;;) {
    signal.throwIfAborted()
    const port = current().port.catch(() => undefined)
    const first = await Promise.race([port, once(signal, 'abort')])
    if (typeof first === 'number') return first
    await sleep(RETRY_MS, undefined, { signal })
  }
}

async function pause(shortLives: number, signal: AbortSignal): Promise<void> {
  const ms = Math.min(FIRST_PAUSE_MS * 2 ** (shortLives - 2), MAX_PAUSE_MS)
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
