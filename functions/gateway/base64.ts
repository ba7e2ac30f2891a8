const CANONICAL = /^[A-Za-z0-9+/]*={0,2}$/
const LENIENT = /^[\w+/\s-]*={0,2}$/
const MAX_HEAD_CHARACTERS = 400
const DATA_URL = /^data:([^;,]{0,100})[^,]{0,200};base64,/i

/**
 * Base64 (RFC 4648 s4) as MCP's clients demand it, from the same, base64url, unpadded, broken into lines
 * or in a data URL; undefined when it is none of them.
 */
export function toBase64(data: unknown): string | undefined {
  if (typeof data !== 'string') return undefined
  if (data.length % 4 === 0 && CANONICAL.test(data)) return data
  const text = data.slice(headOf(data)?.[0].length ?? 0).trimEnd()
  if (!LENIENT.test(text)) return undefined
  const digits = text.replace(/[\s=]+/g, '').length
  return digits % 4 === 1 ? undefined : Buffer.from(text, 'base64').toString('base64')
}

/** The media type that a data URL (RFC 2397) names. */
export function typeOfDataUrl(data: unknown): string | undefined {
  return (typeof data === 'string' && headOf(data)?.[1]) || undefined
}

function headOf(data: string): RegExpExecArray | null {
  return DATA_URL.exec(data.slice(0, MAX_HEAD_CHARACTERS))
}
