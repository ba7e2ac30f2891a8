import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type FunctionOptions, type Instance, startInstance } from './instance.ts'
import type { Service } from './proxy.ts'

/** A function that is kept running. */
export interface FunctionProcess extends Service {
  readonly name: string
  /** Process id of the newest instance. */
  readonly pid: () => number | undefined
  /** Ends all instances: SIGTERM, and SIGKILL after 10 s. */
  readonly stop: () => Promise<void>
}

const SHORT_LIFE_MS = 10_000
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 5_000
const RETRY_MS = 25

/**
 * Starts a function and resolves once it listens. An instance that ends unasked is replaced, as
 * Cloud Run would: as soon as it is told to end, and after growing pauses (5 s at most) while one
 * after the other is short-lived.
 *
 * @throws StartError with what the first instance wrote, when that one does not start.
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

/** An instance that does not start is followed by another one, so its failure is waited out. */
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
