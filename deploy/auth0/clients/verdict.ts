import type { DynamicClient } from './dynamic-client.ts'

/** What Auth0 tells of a client's life; undefined = it did not say. */
export interface Life {
  /** Grants that people have given the client: each is somebody who is connected. */
  readonly userGrants: number | undefined
  /** When the logs last have it do something; null = not in the logs. Milliseconds since the epoch. */
  readonly lastUse: number | null | undefined
  /** Whether it has a client grant that this system does not make. */
  readonly hasForeignGrant: boolean | undefined
}

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

/** Whether nobody uses a client any more. Whatever is not known keeps it. */
export function judge(
  { createdAt, isPromoted }: DynamicClient,
  { userGrants, lastUse, hasForeignGrant }: Life,
  { olderThanMs, logsSince, now }: Question,
): Verdict {
  if (createdAt === undefined) return keep('when it registered is not known')
  if (now - createdAt < olderThanMs) return keep(`registered ${age(now - createdAt)} ago`)
  if (userGrants === undefined) return keep('its grants cannot be read')
  if (userGrants > 0) return keep(`granted access by ${userGrants}`)
  if (hasForeignGrant === undefined) return keep('its client grants cannot be read')
  if (hasForeignGrant) return keep('has a client grant that this system does not make')
  if (lastUse === undefined) return keep('the logs cannot be read')
  // However short an age was asked for: what was used within a day is in use.
  if (lastUse !== null && now - lastUse < Math.max(olderThanMs, DAY_MS)) {
    return keep(`used ${age(now - lastUse)} ago`)
  }
  // Nobody is asked for consent to a first-party client, so that only the logs know of its use.
  if (isPromoted && !reachesBack(logsSince, now - olderThanMs)) {
    return keep(`the logs go back ${reach(logsSince, now)} only: ask for a shorter age`)
  }
  return {
    isDead: true,
    reason: lastUse === null ? 'no sign of use' : `used ${age(now - lastUse)} ago`,
  }
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
