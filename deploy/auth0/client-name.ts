import { escapeCharacter, printable } from '../../shared/log/printable.ts'

/** For each letter in the names of known clients, the characters that look like it. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  a: 'аαɑ',
  c: 'сϲᏟⅽ',
  d: 'ԁ',
  e: 'еҽ',
  g: 'ɡԍԌ',
  h: 'һн',
  i: 'іιıⅰ',
  l: 'ӏⅼ',
  n: 'ոп',
  o: 'оοօ',
  p: 'рρ',
  r: 'г',
  s: 'ѕ',
  t: 'тτ',
  u: 'υս',
}
const FOLDED = new Map(
  Object.entries(LOOKALIKES).flatMap(([letter, others]) =>
    [...others].flatMap((other) => [
      [other, letter] as const,
      [other.toLowerCase(), letter] as const,
      [other.toUpperCase().toLowerCase(), letter] as const,
    ]),
  ),
)
const KNOWN = ['chatgpt', 'openai', 'claude', 'anthropic', 'cursor']
const LETTER = /[\p{L}\p{M}]/u
const LATIN = /\p{Script=Latin}/u
// Names in these scripts commonly contain Latin words.
const BESIDE_LATIN =
  /[\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]/u

/**
 * Returns a client's name for display. The client chooses its name, so these characters are escaped:
 * non-printable ones, letters of other scripts in a word with Latin letters, compatibility forms such
 * as full-width letters, and lookalikes that spell the name of a known client.
 */
export function showClientName(name: string): string {
  const spelt = [...name.normalize('NFKC').toLowerCase()].map((one) => FOLDED.get(one) ?? one)
  const isImitation = KNOWN.some((known) =>
    spelt.join('').replaceAll(/\P{L}/gu, '').includes(known),
  )
  const words = name.split(/([\p{L}\p{M}\p{N}]+)/u)
  return words.map((word) => printable(showWord(word, isImitation))).join('')
}

function showWord(word: string, isImitation: boolean): string {
  const isMixed = LATIN.test(word)
  return Array.from(word, (character) => {
    const isOdd =
      LETTER.test(character) &&
      ((isMixed && !BESIDE_LATIN.test(character)) ||
        character.normalize('NFC') !== character.normalize('NFKC') ||
        (isImitation && /[^\x20-\x7e]/.test(character)))
    return isOdd ? escapeCharacter(character) : character
  }).join('')
}
