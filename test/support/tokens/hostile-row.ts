/** A token that must not pass, by what is wrong with it, and the reason in the log. */
export type Row = readonly [name: string, token: string, reason: string]

/** With bytes in place of this word that are no UTF-8. */
export function broken(text: string, word: string): Buffer {
  return Buffer.from(text.replace(word, '\xc3('), 'latin1')
}
