import { createHash, timingSafeEqual } from 'node:crypto'

/** Compares in constant time; digests make the lengths equal, so that they leak nothing either. */
export function equalsSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected))
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest()
}
