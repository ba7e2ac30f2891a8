import { setTimeout as sleep } from 'node:timers/promises'
import { type Delivery, deliverOnce, type LogRecord, type LogStreamTarget } from './log-delivery.ts'

/** One log stream at work. */
export interface LogStream {
  readonly push: (records: readonly LogRecord[]) => void
  /** Sends what has been delivered once more. */
  readonly redeliver: () => void
  /** Looks again whether it may deliver. */
  readonly wake: () => void
  readonly close: () => void
}

export interface LogStreamWork {
  /** Undefined = it may not deliver now. */
  readonly target: () => LogStreamTarget | undefined
  /** Milliseconds between an event and its delivery. */
  readonly delayMs: () => number
  /** Called after each try. */
  readonly onDelivery: (delivery: Delivery) => void
}

const TRIES_MS = [0, 200, 600]
const AGAIN_MS = 1_000
const BATCH_MS = 20
const MAX_KEPT = 200

/**
 * Auth0's log stream: batches, at least once and in no order. To make sure that somebody notices,
 * every delivery has its records backwards and the last record of the one before once more. What is
 * not answered with 2xx is tried three times, and again later, until it is.
 */
export function createLogStream({ target, delayMs, onDelivery }: LogStreamWork): LogStream {
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
  /** Tries until all have been taken; the format may change in between. */
  const deliver = async (records: readonly LogRecord[]): Promise<boolean> => {
    const left = [...records]
    for (const ms of TRIES_MS) {
      await wait(ms)
      for (;;) {
        const to = target()
        if (to === undefined) return false
        // An object holds one record: as many deliveries as there are records.
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
      const settled = await deliver([...sent.slice(-1), ...batch].reverse())
      if (settled) sent.splice(0, Math.max(0, sent.push(...batch) - MAX_KEPT))
      else {
        pending.unshift(...batch)
        await wait(AGAIN_MS)
      }
    }
  }
  const wake = () => {
    if (isRunning || closing.signal.aborted || !isReady()) return
    isRunning = true
    run()
      // Only closing ends it early.
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
