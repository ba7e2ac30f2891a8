/**
 * Sets an entry of a cache of at most `max` entries. Evicts the oldest entry (FIFO); reading or replacing
 * an entry does not make it newer.
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
