import type { DynamicClient } from './dynamic-client.ts'

/** What Auth0 tells of a client's life; undefined = it did not say. */
export interface Life {
  /** Grants that people have given the client: each is one person who is connected. */
  readonly userGrants: number | undefined
  /** When the logs last have it do something; null = not in the logs. Milliseconds since the epoch. */
  readonly lastUse: number | null | undefined
  /** Whether it has a client grant that this system does not make. */
  readonly hasForeignGrant: boolean | undefined
  /** Where Auth0 tells no time of creation: what the logs tell of it. */
  readonly registered: Registered | undefined
}

/** When a client registered, as far as the logs tell. Milliseconds since the epoch. */
export type Registered =
  | { readonly at: number }
  /** The logs begin then, and have no entry of its registration. */
  | { readonly before: number }

export interface Question {
  /** Milliseconds. */
  readonly olderThanMs: number
  /** The oldest entry of the tenant's logs; null = there is none. Milliseconds since the epoch. */
  readonly logsSince: number | null | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}

export interface Verdict {
  readonly isDead: boolean
  readonly reason: string
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Whether a client is out of use. Whatever is not known keeps it. */
export function judge(
  client: DynamicClient,
  { userGrants, lastUse, hasForeignGrant, registered }: Life,
  { olderThanMs, logsSince, now }: Question,
): Verdict {
  const young = whyYoung(client.createdAt, registered, { olderThanMs, logsSince, now })
  if (young !== undefined) return keep(young)
  if (userGrants === undefined) return keep('its grants cannot be read')
  if (userGrants > 0) return keep(`granted access by ${userGrants}`)
  if (hasForeignGrant === undefined) return keep('its client grants cannot be read')
  if (hasForeignGrant) return keep('has a client grant that this system does not make')
  if (lastUse === undefined) return keep('the logs cannot be read')
  // However short an age was asked for: what was used within a day is in use.
  if (lastUse !== null && now - lastUse < Math.max(olderThanMs, DAY_MS)) {
    return keep(`used ${age(now - lastUse)} ago`)
  }
  // A tenant may skip the consent of first-party clients; then only the logs know of their use.
  if (client.isPromoted && !reachesBack(logsSince, now - olderThanMs)) {
    return keep(`the logs go back ${reach(logsSince, now)} only: ask for a shorter age`)
  }
  return {
    isDead: true,
    reason: lastUse === null ? 'no sign of use' : `used ${age(now - lastUse)} ago`,
  }
}

/** Why a client is not old enough, or not known to be; undefined = it is. */
function whyYoung(
  createdAt: number | undefined,
  registered: Registered | undefined,
  { olderThanMs, now }: Question,
): string | undefined {
  const at = createdAt ?? (registered && 'at' in registered ? registered.at : undefined)
  if (at !== undefined) {
    return now - at < olderThanMs ? `registered ${age(now - at)} ago` : undefined
  }
  if (registered === undefined || !('before' in registered)) {
    return 'Auth0 does not say when it registered, and the logs do not tell'
  }
  const atLeast = now - registered.before
  if (atLeast >= olderThanMs) return undefined
  return `registered more than ${age(atLeast)} ago, but the logs do not go back further: ask for a shorter age`
}

/** In hours below two days, in days above. */
export function age(ms: number): string {
  const hours = Math.max(0, Math.floor(ms / HOUR_MS))
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`
}

function keep(reason: string): Verdict {
  return { isDead: false, reason }
}

function reachesBack(logsSince: Question['logsSince'], to: number): boolean {
  return typeof logsSince === 'number' && logsSince <= to
}

function reach(logsSince: Question['logsSince'], now: number): string {
  return typeof logsSince === 'number' ? age(now - logsSince) : '0 h'
}
