import { lazily } from '../../shared/lazily.ts'

// Control characters and separators would break the line. The format characters are invisible, and
// some of them change the order of the text (UAX #9). The two joiners stay, because words and emoji
// need them.
const breaks = lazily(() => /[\s\p{Cc}\p{Zl}\p{Zp}]+/gu)
const invisible = lazily(() => /(?![\u200c\u200d])\p{Cf}/gu)
// Only this multiple of the maximum length is cleaned. The surplus is for white space that is
// folded.
const CLEANED_FACTOR = 4

/**
 * Returns the text as one line of at most `maxCharacters` (UTF-16 code units), without control,
 * bidirectional and other invisible format characters. The time does not grow with the length of
 * the text.
 */
export function oneLine(text: string, maxCharacters: number): string {
  const line = text
    .slice(0, maxCharacters * CLEANED_FACTOR)
    .replace(invisible(), '')
    .replace(breaks(), ' ')
    .trim()
  return line.slice(0, maxCharacters).toWellFormed()
}

/**
 * Returns the text with its line breaks and tabs, without the other characters that `oneLine`
 * removes.
 */
export function visible(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, '').replace(invisible(), '')
}
