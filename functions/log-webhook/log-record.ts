import * as z from 'zod'
import { HttpError } from '../../shared/http-error.ts'
import { asObject, decodeUtf8, parseJsonOfAnyDepth } from '../../shared/json.ts'
import { MAX_BODY_BYTES, tooLarge } from '../../shared/request-body.ts'

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

const clientId = z.string().min(1).max(256)
const event = z.looseObject({
  log_id: z.string().optional().catch(undefined),
  type: z.string().optional().catch(undefined),
  description: z.string().optional().catch(undefined),
  date: z.string().optional().catch(undefined),
  client_id: clientId.optional().catch(undefined),
  details: z
    .looseObject({
      response: z.looseObject({ body: z.looseObject({ client_id: clientId }) }),
    })
    .optional()
    .catch(undefined),
})

/**
 * Reads a delivery in any of the log stream's formats (JSON array, JSON object, JSON Lines), each
 * record bare or in Auth0's `{ log_id, data }` envelope.
 *
 * @throws HttpError 400 when it is none of them, 413 when it is longer than `MAX_BODY_BYTES` and not
 * for holding many records; nothing of it is read then.
 */
export function parseLogRecords(body: Buffer): LogRecord[] {
  const isLong = body.length > MAX_BODY_BYTES
  try {
    const records = parseDelivery(body).map(toRecord)
    if (isLong && records.length * MAX_BODY_BYTES < body.length) throw tooLarge(MAX_BODY_BYTES)
    return records
  } catch (error) {
    throw isLong && error instanceof HttpError ? tooLarge(MAX_BODY_BYTES) : error
  }
}

/** Records quote what clients sent, so a deep one must not hold up those beside it. */
function parseDelivery(body: Buffer): unknown[] {
  const text = decodeUtf8(body)
  if (text === undefined) throw malformed('not_utf8')
  const whole = parseJsonOfAnyDepth(text)
  if (whole !== undefined) return Array.isArray(whole.value) ? whole.value : [whole.value]
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const parsed = lines.map(parseJsonOfAnyDepth)
  if (lines.length === 0 || parsed.includes(undefined)) throw malformed('not_json')
  return parsed.map((line) => line?.value)
}

function toRecord(value: unknown): LogRecord {
  const envelope = asObject(value)
  if (envelope === undefined) throw malformed('record_not_an_object')
  const data = asObject(envelope['data'])
  const { log_id, type, description, date, client_id, details } = event.parse(data ?? envelope)
  const isRegistration = type === 'sapi' && description?.trim() === REGISTRATION
  // A null or absent id in the answer leaves the event's own; no other id is tried.
  const id = details?.response.body.client_id ?? client_id
  const isGuess =
    type === 'sapi' &&
    !isRegistration &&
    BY_METADATA_DOCUMENT.test(description ?? '') &&
    CLIENT_ID.test(id ?? '')
  const at = Date.parse(date ?? '')
  return {
    logId: typeof envelope['log_id'] === 'string' ? envelope['log_id'] : log_id,
    registeredClientId: isRegistration || isGuess ? id : undefined,
    ...(isGuess && { isGuess }),
    date: Number.isNaN(at) ? undefined : at,
  }
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
