import { type Handler, json } from '../../shared/http/http.ts'
import { HttpError, methodNotAllowed, notFound } from '../../shared/http/http-error.ts'
import { inTurns } from '../../shared/json/turns.ts'
import { LOG_WEBHOOK_PATH } from '../../shared/oauth/protected-resource.ts'
import { equalsSecret } from '../../shared/secret.ts'
import { createDelivery, type DeliveryOptions } from './delivery.ts'
import { parseLogRecords } from './log-record.ts'

export interface LogWebhookOptions extends DeliveryOptions {
  /** The accepted Authorization values, with or without `Bearer `; newest first. */
  readonly secrets: readonly string[]
}

const RETRY_AFTER_SECONDS = '30'
// Enough for thousands of records.
const MAX_DELIVERY_BYTES = 8 * 1024 * 1024

/**
 * Handles deliveries of Auth0's log stream: admits or refuses each newly registered client. Answers
 * 200 if all records are settled, and 503 if any record must be delivered again.
 */
export function createLogWebhook({ secrets, ...options }: LogWebhookOptions): Handler {
  const settleDelivery = createDelivery(options)
  return async ({ path, method, authorization, body, log }) => {
    if (path !== LOG_WEBHOOK_PATH && path !== '/') throw notFound()
    if (method !== 'POST') throw methodNotAllowed(['POST'])
    if (!isLogStream(authorization, secrets)) throw unauthorized(authorization)
    const delivery = body({ maxBytes: MAX_DELIVERY_BYTES })
    const records = await delivery.then((bytes) => inTurns(parseLogRecords(bytes)))
    const outcomes = await settleDelivery(records, log)
    const status = outcomes.some(({ retry }) => retry) ? 503 : 200
    const clients = new Set(outcomes.flatMap(({ client_id }) => client_id ?? []))
    log.info('delivery_handled', { records: outcomes.length, clients: clients.size, status })
    const headers = status === 503 ? { 'retry-after': RETRY_AFTER_SECONDS } : {}
    return json(status, { records: outcomes }, headers)
  }
}

function isLogStream(authorization: readonly string[], secrets: readonly string[]): boolean {
  const [value = ''] = authorization
  const presented = value.replace(/^Bearer /i, '')
  const matches = secrets.filter((secret) =>
    equalsSecret(presented, secret.replace(/^Bearer /i, '')),
  )
  return authorization.length === 1 && matches.length > 0
}

function unauthorized(authorization: readonly string[]): HttpError {
  return new HttpError(401, 'unauthorized', 'The Authorization header is missing or wrong.', {
    headers: { 'www-authenticate': 'Bearer' },
    reason: authorization.length === 0 ? 'authorization_missing' : 'authorization_wrong',
  })
}
