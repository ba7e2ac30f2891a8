const MAX_HEAD_CHARACTERS = 400
const DATA_URL = /^data:([^;,]{0,100})[^,]{0,200};base64,/i

/**
 * Base64 (RFC 4648 s4) as MCP's clients demand it, from the same, base64url, unpadded, broken into lines
 * or in a data URL; undefined when it is none of them.
 */
export function toBase64(data: unknown): string | undefined {
  if (typeof data !== 'string') return undefined
  const text = data.slice(headOf(data)?.[0].length ?? 0)
  const found = countDigits(text)
  if (found === undefined || found.digits % 4 === 1) return undefined
  const isCanonical = found.isStandard && text.length === data.length && data.length % 4 === 0
  return isCanonical ? data : Buffer.from(text, 'base64').toString('base64')
}

/**
 * The digits of any form of base64, undefined when there is anything else in it. Digit by digit:
 * expressions take ten times as long, or build a text for each line.
 */
function countDigits(text: string): { digits: number; isStandard: boolean } | undefined {
  let digits = 0
  let padding = 0
  let isStandard = true
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const isUrl = code === 0x2d || code === 0x5f
    if (isUrl || isDigit(code)) {
      if (padding > 0) return undefined
      digits++
      if (isUrl) isStandard = false
    } else if (code === 0x3d) {
      if (++padding > 2) return undefined
    } else if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) isStandard = false
    else return undefined
  }
  return { digits, isStandard }
}

/** Of A-Z a-z 0-9 + / */
function isDigit(code: number): boolean {
  const letter = code | 0x20
  return (letter >= 0x61 && letter <= 0x7a) || (code >= 0x2f && code <= 0x39) || code === 0x2b
}

/** The media type that a data URL (RFC 2397) names. */
export function typeOfDataUrl(data: unknown): string | undefined {
  return (typeof data === 'string' && headOf(data)?.[1]) || undefined
}

function headOf(data: string): RegExpExecArray | null {
  return DATA_URL.exec(data.slice(0, MAX_HEAD_CHARACTERS))
}
