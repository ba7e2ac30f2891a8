import { type LogRecord, parseLogRecords } from '../../../functions/log-webhook/log-record.ts'
import { HttpError } from '../../../shared/http/http-error.ts'
import { atOnce } from '../../../shared/json/turns.ts'
import { asObject } from '../../../shared/json.ts'
import { type FuzzTarget, MARKER, must, onlyRefuses } from '../target.ts'

const data = {
  type: 'sapi',
  description: 'Dynamic client registration',
  date: '2026-11-28T06:00:00.000Z',
  client_id: MARKER,
  details: { response: { body: { client_id: `tpc_${MARKER}` } } },
}
const record = { log_id: '900', data }
const MAX_ID = 256

/** Deliveries of the log stream in each format. */
export const logRecordsTarget: FuzzTarget = {
  name: 'log-records',
  seeds: [
    JSON.stringify([record, data]),
    JSON.stringify(record),
    `${JSON.stringify(record)}\n${JSON.stringify(data)}\r\n`,
    JSON.stringify({ ...data, description: 'Client ID Metadata Document', details: null }),
    JSON.stringify([{ ...record, data: { ...data, type: 's', date: 'yesterday' } }]),
  ],
  check: (text) => {
    const records = onlyRefuses([HttpError], () => atOnce(parseLogRecords(Buffer.from(text))))
    if (records === undefined) return
    for (const { registeredClientId: id, date } of records) {
      must(id === undefined || (id.length > 0 && id.length <= MAX_ID), 'an id is empty or too long')
      must(date === undefined || Number.isFinite(date), 'a date is not a time')
    }
    const list = asList(text)
    if (list === undefined || list.length === 0) return
    const lines = list.map((one) => JSON.stringify(one)).join('\n')
    must(
      written(atOnce(parseLogRecords(Buffer.from(lines)))) === written(records),
      'the result depends on the format',
    )
  },
}

function asList(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text).toString())
    return Array.isArray(value) && value.every((one) => asObject(one) !== undefined)
      ? value
      : undefined
  } catch {
    return undefined
  }
}

function written(records: readonly LogRecord[]): string {
  return JSON.stringify(records)
}
