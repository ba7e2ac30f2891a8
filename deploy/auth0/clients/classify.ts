import type { DynamicClient } from './dynamic-client.ts'

/** A client's usage as reported by Auth0; undefined = not known. */
export interface ClientUsage {
  /** Grants that users have given the client: one per connected user. */
  readonly userGrants: number | undefined
  /** The client's latest log entry; null = not in the logs. Milliseconds since the epoch. */
  readonly lastUse: number | null | undefined
  /** Whether it has a client grant that this system does not create. */
  readonly hasForeignGrant: boolean | undefined
  /** The registration time from the logs, if Auth0 returns no creation time. */
  readonly registered: Registered | undefined
}

/** When a client registered, according to the logs. Milliseconds since the epoch. */
export type Registered =
  | { readonly at: number }
  /** The date of the oldest log entry; the logs do not contain its registration. */
  | { readonly before: number }

export interface PruneCriteria {
  /** Milliseconds. */
  readonly olderThanMs: number
  /** Date of the oldest log entry; null = no entries. Milliseconds since the epoch. */
  readonly logsSince: number | null | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}

export interface PruneDecision {
  readonly isUnused: boolean
  readonly reason: string
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Decides whether a client is unused. Keeps it if any value is unknown. */
export function classify(
  client: DynamicClient,
  { userGrants, lastUse, hasForeignGrant, registered }: ClientUsage,
  { olderThanMs, logsSince, now }: PruneCriteria,
): PruneDecision {
  const tooYoung = tooYoungReason(client.createdAt, registered, { olderThanMs, logsSince, now })
  if (tooYoung !== undefined) return keep(tooYoung)
  if (userGrants === undefined) return keep('its grants cannot be read')
  if (userGrants > 0) return keep(`granted access by ${userGrants}`)
  if (hasForeignGrant === undefined) return keep('its client grants cannot be read')
  if (hasForeignGrant) return keep('has a client grant that this system does not create')
  if (lastUse === undefined) return keep('the logs cannot be read')
  // A client that was used within a day counts as used, even with a shorter --older-than.
  if (lastUse !== null && now - lastUse < Math.max(olderThanMs, DAY_MS)) {
    return keep(`used ${age(now - lastUse)} ago`)
  }
  // A tenant may skip consent for first-party clients; then only the logs show their use.
  if (client.isPromoted && !reachesBack(logsSince, now - olderThanMs)) {
    return keep(`the logs go back only ${reachText(logsSince, now)}: use a shorter --older-than`)
  }
  return {
    isUnused: true,
    reason: lastUse === null ? 'no sign of use' : `used ${age(now - lastUse)} ago`,
  }
}

/** Why a client is not old enough, or may not be; undefined = it is old enough. */
function tooYoungReason(
  createdAt: number | undefined,
  registered: Registered | undefined,
  { olderThanMs, now }: PruneCriteria,
): string | undefined {
  const at = createdAt ?? (registered && 'at' in registered ? registered.at : undefined)
  if (at !== undefined) {
    return now - at < olderThanMs ? `registered ${age(now - at)} ago` : undefined
  }
  if (registered === undefined || !('before' in registered)) {
    return 'its registration date is not known to Auth0 and not in the logs'
  }
  const atLeast = now - registered.before
  if (atLeast >= olderThanMs) return undefined
  return `registered more than ${age(atLeast)} ago, but the logs do not go back further: use a shorter --older-than`
}

/** Formats a duration: in hours below two days, in days above. */
export function age(ms: number): string {
  const hours = Math.max(0, Math.floor(ms / HOUR_MS))
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`
}

function keep(reason: string): PruneDecision {
  return { isUnused: false, reason }
}

function reachesBack(logsSince: PruneCriteria['logsSince'], to: number): boolean {
  return typeof logsSince === 'number' && logsSince <= to
}

function reachText(logsSince: PruneCriteria['logsSince'], now: number): string {
  return typeof logsSince === 'number' ? age(now - logsSince) : '0 h'
}
