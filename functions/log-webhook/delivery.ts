import type { AdmitClient } from '../../shared/auth0/admission.ts'
import { AdmissionError } from '../../shared/auth0/admission-error.ts'
import type { Log } from '../../shared/log.ts'
import { remember } from '../../shared/remember.ts'
import type { LogRecord } from './log-record.ts'

/** What the answer says of one record; `retry` marks a failure for a passing reason. */
export interface RecordOutcome {
  readonly log_id?: string | undefined
  readonly client_id?: string
  readonly outcome: string
  readonly reason?: string | undefined
  /** How an admitted client reaches people and the API. */
  readonly way?: 'promoted' | 'granted'
  /** The code of the promotion that Auth0 refused. */
  readonly promotion?: string
  readonly missing_scope?: string | undefined
  /** What the tenant may have no more of. */
  readonly limit_reached?: string | undefined
  /** The steps that had changed something before the one that failed. */
  readonly done?: readonly string[]
  readonly retry?: true
}

export interface DeliveryOptions {
  readonly admit: AdmitClient
  /** How long a delivery may take; what is not done by then comes with the redelivery. */
  readonly deadlineMs?: number
  /** Aborted when the process is about to end: no further client is begun. */
  readonly ending?: AbortSignal | undefined
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

// Hosting ends a request after 60 s.
const DEADLINE_MS = 40_000
const SETTLING_MS = 60_000
const CLIENTS_REMEMBERED = 10_000

/**
 * Returns a function that admits or refuses every newly registered client of a delivery, one after
 * the other. Those that an earlier delivery has settled come last, and what was found of them then
 * stands when there is no time for them: else a long delivery would stop at the same place each time.
 * At a failure that every other client would meet it stops too, and all that are left come again.
 */
export function createDelivery({
  admit,
  deadlineMs = DEADLINE_MS,
  ending,
  now = Date.now,
}: DeliveryOptions): (records: readonly LogRecord[], log: Log) => Promise<RecordOutcome[]> {
  const known = new Map<string, RecordOutcome>()
  const reasonToStop = (deadline: number): string | undefined => {
    if (ending?.aborted) return 'ending'
    return now() < deadline ? undefined : 'deadline'
  }
  return async (records, log) => {
    const deadline = now() + deadlineMs
    const signal = AbortSignal.timeout(deadlineMs)
    const outcomes = new Map<string, RecordOutcome>()
    let stop: string | undefined
    let isFailing = false
    let areOldGone = false
    for (const [clientId, { date, isGuess }] of unknownFirst(newClients(records), known)) {
      stop = reasonToStop(deadline)
      if (stop !== undefined) break
      // Read again, it would look like one that is still to come.
      if (known.get(clientId)?.outcome === 'deleted') continue
      const isOld = date !== undefined && now() - date >= SETTLING_MS
      const isNew = date !== undefined && !isOld
      const isGone = isOld && areOldGone
      const hints = { isGone, isGuess }
      const settled = await settle((id) => admit(id, signal, hints), clientId, isNew, log)
      // After a flood that was cleaned up, to wait for each would hold up those that come later.
      areOldGone ||= isOld && settled.isNotFound
      if (signal.aborted && known.has(clientId)) continue
      outcomes.set(clientId, settled.outcome)
      if (!settled.outcome.retry)
        remember(known, clientId, asKnown(settled.outcome), CLIENTS_REMEMBERED)
      isFailing = settled.isGeneral
      stop = settled.outcome.reason
      if (isFailing) break
    }
    const deferred: RecordOutcome = { outcome: 'deferred', reason: stop, retry: true }
    const outcomeOf = (id: string) => outcomes.get(id) ?? (isFailing ? undefined : known.get(id))
    return records.map(({ logId, registeredClientId: id }) =>
      id === undefined
        ? { log_id: logId, outcome: 'ignored' }
        : { log_id: logId, client_id: id, ...(outcomeOf(id) ?? deferred) },
    )
  }
}

interface NewClient {
  /** Milliseconds since the epoch; undefined = not known. */
  readonly date: number | undefined
  readonly isGuess: boolean
}

function newClients(records: readonly LogRecord[]): Map<string, NewClient> {
  const clients = new Map<string, NewClient>()
  for (const { registeredClientId: id, date, isGuess = false } of records) {
    if (id === undefined) continue
    // A certain record of the same client counts, wherever it stands.
    clients.set(id, { date, isGuess: isGuess && clients.get(id)?.isGuess !== false })
  }
  return clients
}

function unknownFirst<Value>(
  clients: ReadonlyMap<string, Value>,
  known: ReadonlyMap<string, unknown>,
): (readonly [string, Value])[] {
  return [...clients].sort(([one], [other]) => Number(known.has(one)) - Number(known.has(other)))
}

/** What a redelivery is told of a client that is settled. */
function asKnown(settled: RecordOutcome): RecordOutcome {
  const isAdmitted = settled.outcome === 'admitted'
  return isAdmitted ? { ...settled, outcome: 'already_admitted' } : settled
}

interface Settled {
  readonly outcome: RecordOutcome
  /** Whether every other client would fail alike. */
  readonly isGeneral: boolean
  readonly isNotFound: boolean
}

async function settle(
  admit: AdmitClient,
  clientId: string,
  isNew: boolean,
  log: Log,
): Promise<Settled> {
  try {
    const { outcome, reason, clientName, mode, way, promotion } = await admit(clientId)
    const write = outcome === 'refused' || outcome === 'deleted' ? log.warning : log.info
    const served = { ...(way && { way }), ...(promotion && { promotion }) }
    const about = { client: clientId, client_name: clientName, mode, reason, ...served }
    write(`client_${outcome}`, about)
    return { outcome: { outcome, ...served }, isGeneral: false, isNotFound: false }
  } catch (error) {
    if (!(error instanceof AdmissionError)) throw error
    const { code, status, missingScope, limitReached, done, promotion } = error
    // A client that Auth0 has never heard of may be too new still; an old one is gone.
    const isNotFound = status === 404
    const retry = error.passing || (isNotFound && isNew)
    const about = {
      ...{ client: clientId, code, promotion, done, retry },
      ...{ missing_scope: missingScope, limit_reached: limitReached },
    }
    log.error('admission_failed', about)
    const outcome: RecordOutcome = {
      outcome: 'failed',
      reason: code,
      ...(promotion !== undefined && { promotion }),
      ...(missingScope !== undefined && { missing_scope: missingScope }),
      ...(limitReached !== undefined && { limit_reached: limitReached }),
      ...(done.length > 0 && { done }),
      ...(retry && { retry }),
    }
    return { outcome, isGeneral: error.general, isNotFound }
  }
}
