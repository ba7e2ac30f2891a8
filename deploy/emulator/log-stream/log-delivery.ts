import { parseJson } from '../http.ts'

export type LogStreamFormat = 'JSONLINES' | 'JSONARRAY' | 'JSONOBJECT'

/** The endpoint of a log stream and the form of its deliveries. */
export interface LogStreamTarget {
  readonly url: string
  /** The header fields of every delivery, including the exact `authorization`. */
  readonly headers: Readonly<Record<string, string>>
  readonly format: LogStreamFormat
}

export interface LogEvent {
  readonly type: string
  readonly description: string
  readonly [member: string]: unknown
}

export interface LogRecord {
  readonly log_id: string
  readonly data: LogEvent & { readonly date: string; readonly log_id: string }
}

/** One attempt to deliver records, as `GET /__tenant` shows it. */
export interface Delivery {
  readonly at: string
  /** The `log_id` of each record, in the order of the delivery. */
  readonly records: readonly string[]
  readonly count: number
  /** The status of the response; null without a response. */
  readonly status: number | null
  /** The body of the response, parsed if it is JSON; without a response, the reason. */
  readonly answer: unknown
}

const TIMEOUT_MS = 60_000
const MAX_ANSWER_CHARACTERS = 2_000

/** Posts records once. Never rejects. */
export async function deliverOnce(
  { url, headers, format }: LogStreamTarget,
  records: readonly LogRecord[],
  closing: AbortSignal,
): Promise<Delivery> {
  const about = {
    at: new Date().toISOString(),
    records: records.map(({ log_id }) => log_id),
    count: records.length,
  }
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: write(format, records),
      redirect: 'manual',
      signal: AbortSignal.any([closing, AbortSignal.timeout(TIMEOUT_MS)]),
    })
    const text = await response.text()
    const answer = parseJson(text) ?? text.slice(0, MAX_ANSWER_CHARACTERS)
    return { ...about, status: response.status, answer }
  } catch (error) {
    return { ...about, status: null, answer: error instanceof Error ? reason(error) : 'failed' }
  }
}

/** Appends the message of the cause, because that of `fetch` does not state the reason. */
function reason({ message, cause }: Error): string {
  return cause instanceof Error ? `${message}: ${cause.message}` : message
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
