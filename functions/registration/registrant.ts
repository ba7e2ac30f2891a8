import { isIP } from 'node:net'
import type { HttpRequest } from '../../shared/http/http.ts'

/** By whom a request is counted. */
export interface Registrant {
  /** The address that Google's front saw; one value for all where nothing vouches for an address. */
  readonly peer: string
  /**
   * The address before it, which is the client's behind Firebase Hosting. A direct caller writes it as
   * it likes, so it only divides what the peer may have.
   */
  readonly client: string | undefined
}

const UNKNOWN = 'unknown'
const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/

/**
 * The registrant, from X-Forwarded-For. Google's front appends the address of its own client to what
 * it gets, so behind it the last entry alone is vouched for. Without a front no entry is.
 */
export function registrantOf(headers: HttpRequest['headers'], isBehindFront: boolean): Registrant {
  const entries = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
  const addresses = entries.map((entry) => entry.trim()).filter((entry) => entry !== '')
  if (isBehindFront) {
    return { peer: networkOf(addresses.at(-1)) ?? UNKNOWN, client: networkOf(addresses.at(-2)) }
  }
  const remote = addresses.filter((address) => !LOOPBACK.test(address))
  return { peer: UNKNOWN, client: networkOf(remote.at(-1)) }
}

/** An IPv4 address, or the /64 of an IPv6 address, which is what one subscriber has. */
function networkOf(address: string | undefined): string | undefined {
  if (address === undefined || isIP(address) !== 6) return isIP(address ?? '') ? address : undefined
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const gap = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const groups = [...before, ...Array.from({ length: gap }, () => '0'), ...after]
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
