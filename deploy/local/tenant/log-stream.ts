import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

export type LogStreamFormat = 'JSONLINES' | 'JSONARRAY' | 'JSONOBJECT'

export interface LogStreamTarget {
  readonly url: string
  /** Sent as Authorization, to the letter. */
  readonly authorization: string
}

/** One try to deliver records, as `GET /__tenant` shows it. */
export interface Delivery {
  readonly at: string
  readonly records: readonly string[]
  /** Undefined when there was no answer. */
  readonly status: number | undefined
  readonly answer: unknown
}

export interface LogEvent {
  readonly type: string
  readonly description: string
  readonly [member: string]: unknown
}

interface LogRecord {
  readonly log_id: string
  readonly data: LogEvent & { readonly date: string; readonly log_id: string }
}

export interface LogStream {
  readonly settings: { format: LogStreamFormat; delayMs: number; paused: boolean }
  target: LogStreamTarget | undefined
  readonly deliveries: readonly Delivery[]
  readonly emit: (event: LogEvent) => void
  /** Sends all records once more. */
  readonly redeliver: () => void
  readonly close: () => void
}

const TRIES_MS = [0, 200, 500]
const AGAIN_MS = 1_000
const BATCH_MS = 20
const DELIVERY_TIMEOUT_MS = 60_000
const MAX_DELIVERIES = 200

/**
 * Auth0's log stream: batches, at least once and in no order. To make sure that somebody notices,
 * every delivery has its records backwards and the last record of the one before once more. What is
 * not answered with 2xx is tried three times, and again later, until it is.
 */
export function createLogStream(): LogStream {
  const closing = new AbortController()
  const settings = { format: 'JSONARRAY' as LogStreamFormat, delayMs: 0, paused: false }
  const deliveries: Delivery[] = []
  const pending: LogRecord[] = []
  const sent: LogRecord[] = []
  let running = false

  const wait = (ms: number) => sleep(ms, undefined, { signal: closing.signal })
  const post = async (records: readonly LogRecord[]): Promise<boolean> => {
    const { target } = stream
    if (target === undefined) return false
    const answer = await send(target, settings.format, records, closing.signal)
    const about = { at: new Date().toISOString(), records: records.map(({ log_id }) => log_id) }
    deliveries.push({ ...about, ...answer })
    if (deliveries.length > MAX_DELIVERIES) deliveries.shift()
    return answer.status !== undefined && answer.status >= 200 && answer.status < 300
  }
  const deliver = async (records: readonly LogRecord[]): Promise<boolean> => {
    const backwards = [...records].reverse()
    // An object is one record: as many deliveries as there are records.
    const bodies =
      settings.format === 'JSONOBJECT' ? backwards.map((record) => [record]) : [backwards]
    for (const body of bodies) {
      let settled = false
      for (const ms of TRIES_MS) {
        await wait(ms)
        settled = await post(body)
        if (settled) break
      }
      if (!settled) return false
    }
    return true
  }
  const run = async () => {
    while (pending.length > 0) {
      await wait(settings.delayMs + BATCH_MS)
      while (settings.paused) await wait(BATCH_MS)
      const batch = pending.splice(0)
      const [last] = sent.slice(-1)
      if (await deliver(last === undefined ? batch : [last, ...batch])) sent.push(...batch)
      else {
        pending.unshift(...batch)
        await wait(AGAIN_MS)
      }
    }
  }
  const start = () => {
    if (running) return
    running = true
    run()
      // Only closing ends it early.
      .catch(() => undefined)
      .finally(() => {
        running = false
        if (pending.length > 0 && !closing.signal.aborted) start()
      })
  }

  const stream: LogStream = {
    settings,
    target: undefined,
    deliveries,
    emit: (event) => {
      const log_id = `9002026${Date.now()}${randomUUID().slice(0, 8)}`
      pending.push({ log_id, data: { date: new Date().toISOString(), log_id, ...event } })
      start()
    },
    redeliver: () => {
      pending.push(...sent)
      start()
    },
    close: () => closing.abort(),
  }
  return stream
}

async function send(
  { url, authorization }: LogStreamTarget,
  format: LogStreamFormat,
  records: readonly LogRecord[],
  closing: AbortSignal,
): Promise<Pick<Delivery, 'status' | 'answer'>> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: write(format, records),
      redirect: 'error',
      signal: AbortSignal.any([closing, AbortSignal.timeout(DELIVERY_TIMEOUT_MS)]),
    })
    const text = await response.text()
    return { status: response.status, answer: parse(text) }
  } catch (error) {
    return { status: undefined, answer: error instanceof Error ? error.message : 'failed' }
  }
}

function write(format: LogStreamFormat, records: readonly LogRecord[]): string {
  switch (format) {
    case 'JSONARRAY':
      return JSON.stringify(records)
    case 'JSONLINES':
      return records.map((record) => JSON.stringify(record)).join('\n')
    case 'JSONOBJECT':
      return JSON.stringify(records[0])
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text.slice(0, 500)
  }
}
