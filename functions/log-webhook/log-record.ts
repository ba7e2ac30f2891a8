import { isUtf8 } from 'node:buffer'
import * as z from 'zod/mini'
import { HttpError } from '../../shared/http/http-error.ts'
import { MAX_BODY_BYTES, tooLarge } from '../../shared/http/request-body.ts'
import { asObject } from '../../shared/json.ts'
import { valuesOfDelivery } from './delivery-body.ts'

/** The parts of an Auth0 log record that this system uses. */
export interface LogRecord {
  readonly logId: string | undefined
  /** The dynamically registered client that the record reports; undefined for other records. */
  readonly registeredClientId: string | undefined
  /**
   * Whether the record only seems to report a client that registered itself by its metadata
   * document.
   */
  readonly isGuess?: boolean
  /** Milliseconds since the epoch; undefined when the record has no readable date. */
  readonly date: number | undefined
}

const REGISTRATION = 'Dynamic client registration'
/**
 * Auth0 does not document how it logs a client that registers itself by a client ID metadata
 * document. A record counts as such a registration if its description mentions these documents and
 * its client id has the form of Auth0's ids. The client is then read, and only its own marker
 * decides.
 */
const BY_METADATA_DOCUMENT = /client id metadata document|\bCIMD\b/i
const CLIENT_ID = /^[\w-]+$/

const clientId = z.string().check(z.minLength(1), z.maxLength(256))
const event = z.looseObject({
  description: z.catch(z.optional(z.string()), undefined),
  client_id: z.catch(z.optional(clientId), undefined),
  details: z.catch(
    z.optional(
      z.looseObject({
        response: z.looseObject({ body: z.looseObject({ client_id: clientId }) }),
      }),
    ),
    undefined,
  ),
})

/** Parsing this many bytes takes a few milliseconds. */
const TURN_BYTES = 256 * 1024

/**
 * Reads a delivery in any format of the log stream (JSON array, JSON object, JSON Lines). Each
 * record is bare or in Auth0's `{ log_id, data }` envelope. Records may be nested to any depth,
 * because they quote what clients sent. Yields to let other requests run, and returns the records.
 *
 * @throws HttpError 400 for any other format, and 413 for a body longer than `MAX_BODY_BYTES` that
 * is malformed or whose records exceed that length on average.
 */
export function* parseLogRecords(body: Buffer): Generator<undefined, LogRecord[]> {
  const isLong = body.length > MAX_BODY_BYTES
  try {
    const records = yield* recordsOf(body)
    if (isLong && records.length * MAX_BODY_BYTES < body.length) throw tooLarge(MAX_BODY_BYTES)
    return records
  } catch (error) {
    throw isLong && error instanceof HttpError ? tooLarge(MAX_BODY_BYTES) : error
  }
}

function* recordsOf(body: Buffer): Generator<undefined, LogRecord[]> {
  if (!isUtf8(body)) throw malformed('not_utf8')
  const records: LogRecord[] = []
  let turnEnd = TURN_BYTES
  for (const { parsed, end } of valuesOfDelivery(body)) {
    if (parsed === undefined) throw malformed('not_json')
    records.push(toRecord(parsed.value))
    if (end < turnEnd) continue
    turnEnd = end + TURN_BYTES
    yield
  }
  return records
}

function toRecord(value: unknown): LogRecord {
  const envelope = asObject(value)
  if (envelope === undefined) throw malformed('record_not_an_object')
  const data = asObject(envelope['data'])
  const record = data ?? envelope
  const logId = stringOf(envelope['log_id']) ?? stringOf(record['log_id'])
  const timestamp = Date.parse(stringOf(record['date']) ?? '')
  const date = Number.isNaN(timestamp) ? undefined : timestamp
  // Skips the schema check for all other events, of which a busy tenant sends thousands.
  if (record['type'] !== 'sapi') return { logId, registeredClientId: undefined, date }
  const { description, client_id, details } = event.parse(record)
  const isRegistration = description?.trim() === REGISTRATION
  // If the response has no client id, the event's own is used. No other id is tried.
  const id = details?.response.body.client_id ?? client_id
  const isGuess =
    !isRegistration && BY_METADATA_DOCUMENT.test(description ?? '') && CLIENT_ID.test(id ?? '')
  return {
    logId,
    registeredClientId: isRegistration || isGuess ? id : undefined,
    ...(isGuess && { isGuess }),
    date,
  }
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function malformed(reason: string): HttpError {
  return new HttpError(
    400,
    'invalid_request',
    'Send JSON records: an array, an object, or lines.',
    {
      reason: `delivery_${reason}`,
    },
  )
}
