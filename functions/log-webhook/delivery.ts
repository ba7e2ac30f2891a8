import type { AdmitClient } from '../../shared/auth0/admission.ts'
import { AdmissionError } from '../../shared/auth0/admission-error.ts'
import type { Log } from '../../shared/log.ts'
import { setBounded } from '../../shared/set-bounded.ts'
import type { LogRecord } from './log-record.ts'

/** What the response says about one record. `retry` marks a transient failure. */
export interface RecordOutcome {
  readonly log_id?: string | undefined
  readonly client_id?: string
  readonly outcome: string
  readonly reason?: string | undefined
  /** How the client was admitted. */
  readonly way?: 'promoted' | 'granted'
  /** The code of the promotion that Auth0 refused. */
  readonly promotion?: string
  readonly missing_scope?: string | undefined
  /** The kind of entity whose limit the tenant has reached. */
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
const MAX_KNOWN_CLIENTS = 10_000

/** One newly registered client of a delivery. */
interface ClientState {
  readonly id: string
  /** When it was registered, in milliseconds since the epoch; undefined = not known. */
  readonly date: number | undefined
  readonly isGuess: boolean
  /** What this delivery has found; undefined while the client waits. */
  outcome: RecordOutcome | undefined
}

/** Why the clients that still wait are left to the redelivery. */
interface Stop {
  readonly reason: string | undefined
  /** Every other client would fail alike, so earlier outcomes do not stand either. */
  readonly affectsAllClients: boolean
}

/**
 * Returns a function that admits or refuses every newly registered client of a delivery, one after
 * the other. Those that an earlier delivery has settled come last, and their earlier outcome stands
 * when there is no time for them: else a long delivery would stop at the same place each time. It also
 * stops at a failure that every other client would meet, and all that wait come again.
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
    const clients = clientsIn(records)
    const waiting = unknownFirst(clients, known).values()
    let stop: Stop | undefined
    let areOldGone = false

    /** The next client to settle; undefined when none waits or the delivery has to stop. */
    const next = (): ClientState | undefined => {
      if (stop !== undefined) return undefined
      for (let step = waiting.next(); !step.done; step = waiting.next()) {
        const client = step.value
        const reason = reasonToStop(deadline)
        if (reason !== undefined) {
          stop = { reason, affectsAllClients: false }
          return undefined
        }
        // Read again, a deleted client would look like one that Auth0 does not have yet.
        if (known.get(client.id)?.outcome !== 'deleted') return client
      }
      return undefined
    }

    for (let client = next(); client !== undefined; client = next()) {
      const age = client.date === undefined ? undefined : now() - client.date
      const isOld = age !== undefined && age >= SETTLING_MS
      const isNew = age !== undefined && !isOld
      const hints = { isGone: isOld && areOldGone, isGuess: client.isGuess }
      const settled = await settle(() => admit(client.id, signal, hints), client.id, isNew, log)
      // After many clients were deleted, to wait for each would delay those that come later.
      areOldGone ||= isOld && settled.isNotFound
      const { outcome, affectsAllClients } = settled
      if (signal.aborted && known.has(client.id)) continue
      client.outcome = outcome
      if (!outcome.retry) setBounded(known, client.id, asKnown(outcome), MAX_KNOWN_CLIENTS)
      if (affectsAllClients) stop = { reason: outcome.reason, affectsAllClients }
    }

    const outcomeOf = (id: string): RecordOutcome =>
      clients.get(id)?.outcome ??
      (stop?.affectsAllClients ? undefined : known.get(id)) ?? {
        outcome: 'deferred',
        reason: stop?.reason,
        retry: true,
      }
    return records.map(({ logId, registeredClientId: id }) =>
      id === undefined
        ? { log_id: logId, outcome: 'ignored' }
        : { log_id: logId, client_id: id, ...outcomeOf(id) },
    )
  }
}

function clientsIn(records: readonly LogRecord[]): Map<string, ClientState> {
  const clients = new Map<string, ClientState>()
  for (const { registeredClientId: id, date, isGuess = false } of records) {
    if (id === undefined) continue
    // A certain record of the same client counts, wherever it stands.
    const isStillGuess = isGuess && clients.get(id)?.isGuess !== false
    clients.set(id, { id, date, isGuess: isStillGuess, outcome: undefined })
  }
  return clients
}

function unknownFirst(
  clients: ReadonlyMap<string, ClientState>,
  known: ReadonlyMap<string, unknown>,
): ClientState[] {
  return [...clients.values()].sort(
    (one, other) => Number(known.has(one.id)) - Number(known.has(other.id)),
  )
}

/** The outcome of a settled client for its redelivery. */
function asKnown(settled: RecordOutcome): RecordOutcome {
  const isAdmitted = settled.outcome === 'admitted'
  return isAdmitted ? { ...settled, outcome: 'already_admitted' } : settled
}

interface Settled {
  readonly outcome: RecordOutcome
  /** Whether every other client would fail in the same way. */
  readonly affectsAllClients: boolean
  readonly isNotFound: boolean
}

async function settle(
  admit: () => ReturnType<AdmitClient>,
  clientId: string,
  isNew: boolean,
  log: Log,
): Promise<Settled> {
  try {
    const { outcome, reason, clientName, mode, way, promotion } = await admit()
    const write = outcome === 'refused' || outcome === 'deleted' ? log.warning : log.info
    const served = { ...(way && { way }), ...(promotion && { promotion }) }
    const about = { client: clientId, client_name: clientName, mode, reason, ...served }
    write(`client_${outcome}`, about)
    return { outcome: { outcome, ...served }, affectsAllClients: false, isNotFound: false }
  } catch (error) {
    if (!(error instanceof AdmissionError)) throw error
    const { code, status, missingScope, limitReached, done, promotion } = error
    // Auth0 may not know a new client everywhere yet; an old client that it does not know is deleted.
    const isNotFound = status === 404
    const retry = error.isTransient || (isNotFound && isNew)
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
    return { outcome, affectsAllClients: error.affectsAllClients, isNotFound }
  }
}
