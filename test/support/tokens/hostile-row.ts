/** A token that must be rejected: the name of its fault, the token, and the reason in the log. */
export type Row = readonly [name: string, token: string, reason: string]

/** The text with invalid UTF-8 bytes in place of this word. */
export function broken(text: string, word: string): Buffer {
  return Buffer.from(text.replace(word, '\xc3('), 'latin1')
}
