/**
 * Returns " Did you mean X?" with the known word closest to `word`, or an empty string if the closest one
 * differs in more than two characters or a third of its length.
 */
export function didYouMean(word: string, known: Iterable<string>): string {
  const [nearest] = [...known]
    .map((one) => ({ one, changes: distance(word.toLowerCase(), one.toLowerCase()) }))
    .filter(({ one, changes }) => changes <= Math.max(1, Math.min(2, one.length / 3)))
    .sort((left, right) => left.changes - right.changes)
  return nearest === undefined ? '' : ` Did you mean ${nearest.one}?`
}

/** The optimal string alignment distance: Levenshtein, with a swap of neighbours as one change. */
function distance(from: string, to: string): number {
  let before: readonly number[] = []
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [index, character] of [...from].entries()) {
    const next = [index + 1]
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (to[column - 1] === character ? 0 : 1)
      const isSwap = character === to[column - 2] && from[index - 1] === to[column - 1]
      const swapped = isSwap ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY
      next.push(Math.min((row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1, replaced, swapped))
    }
    before = row
    row = next
  }
  return row.at(-1) ?? 0
}
