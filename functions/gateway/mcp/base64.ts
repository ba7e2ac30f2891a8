const MAX_HEAD_CHARACTERS = 400
const DATA_URL = /^data:([^;,]{0,100})[^,]{0,200};base64,/i

/** Replacements that convert base64url, and base64 with white space, to RFC 4648 s4. */
const VARIANTS = [
  ...[' ', '\t', '\n', '\v', '\f', '\r'].map((blank) => [blank, ''] as const),
  ['-', '+'],
  ['_', '/'],
] as const

/**
 * Returns base64 (RFC 4648 s4), which MCP clients require, from base64, base64url, unpadded or
 * line-wrapped base64, or a data URL; undefined for any other value.
 */
export function toBase64(data: unknown): string | undefined {
  if (typeof data !== 'string') return undefined
  const text = data.slice(headOf(data)?.[0].length ?? 0)
  const standard = VARIANTS.reduce((converted, [from, to]) => converted.replaceAll(from, to), text)
  const digits = standard.replace(/={1,2}$/, '')
  // Buffer skips invalid characters, so encoding the bytes again shows whether there were any.
  const written = Buffer.from(digits, 'base64').toString('base64')
  const whole = digits.length - (digits.length % 4)
  const isSame = !digits.includes('=') && digits.slice(0, whole) === written.slice(0, whole)
  if (!isSame || !/^([A-Za-z\d+/]{2,3})?$/.test(digits.slice(whole))) return undefined
  return standard === data && data.length % 4 === 0 ? data : written
}

/** Returns the media type in a data URL (RFC 2397); undefined if there is none. */
export function typeOfDataUrl(data: unknown): string | undefined {
  return (typeof data === 'string' && headOf(data)?.[1]) || undefined
}

function headOf(data: string): RegExpExecArray | null {
  return DATA_URL.exec(data.slice(0, MAX_HEAD_CHARACTERS))
}
