import { isUtf8 } from 'node:buffer'
import * as z from 'zod/mini'
import { HttpError } from '../../shared/http/http-error.ts'
import { MAX_BODY_BYTES, tooLarge } from '../../shared/http/request-body.ts'
import { asObject } from '../../shared/json.ts'
import { valuesOfDelivery } from './delivery-body.ts'

/** One record of Auth0's log stream, as far as this system reads it. */
export interface LogRecord {
  readonly logId: string | undefined
  /** The client that this record says was registered dynamically; undefined for other records. */
  readonly registeredClientId: string | undefined
  /** The record may be of a client that registered itself by its metadata document. */
  readonly isGuess?: boolean
  /** Milliseconds since the epoch; undefined when the record has no readable date. */
  readonly date: number | undefined
}

const REGISTRATION = 'Dynamic client registration'
/**
 * How Auth0 logs a client that registers itself by its metadata document is not documented. A record
 * is worth reading the client for when its description speaks of such documents and it has an id of
 * the form that Auth0 gives to clients; only the client's own marker decides.
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

/** So many bytes are read in a few milliseconds. */
const TURN_BYTES = 256 * 1024

/**
 * Reads a delivery in any of the log stream's formats (JSON array, JSON object, JSON Lines), each
 * record bare or in Auth0's `{ log_id, data }` envelope. Records quote what clients sent, so a deeply
 * nested one is read like the others. Yields where other requests may have a turn, and returns the
 * records.
 *
 * @throws HttpError 400 for any other format, 413 when it is longer than `MAX_BODY_BYTES` and not
 * for holding many records.
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
  const given = data ?? envelope
  const logId = textOf(envelope['log_id']) ?? textOf(given['log_id'])
  const at = Date.parse(textOf(given['date']) ?? '')
  const date = Number.isNaN(at) ? undefined : at
  // Nearly all records are of sign-ins and the like, and a busy tenant has thousands of them.
  if (given['type'] !== 'sapi') return { logId, registeredClientId: undefined, date }
  const { description, client_id, details } = event.parse(given)
  const isRegistration = description?.trim() === REGISTRATION
  // A null or absent id in the answer leaves the event's own; no other id is tried.
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

function textOf(value: unknown): string | undefined {
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
