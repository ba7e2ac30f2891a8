import { randomUUID } from 'node:crypto'
import type { TenantLogStream, TenantState } from '../state.ts'
import { passes } from './log-categories.ts'
import type { Delivery, LogEvent, LogRecord } from './log-delivery.ts'
import { createLogStream, type LogStream } from './log-stream.ts'
import {
  INITIAL_SETTINGS,
  type LogStreamOptions,
  type LogStreamSettings,
  localStream,
  settingsOf,
  targetOf,
  withSettings,
} from './log-stream-settings.ts'

/** The tenant's log and its log streams. */
export interface TenantLog {
  readonly emit: (event: LogEvent) => void
  /** Returns the settings at `/__tenant`: those of the first stream. */
  readonly settings: () => LogStreamSettings
  /** Changes the settings of every stream. */
  readonly change: (settings: Partial<LogStreamSettings>) => void
  /** The latest deliveries of all streams, oldest first. */
  readonly deliveries: readonly Delivery[]
  /**
   * Sets up this system's stream. It also delivers the records that were logged before any stream
   * existed.
   */
  readonly configure: (options: LogStreamOptions) => void
  /** Starts a stream of the state with its first records. */
  readonly start: (stream: TenantLogStream, records?: readonly LogRecord[]) => void
  /** Applies changes of the state to the running streams. */
  readonly refresh: () => void
  readonly redeliver: () => void
  /** Removes all streams, settings and deliveries. */
  readonly clear: () => void
}

const MAX_RECORDS = 5_000
const MAX_DELIVERIES = 200

export function createTenantLog(state: TenantState): TenantLog {
  const { logs, logStreams } = state
  const running = new Map<string, LogStream>()
  const deliveries: Delivery[] = []
  const undelivered: LogRecord[] = []
  let settings: LogStreamSettings = INITIAL_SETTINGS

  const first = () => [...logStreams.values()][0]
  const start = ({ id }: TenantLogStream, records: readonly LogRecord[] = []) => {
    const stream = createLogStream({
      target: () =>
        state.traits.logStreams === 'allowed' ? targetOf(logStreams.get(id)) : undefined,
      delayMs: () => settings.delayMs,
      onDelivery: (delivery) => {
        if (deliveries.push(delivery) > MAX_DELIVERIES) deliveries.shift()
      },
    })
    running.set(id, stream)
    stream.push(records)
  }
  const refresh = () => {
    for (const [id, stream] of running) {
      if (logStreams.has(id)) stream.wake()
      else {
        stream.close()
        running.delete(id)
      }
    }
  }
  const change = (changes: Partial<LogStreamSettings>) => {
    settings = { ...settings, ...changes }
    for (const [id, stream] of logStreams) logStreams.set(id, withSettings(stream, changes))
    refresh()
  }

  return {
    emit: (event) => {
      const record = toRecord(event)
      if (logs.push(record) > MAX_RECORDS) logs.shift()
      if (logStreams.size === 0 && undelivered.push(record) > MAX_RECORDS) undelivered.shift()
      for (const [id, stream] of logStreams) {
        if (passes(stream, record.data)) running.get(id)?.push([record])
      }
    },
    settings: () => ({ ...settings, ...settingsOf(first()) }),
    change,
    deliveries,
    configure: ({ url, authorization, ...changes }) => {
      settings = { ...settings, ...changes }
      const previous = first()
      const stream = localStream(url, authorization, settings, previous)
      logStreams.set(stream.id, stream)
      if (previous === undefined) {
        start(
          stream,
          undelivered.splice(0).filter(({ data }) => passes(stream, data)),
        )
      } else refresh()
    },
    start,
    refresh,
    redeliver: () => {
      for (const stream of running.values()) stream.redeliver()
    },
    clear: () => {
      for (const stream of running.values()) stream.close()
      running.clear()
      deliveries.splice(0)
      undelivered.splice(0)
      settings = INITIAL_SETTINGS
    },
  }
}

function toRecord(event: LogEvent): LogRecord {
  const date = new Date().toISOString()
  const log_id = `900${date.replaceAll(/\D/g, '')}${randomUUID().slice(0, 8)}`
  const common = { date, log_id, tenant_name: 'emulator', environment_name: 'local' }
  return { log_id, data: { ...common, ...event } }
}
