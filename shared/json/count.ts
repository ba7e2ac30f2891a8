/** Returns how often the character occurs in the text, but at most `max` + 1. */
export function countUpTo(max: number, text: string, character: string): number {
  let found = 0
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) {
    if (++found > max) break
  }
  return found
}
