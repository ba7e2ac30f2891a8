// Controls and separators would break the line; the rest of these are invisible, and some change the
// order in which the text is shown (UAX #9). The two joiners are part of words and of emoji.
const BREAKS = /[\s\p{Cc}\p{Zl}\p{Zp}]+/gu
const INVISIBLE = /(?![\u200c\u200d])\p{Cf}/gu
// What is cut off later need not be cleaned: white space may be folded, but not without limit.
const SPARE = 4

/**
 * The text as one line of at most `maxCharacters` (UTF-16 units), without control, bidirectional and
 * other invisible format characters. Costs no more time for a longer text.
 */
export function oneLine(text: string, maxCharacters: number): string {
  const line = text
    .slice(0, maxCharacters * SPARE)
    .replace(INVISIBLE, '')
    .replace(BREAKS, ' ')
    .trim()
  return line.slice(0, maxCharacters).toWellFormed()
}

/** The text with its lines kept, without the other characters that `oneLine` takes out. */
export function visible(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, '').replace(INVISIBLE, '')
}
