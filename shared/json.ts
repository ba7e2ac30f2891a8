import { isUtf8 } from 'node:buffer'

/** A parsed value, wrapped because `undefined` means that there is none. */
export interface Parsed {
  readonly value: unknown
}

/** The text of these bytes, or undefined when they are not UTF-8: nothing is replaced. */
export function decodeUtf8(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString() : undefined
}

/** The JSON value (RFC 8259) in this text, or in these bytes when they are UTF-8. */
export function parseJson(given: string | Buffer): Parsed | undefined {
  const text = typeof given === 'string' ? given : decodeUtf8(given)
  if (text === undefined) return undefined
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** The value when it is an object, not an array. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined
}
