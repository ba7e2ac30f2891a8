/**
 * Sets an entry of a cache of at most `max` entries. The oldest entry goes first (FIFO): to read or to
 * replace an entry does not keep it longer.
 */
export function setBounded<Value>(
  cache: Map<string, Value>,
  key: string,
  value: Value,
  max: number,
): void {
  cache.set(key, value)
  const [oldest] = cache.keys()
  if (cache.size > max && oldest !== undefined) cache.delete(oldest)
}
