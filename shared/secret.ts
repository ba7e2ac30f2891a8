import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * Compares two secrets in constant time. Compares digests, so that the time does not depend on the
 * lengths.
 */
export function equalsSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected))
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest()
}
