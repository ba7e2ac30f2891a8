import { isIP } from 'node:net'
import type { HttpRequest } from '../../shared/http/http.ts'

/** The sender that a registration counts against. */
export interface Registrant {
  /**
   * The address that connected to Google's front end. The same value for all senders if no address
   * can be trusted.
   */
  readonly peer: string
  /**
   * The address before `peer`, which behind Firebase Hosting is the address of the client. A direct
   * caller can forge it, so it only divides the limit of the peer.
   */
  readonly client: string | undefined
}

const UNKNOWN = 'unknown'
const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/

/**
 * Returns the registrant from X-Forwarded-For. Google's front end appends the address that
 * connected to it, so behind it only the last entry can be trusted. Without a front end, no entry
 * can be trusted.
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

/**
 * Returns an IPv4 address or the /64 network of an IPv6 address, because one subscriber has a whole
 * /64; undefined for any other text.
 */
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
