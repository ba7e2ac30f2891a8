import type { Management as Auth0 } from 'auth0'
import type { Management } from '../../../shared/auth0/management.ts'
import { asObject } from '../../../shared/json.ts'
import type { Registered } from './classify.ts'
import type { DynamicClient } from './dynamic-client.ts'

/** The registrations that are still in the tenant's logs. */
export interface LoggedRegistrations {
  /** Milliseconds since the epoch, by client id. */
  readonly dates: ReadonlyMap<string, number>
  /** Whether each entry names its client, and all of them were read. */
  readonly isComplete: boolean
}

const PAGE = 100
// Auth0's log search returns at most a thousand entries.
const MAX_ENTRIES = 1_000
const QUERY = 'type:sapi AND description:"Dynamic client registration"'

/** Reads the registrations in the logs, newest first, by the query from Auth0's documentation. */
export async function readRegistrations(management: Management): Promise<LoggedRegistrations> {
  const dates = new Map<string, number>()
  let isComplete = true
  for (let page = 0; page * PAGE < MAX_ENTRIES; page++) {
    // The package supports this query parameter only by the name of an older API version.
    const { data } = await management.logs.list(
      { page, per_page: PAGE, sort: 'date:-1' },
      { queryParams: { q: QUERY } },
    )
    for (const log of data) {
      const id = clientIdIn(log)
      const at = typeof log.date === 'string' ? Date.parse(log.date) : Number.NaN
      if (id === undefined || Number.isNaN(at)) isComplete = false
      else dates.set(id, at)
    }
    if (data.length < PAGE) return { dates, isComplete }
  }
  return { dates, isComplete: false }
}

/**
 * Returns when a client registered, for clients without a creation date: the date of its log entry.
 * Without an entry, a client that is known to have registered dynamically did so before the oldest log
 * entry. Other clients may have no such entry.
 */
export function registeredBy(
  { clientId, kind }: DynamicClient,
  { dates, isComplete }: LoggedRegistrations,
  logsSince: number | null | undefined,
): Registered | undefined {
  const at = dates.get(clientId)
  if (at !== undefined) return { at }
  const isBefore = kind === 'dynamic' && isComplete && typeof logsSince === 'number'
  return isBefore ? { before: logsSince } : undefined
}

function clientIdIn({ client_id, details }: Auth0.Log): string | undefined {
  const body = asObject(asObject(asObject(details)?.['response'])?.['body'])
  const id = body?.['client_id'] ?? client_id
  return typeof id === 'string' && id !== '' ? id : undefined
}
