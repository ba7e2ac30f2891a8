import type { AdmitClient } from '../../shared/admission.ts'
import { AdmissionError } from '../../shared/admission-error.ts'
import { type Handler, json } from '../../shared/http.ts'
import { HttpError, methodNotAllowed, notFound } from '../../shared/http-error.ts'
import type { Log } from '../../shared/log.ts'
import { equalsSecret } from '../../shared/secret.ts'
import { type LogRecord, parseLogRecords } from './log-record.ts'

/** What the answer says of one record; `retry` marks a failure for a passing reason. */
export interface RecordOutcome {
  readonly log_id?: string | undefined
  readonly client_id?: string
  readonly outcome: string
  readonly reason?: string
  readonly missing_scope?: string | undefined
  /** The steps that had changed something before the one that failed. */
  readonly done?: readonly string[]
  readonly retry?: true
}

export interface LogWebhookOptions {
  /** What the log stream may send as Authorization, with or without `Bearer `; newest first. */
  readonly secrets: readonly string[]
  readonly admit: AdmitClient
  /** How long a delivery may take; what is not done by then comes with the redelivery. */
  readonly deadlineMs?: number
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

const PATH = '/auth0-log-webhook'
// Hosting ends a request after 60 s.
const DEADLINE_MS = 40_000
const SETTLING_MS = 60_000

/**
 * Auth0's log stream: every newly registered client of a delivery is admitted or refused, one after
 * the other. 200 when all records are settled, 503 when any should be delivered again.
 */
export function createLogWebhook({
  secrets,
  admit,
  deadlineMs = DEADLINE_MS,
  now = Date.now,
}: LogWebhookOptions): Handler {
  return async (request) => {
    if (request.path !== PATH && request.path !== '/') throw notFound()
    if (request.method !== 'POST') throw methodNotAllowed(['POST'])
    checkSecret(request.authorization, secrets)
    const records = parseLogRecords(request.body())
    const deadline = now() + deadlineMs
    const signal = AbortSignal.timeout(deadlineMs)
    const settled = new Map<string, RecordOutcome>()
    const outcomes: RecordOutcome[] = []
    for (const record of records) {
      const { logId, registeredClientId: clientId } = record
      if (clientId === undefined) {
        outcomes.push({ log_id: logId, outcome: 'ignored' })
        continue
      }
      const outcome =
        settled.get(clientId) ??
        (now() < deadline
          ? await settle((id) => admit(id, signal), clientId, record, now(), request.log)
          : ({ outcome: 'deferred', reason: 'deadline', retry: true } as const))
      settled.set(clientId, outcome)
      outcomes.push({ log_id: logId, client_id: clientId, ...outcome })
    }
    const status = outcomes.some(({ retry }) => retry) ? 503 : 200
    request.log.info('delivery_handled', { records: records.length, clients: settled.size, status })
    return json(status, { records: outcomes }, status === 503 ? { 'retry-after': '30' } : {})
  }
}

function checkSecret(authorization: readonly string[], secrets: readonly string[]): void {
  const [value = ''] = authorization
  const given = value.replace(/^Bearer /i, '')
  const matches = secrets.filter((secret) => equalsSecret(given, secret.replace(/^Bearer /i, '')))
  if (authorization.length === 1 && matches.length > 0) return
  throw new HttpError(401, 'unauthorized', "The log stream's Authorization is wrong or missing.", {
    headers: { 'www-authenticate': 'Bearer' },
    reason: authorization.length === 0 ? 'authorization_missing' : 'authorization_wrong',
  })
}

async function settle(
  admit: AdmitClient,
  clientId: string,
  { date }: LogRecord,
  at: number,
  log: Log,
): Promise<RecordOutcome> {
  try {
    const { outcome, clientName, mode } = await admit(clientId)
    const write = outcome === 'refused' || outcome === 'deleted' ? log.warning : log.info
    write(`client_${outcome}`, { client: clientId, client_name: clientName, mode })
    return { outcome }
  } catch (error) {
    if (!(error instanceof AdmissionError)) throw error
    const { code, status, missingScope, done } = error
    // A client that Auth0 has never heard of may be too new still; an old one is gone.
    const maybeTooNew = status === 404 && date !== undefined && at - date < SETTLING_MS
    const retry = error.passing || maybeTooNew
    log.error('admission_failed', {
      client: clientId,
      code,
      missing_scope: missingScope,
      done,
      retry,
    })
    return {
      outcome: 'failed',
      reason: code,
      ...(missingScope !== undefined && { missing_scope: missingScope }),
      ...(done.length > 0 && { done }),
      ...(retry && { retry }),
    }
  }
}
