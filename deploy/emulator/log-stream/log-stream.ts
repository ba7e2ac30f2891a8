import { setTimeout as sleep } from 'node:timers/promises'
import { type Delivery, deliverOnce, type LogRecord, type LogStreamTarget } from './log-delivery.ts'

/** A running log stream. */
export interface LogStream {
  readonly push: (records: readonly LogRecord[]) => void
  /** Sends the delivered records again. */
  readonly redeliver: () => void
  /** Continues to deliver if the stream is active. */
  readonly wake: () => void
  readonly close: () => void
}

export interface LogStreamDependencies {
  /** Returns the target; undefined while the stream must not deliver. */
  readonly target: () => LogStreamTarget | undefined
  /** Returns the milliseconds between an event and its delivery. */
  readonly delayMs: () => number
  /** Called after each attempt. */
  readonly onDelivery: (delivery: Delivery) => void
}

const ATTEMPT_DELAYS_MS = [0, 200, 600]
const RETRY_MS = 1_000
const BATCH_MS = 20
const MAX_KEPT = 200

/**
 * Emulates Auth0's log stream, which delivers batches at least once and in any order. Every delivery has
 * its records in reverse order and repeats the last record of the previous one, so that tests detect a
 * receiver that relies on order or uniqueness. A delivery without a 2xx response is attempted three
 * times, and again later until it succeeds.
 */
export function createLogStream({ target, delayMs, onDelivery }: LogStreamDependencies): LogStream {
  const closing = new AbortController()
  const pending: LogRecord[] = []
  const sent: LogRecord[] = []
  let isRunning = false

  const wait = (ms: number) => sleep(ms, undefined, { signal: closing.signal })
  const isReady = () => target() !== undefined && pending.length > 0

  const post = async (to: LogStreamTarget, records: readonly LogRecord[]): Promise<boolean> => {
    const delivery = await deliverOnce(to, records, closing.signal)
    closing.signal.throwIfAborted()
    onDelivery(delivery)
    const { status } = delivery
    return status !== null && status >= 200 && status < 300
  }
  /** Attempts to deliver all records. The format may change between attempts. */
  const deliver = async (records: readonly LogRecord[]): Promise<boolean> => {
    const left = [...records]
    for (const ms of ATTEMPT_DELAYS_MS) {
      await wait(ms)
      for (;;) {
        const to = target()
        if (to === undefined) return false
        // The format JSONOBJECT has one record per delivery.
        const batch = to.format === 'JSONOBJECT' ? left.slice(0, 1) : left
        if (!(await post(to, batch))) break
        left.splice(0, batch.length)
        if (left.length === 0) return true
      }
    }
    return false
  }
  const run = async () => {
    while (isReady()) {
      await wait(delayMs() + BATCH_MS)
      if (!isReady()) return
      const batch = pending.splice(0)
      const isDelivered = await deliver([...sent.slice(-1), ...batch].reverse())
      if (isDelivered) sent.splice(0, Math.max(0, sent.push(...batch) - MAX_KEPT))
      else {
        pending.unshift(...batch)
        await wait(RETRY_MS)
      }
    }
  }
  const wake = () => {
    if (isRunning || closing.signal.aborted || !isReady()) return
    isRunning = true
    run()
      // Rejects only if the stream is closed.
      .catch(() => undefined)
      .finally(() => {
        isRunning = false
        wake()
      })
  }
  const push = (records: readonly LogRecord[]) => {
    pending.push(...records)
    wake()
  }
  return {
    push,
    redeliver: () => push(sent.splice(0)),
    wake,
    close: () => closing.abort(),
  }
}
