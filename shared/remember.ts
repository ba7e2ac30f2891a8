/** Keeps what was found under its key, and lets the oldest go when there are more than `most`. */
export function remember<Found>(
  kept: Map<string, Found>,
  key: string,
  found: Found,
  most: number,
): void {
  kept.set(key, found)
  const [oldest] = kept.keys()
  if (kept.size > most && oldest !== undefined) kept.delete(oldest)
}
