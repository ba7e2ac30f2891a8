import { hash } from 'node:crypto'
import { printableJson } from './printable.ts'

const MAX_TEXT_BYTES = 1_000
const MAX_LIST_BYTES = 16_000
/** Printable ASCII that JSON does not escape, one byte per character. Nearly every text matches. */
const PLAIN = /^[ !#-[\]-~]*$/
const ELLIPSIS = '…'
const DIGEST_CHARACTERS = 16

/**
 * Returns a text as a JSON string. A text of more than `maxBytes`, including escapes, is truncated between
 * characters and ends in an ellipsis.
 */
export function textField(text: string, maxBytes = MAX_TEXT_BYTES): string {
  if (text.length <= maxBytes && PLAIN.test(text)) return `"${text}"`
  const head = headThatFits(text, maxBytes)
  return head === undefined ? encode(text) : encode(`${head}${ELLIPSIS}`)
}

/**
 * Returns a name as a JSON string, truncated as in `textField`. A digest follows the ellipsis, so that
 * different long names stay different.
 */
export function nameField(name: string, maxBytes: number): string {
  if (name.length <= maxBytes && PLAIN.test(name)) return `"${name}"`
  const head = headThatFits(name, maxBytes)
  if (head === undefined) return encode(name)
  const digest = hash('sha256', name, 'hex').slice(0, DIGEST_CHARACTERS)
  return encode(`${head}${ELLIPSIS}${digest}`)
}

/**
 * Returns a list as a JSON array of at most 16,000 bytes. Its last text counts the items that do not
 * fit.
 */
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

/** Returns the start of the text that fits; undefined if the whole text fits. */
function headThatFits(text: string, maxBytes: number): string | undefined {
  // The JSON of a text has at least one byte per code unit.
  if (text.length <= maxBytes && encodedBytes(text) <= maxBytes) return undefined
  let bytes = 0
  let at = 0
  for (const character of text) {
    bytes += encodedBytes(character)
    if (bytes > maxBytes) return text.slice(0, at)
    at += character.length
  }
  return undefined
}

/** Returns the number of bytes between the quotation marks of the JSON string. */
function encodedBytes(text: string): number {
  return Buffer.byteLength(encode(text)) - 2
}

function encode(text: string): string {
  return printableJson(JSON.stringify(text))
}
