import { hash } from 'node:crypto'
import { printableJson } from './printable.ts'

const MAX_TEXT_BYTES = 1_000
const MAX_LIST_BYTES = 16_000
/** Printable ASCII that JSON does not escape: nearly every text, a byte for each character. */
const PLAIN = /^[ !#-[\]-~]*$/
const ELLIPSIS = '…'
const DIGEST_CHARACTERS = 16

/**
 * The JSON string of a text of at most `maxBytes`, counted as it is written: an escape counts in full.
 * A longer text is cut, between characters, and ends in an ellipsis.
 */
export function textField(text: string, maxBytes = MAX_TEXT_BYTES): string {
  if (text.length <= maxBytes && PLAIN.test(text)) return `"${text}"`
  const head = cut(text, maxBytes)
  return head === undefined ? encode(text) : encode(`${head}${ELLIPSIS}`)
}

/**
 * The same for what stands for somebody or something: two long ones that differ stay different, by the
 * digest that follows the ellipsis.
 */
export function nameField(name: string, maxBytes: number): string {
  if (name.length <= maxBytes && PLAIN.test(name)) return `"${name}"`
  const head = cut(name, maxBytes)
  if (head === undefined) return encode(name)
  const digest = hash('sha256', name, 'hex').slice(0, DIGEST_CHARACTERS)
  return encode(`${head}${ELLIPSIS}${digest}`)
}

/** The JSON array of a list; what does not fit in 16,000 bytes is counted in its last text. */
export function listField(list: readonly string[]): string {
  const written: string[] = []
  let left = MAX_LIST_BYTES
  for (const text of list) {
    const field = textField(text)
    left -= Buffer.byteLength(field) + 1
    if (left < 0) break
    written.push(field)
  }
  const rest = list.length - written.length
  if (rest > 0) written.push(encode(`and ${rest} more`))
  return `[${written.join(',')}]`
}

/** The head that fits, or undefined when all of it does. */
function cut(text: string, maxBytes: number): string | undefined {
  // No text is written in fewer bytes than it has code units.
  if (text.length <= maxBytes && written(text) <= maxBytes) return undefined
  let bytes = 0
  let at = 0
  for (const character of text) {
    bytes += written(character)
    if (bytes > maxBytes) return text.slice(0, at)
    at += character.length
  }
  return undefined
}

/** Bytes between the quotation marks. */
function written(text: string): number {
  return Buffer.byteLength(encode(text)) - 2
}

function encode(text: string): string {
  return printableJson(JSON.stringify(text))
}
