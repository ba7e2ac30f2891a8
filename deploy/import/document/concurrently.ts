const MAX_CONCURRENT = 16

/** Maps the items with at most 16 running at once. Returns the results in the order of the items. */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  map: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const pending = items.entries()
  const work = async () => {
    for (const [index, item] of pending) results[index] = await map(item)
  }
  await Promise.all(Array.from({ length: MAX_CONCURRENT }, work))
  return results
}
