import { asObject } from '../../shared/json.ts'
import { lazily } from '../../shared/lazily.ts'

/**
 * What ChatGPT claims about itself and its user in `_meta` of `tools/call`, under ChatGPT's names.
 * These are only hints and never identify the caller, because any client can send them.
 */
export type ClientHints = Readonly<Record<string, unknown>>

/** Returns the value if it has the expected shape, otherwise undefined. */
type Reader = (value: unknown) => unknown

const LANGUAGE_TAG = /^[A-Za-z]{1,8}(?:[-_][A-Za-z0-9]{1,8}){0,8}$/
const PRINTABLE = /^[\x20-\x7e]{1,256}$/
const MAX_PLACE_CHARACTERS = 64
const unprintable = lazily(() => /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u)
/**
 * A coordinate as JSON text. The value may be a `JSON.rawJSON` number, which keeps its original
 * text.
 */
const COORDINATE = /^-?\d{1,3}(?:\.\d{1,20})?$/

const printable = matching(PRINTABLE)
const place: Reader = (value) =>
  typeof value === 'string' &&
  value !== '' &&
  value.length <= MAX_PLACE_CHARACTERS &&
  !unprintable().test(value)
    ? value
    : undefined

const coordinate: Reader = (value) =>
  COORDINATE.test(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
    ? value
    : undefined

const readLocation = members({
  city: place,
  region: place,
  country: place,
  timezone: place,
  longitude: coordinate,
  latitude: coordinate,
})
const readHints = members({
  'openai/locale': matching(LANGUAGE_TAG),
  'openai/userAgent': printable,
  'openai/userLocation': readLocation,
  'openai/subject': printable,
  'openai/session': printable,
  'openai/organization': printable,
})

/**
 * Returns the hints in `_meta` of a call, at most about 2 KiB; undefined if there are none. A hint
 * that is too long or has another shape than ChatGPT's is omitted.
 */
export function readClientHints(meta: unknown): ClientHints | undefined {
  return readHints(meta) as ClientHints | undefined
}

function matching(pattern: RegExp): Reader {
  return (value) => (typeof value === 'string' && pattern.test(value) ? value : undefined)
}

function members(shape: Readonly<Record<string, Reader>>): Reader {
  const names = Object.keys(shape)
  return (value) => {
    const object = asObject(value)
    if (object === undefined) return undefined
    let result: Record<string, unknown> | undefined
    for (const name of names) {
      if (!Object.hasOwn(object, name)) continue
      const read = shape[name]?.(object[name])
      if (read === undefined) continue
      result ??= {}
      result[name] = read
    }
    return result
  }
}
