import { lazily } from '../lazily.ts'

/**
 * Characters that a terminal or a viewer does not show as themselves: controls (C0, C1), line and paragraph
 * separators, and format characters: bidirectional controls (Unicode UAX #9), zero-width characters,
 * tags, variation selectors and fillers (Default_Ignorable_Code_Point).
 */
const unseen = lazily(() => /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u)
const everyUnseen = lazily(() => new RegExp(unseen(), 'gu'))
const unseenInJson = lazily(() => new RegExp(`(?![\\n])${unseen().source}`, 'gu'))

/** Returns whether the text contains a control, format or other character that is not shown as itself. */
export function hasUnseen(text: string): boolean {
  return unseen().test(text)
}

/** Escapes each such character, including line breaks, as `\u202e` or `\u{e0001}`. */
export function printable(text: string): string {
  return text.replace(everyUnseen(), escapeCharacter)
}

/**
 * Returns JSON of the same value with such characters as JSON escapes, except line breaks between
 * members.
 */
export function printableJson(json: string): string {
  return json.replace(unseenInJson(), (character) => character.split('').map(escapeUnit).join(''))
}

/** Returns the escape of a character: `\u202e`, or `\u{1d402}` beyond the Basic Multilingual Plane. */
export function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return code > 0xffff ? `\\u{${code.toString(16)}}` : escapeUnit(character)
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
