const MAX_HEAD_CHARACTERS = 400
const DATA_URL = /^data:([^;,]{0,100})[^,]{0,200};base64,/i

/** What base64 may also hold, and what stands there in RFC 4648 s4: line breaks, and base64url's digits. */
const VARIANTS = [
  ...[' ', '\t', '\n', '\v', '\f', '\r'].map((blank) => [blank, ''] as const),
  ['-', '+'],
  ['_', '/'],
] as const

/**
 * Base64 (RFC 4648 s4) as MCP's clients demand it, from the same, base64url, unpadded, broken into lines
 * or in a data URL; undefined for any other text.
 */
export function toBase64(data: unknown): string | undefined {
  if (typeof data !== 'string') return undefined
  const text = data.slice(headOf(data)?.[0].length ?? 0)
  const standard = VARIANTS.reduce((said, [from, to]) => said.replaceAll(from, to), text)
  const digits = standard.replace(/={1,2}$/, '')
  // The engine skips what it does not know: then what it writes again is something else.
  const written = Buffer.from(digits, 'base64').toString('base64')
  const whole = digits.length - (digits.length % 4)
  const isSame = !digits.includes('=') && digits.slice(0, whole) === written.slice(0, whole)
  if (!isSame || !/^([A-Za-z\d+/]{2,3})?$/.test(digits.slice(whole))) return undefined
  return standard === data && data.length % 4 === 0 ? data : written
}

/** The media type that a data URL (RFC 2397) names. */
export function typeOfDataUrl(data: unknown): string | undefined {
  return (typeof data === 'string' && headOf(data)?.[1]) || undefined
}

function headOf(data: string): RegExpExecArray | null {
  return DATA_URL.exec(data.slice(0, MAX_HEAD_CHARACTERS))
}
