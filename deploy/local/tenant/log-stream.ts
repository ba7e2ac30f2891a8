import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Delivery,
  deliverOnce,
  type LogEvent,
  type LogRecord,
  type LogStreamFormat,
  type LogStreamTarget,
} from './log-delivery.ts'

export interface LogStreamSettings {
  readonly format: LogStreamFormat
  /** Between an event and its delivery. */
  readonly delayMs: number
  readonly paused: boolean
}

/** What a person may set of the log stream; all but the target have defaults. */
export interface LogStreamOptions extends LogStreamTarget {
  readonly format?: LogStreamFormat
  readonly delayMs?: number
}

export interface LogStream {
  readonly settings: () => LogStreamSettings
  readonly target: () => LogStreamTarget | undefined
  /** The latest, oldest first. */
  readonly deliveries: readonly Delivery[]
  readonly configure: (options: LogStreamOptions) => void
  readonly change: (settings: Partial<LogStreamSettings>) => void
  readonly emit: (event: LogEvent) => void
  /** Sends what has been delivered once more. */
  readonly redeliver: () => void
  readonly close: () => void
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
export function createLogStream(options?: LogStreamOptions): LogStream {
  const closing = new AbortController()
  const deliveries: Delivery[] = []
  const pending: LogRecord[] = []
  const sent: LogRecord[] = []
  let settings: LogStreamSettings = { format: 'JSONARRAY', delayMs: 0, paused: false }
  let target: LogStreamTarget | undefined
  let isRunning = false

  const wait = (ms: number) => sleep(ms, undefined, { signal: closing.signal })
  const isReady = () => target !== undefined && !settings.paused && pending.length > 0

  const post = async (records: readonly LogRecord[]): Promise<boolean> => {
    for (const ms of TRIES_MS) {
      await wait(ms)
      if (target === undefined) return false
      const delivery = await deliverOnce(target, settings.format, records, closing.signal)
      closing.signal.throwIfAborted()
      if (deliveries.push(delivery) > MAX_KEPT) deliveries.shift()
      const { status } = delivery
      if (status !== null && status >= 200 && status < 300) return true
    }
    return false
  }
  const deliver = async (records: readonly LogRecord[]): Promise<boolean> => {
    // An object holds one record: as many deliveries as there are records.
    const bodies = settings.format === 'JSONOBJECT' ? records.map((one) => [one]) : [records]
    for (const body of bodies) if (!(await post(body))) return false
    return true
  }
  const run = async () => {
    while (isReady()) {
      await wait(settings.delayMs + BATCH_MS)
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
  const start = () => {
    if (isRunning || closing.signal.aborted || !isReady()) return
    isRunning = true
    run()
      // Only closing ends it early.
      .catch(() => undefined)
      .finally(() => {
        isRunning = false
        start()
      })
  }
  const change = (changes: Partial<LogStreamSettings>) => {
    settings = { ...settings, ...changes }
    start()
  }
  const configure = ({ url, authorization, ...changes }: LogStreamOptions) => {
    target = { url, authorization }
    change(changes)
  }
  if (options !== undefined) configure(options)

  return {
    settings: () => settings,
    target: () => target,
    deliveries,
    configure,
    change,
    emit: (event) => {
      const date = new Date().toISOString()
      const log_id = `900${date.replaceAll(/\D/g, '')}${randomUUID().slice(0, 8)}`
      const common = { date, log_id, tenant_name: 'stand-in', environment_name: 'local' }
      pending.push({ log_id, data: { ...common, ...event } })
      start()
    },
    redeliver: () => {
      pending.push(...sent.splice(0))
      start()
    },
    close: () => closing.abort(),
  }
}
