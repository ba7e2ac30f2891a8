import type { AdmitClient } from '../../shared/auth0/admission.ts'
import { AdmissionError } from '../../shared/auth0/admission-error.ts'
import type { Log } from '../../shared/log.ts'
import { setBounded } from '../../shared/set-bounded.ts'
import type { LogRecord } from './log-record.ts'

/** The outcome of one record in the response. `retry` marks a transient failure. */
export interface RecordOutcome {
  readonly log_id?: string | undefined
  readonly client_id?: string
  readonly outcome: string
  readonly reason?: string | undefined
  /** How the client was admitted. */
  readonly way?: 'promoted' | 'granted'
  /** The error code if Auth0 refused the promotion. */
  readonly promotion?: string
  readonly missing_scope?: string | undefined
  /** The kind of entity of which the tenant has reached the limit. */
  readonly limit_reached?: string | undefined
  /** The completed steps that changed the tenant before the step that failed. */
  readonly done?: readonly string[]
  readonly retry?: true
}

export interface DeliveryOptions {
  readonly admit: AdmitClient
  /** How long one delivery may take. The remaining clients are left to the redelivery. */
  readonly deadlineMs?: number
  /** Aborted shortly before the process ends. No further client is started then. */
  readonly ending?: AbortSignal | undefined
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

// Firebase Hosting ends a request after 60 s.
const DEADLINE_MS = 40_000
const PROPAGATION_MS = 60_000
const MAX_EARLIER_OUTCOMES = 10_000

/** One newly registered client of a delivery. */
interface ClientState {
  readonly id: string
  /** When it was registered, in milliseconds since the epoch; undefined if unknown. */
  readonly date: number | undefined
  readonly isGuess: boolean
  /** The outcome in this delivery; undefined until the client has been processed. */
  outcome: RecordOutcome | undefined
}

/** Why the remaining clients are left to the redelivery. */
interface Stop {
  readonly reason: string | undefined
  /**
   * Whether every other client would fail in the same way. Earlier outcomes are then not reused.
   */
  readonly affectsAllClients: boolean
}

/**
 * Returns a function that admits or refuses the newly registered clients of a delivery, one after
 * the other. Clients that an earlier delivery has settled come last, and keep their earlier outcome
 * if time runs out. Otherwise a long delivery would stop at the same client each time. The function
 * also stops at a failure that every other client would meet. All remaining clients are then left
 * to the redelivery.
 */
export function createDelivery({
  admit,
  deadlineMs = DEADLINE_MS,
  ending,
  now = Date.now,
}: DeliveryOptions): (records: readonly LogRecord[], log: Log) => Promise<RecordOutcome[]> {
  const earlierOutcomes = new Map<string, RecordOutcome>()
  const reasonToStop = (deadline: number): string | undefined => {
    if (ending?.aborted) return 'ending'
    return now() < deadline ? undefined : 'deadline'
  }
  return async (records, log) => {
    const deadline = now() + deadlineMs
    const signal = AbortSignal.timeout(deadlineMs)
    const clients = clientsIn(records)
    const waiting = unsettledFirst(clients, earlierOutcomes).values()
    let stop: Stop | undefined
    let isOldClientMissing = false

    /** Returns the next client to settle; undefined if none is left or the delivery has to stop. */
    const next = (): ClientState | undefined => {
      if (stop !== undefined) return undefined
      for (let step = waiting.next(); !step.done; step = waiting.next()) {
        const client = step.value
        const reason = reasonToStop(deadline)
        if (reason !== undefined) {
          stop = { reason, affectsAllClients: false }
          return undefined
        }
        // A deleted client is not read again: Auth0 answers 404, as for a new client that it does
        // not find yet.
        if (earlierOutcomes.get(client.id)?.outcome !== 'deleted') return client
      }
      return undefined
    }

    for (let client = next(); client !== undefined; client = next()) {
      const age = client.date === undefined ? undefined : now() - client.date
      const isOld = age !== undefined && age >= PROPAGATION_MS
      const isNew = age !== undefined && !isOld
      const hints = { isGone: isOld && isOldClientMissing, isGuess: client.isGuess }
      const settled = await settle(() => admit(client.id, signal, hints), client.id, isNew, log)
      // If many clients were deleted, waiting for each of them would delay the clients after them.
      isOldClientMissing ||= isOld && settled.isNotFound
      const { outcome, affectsAllClients } = settled
      if (signal.aborted && earlierOutcomes.has(client.id)) continue
      client.outcome = outcome
      if (!outcome.retry)
        setBounded(earlierOutcomes, client.id, forRedelivery(outcome), MAX_EARLIER_OUTCOMES)
      if (affectsAllClients) stop = { reason: outcome.reason, affectsAllClients }
    }

    const outcomeOf = (id: string): RecordOutcome =>
      clients.get(id)?.outcome ??
      (stop?.affectsAllClients ? undefined : earlierOutcomes.get(id)) ?? {
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
    // If any record of a client is certain, the client is not a guess.
    const isStillGuess = isGuess && clients.get(id)?.isGuess !== false
    clients.set(id, { id, date, isGuess: isStillGuess, outcome: undefined })
  }
  return clients
}

function unsettledFirst(
  clients: ReadonlyMap<string, ClientState>,
  earlierOutcomes: ReadonlyMap<string, unknown>,
): ClientState[] {
  return [...clients.values()].sort(
    (a, b) => Number(earlierOutcomes.has(a.id)) - Number(earlierOutcomes.has(b.id)),
  )
}

/** Returns the outcome to report when a settled client is delivered again. */
function forRedelivery(settled: RecordOutcome): RecordOutcome {
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
    const details = { ...(way && { way }), ...(promotion && { promotion }) }
    const fields = { client: clientId, client_name: clientName, mode, reason, ...details }
    write(`client_${outcome}`, fields)
    return { outcome: { outcome, ...details }, affectsAllClients: false, isNotFound: false }
  } catch (error) {
    if (!(error instanceof AdmissionError)) throw error
    const { code, status, missingScope, limitReached, done, promotion } = error
    // A new client may not have reached every Auth0 server yet. An old client that is not found was
    // deleted.
    const isNotFound = status === 404
    const retry = error.isTransient || (isNotFound && isNew)
    const fields = {
      ...{ client: clientId, code, promotion, done, retry },
      ...{ missing_scope: missingScope, limit_reached: limitReached },
    }
    log.error('admission_failed', fields)
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
