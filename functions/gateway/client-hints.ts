import { asObject } from '../../shared/json.ts'

/**
 * What ChatGPT states about itself and its user in `_meta` of `tools/call`, under its own names. Hints, never
 * caller: every client can send them.
 */
export type ClientHints = Readonly<Record<string, unknown>>

/** A value in the shape that it should have; undefined for any other. */
type Read = (value: unknown) => unknown

const LANGUAGE_TAG = /^[A-Za-z]{1,8}(?:[-_][A-Za-z0-9]{1,8}){0,8}$/
const PRINTABLE = /^[\x20-\x7e]{1,256}$/
const MAX_PLACE_CHARACTERS = 64
const NOT_SHOWN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u
/** As JSON writes them; they may be kept as they were written. */
const COORDINATE = /^-?\d{1,3}(?:\.\d{1,20})?$/

const printable = matching(PRINTABLE)
const place: Read = (value) =>
  typeof value === 'string' &&
  value !== '' &&
  value.length <= MAX_PLACE_CHARACTERS &&
  !NOT_SHOWN.test(value)
    ? value
    : undefined

const coordinate: Read = (value) =>
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
 * The hints in `_meta` of a call, at most about 2 KiB; undefined when there are none. One that is too
 * long or has another shape than ChatGPT's is left out.
 */
export function readClientHints(meta: unknown): ClientHints | undefined {
  return readHints(meta) as ClientHints | undefined
}

function matching(pattern: RegExp): Read {
  return (value) => (typeof value === 'string' && pattern.test(value) ? value : undefined)
}

function members(shape: Readonly<Record<string, Read>>): Read {
  const names = Object.keys(shape)
  return (value) => {
    const given = asObject(value)
    if (given === undefined) return undefined
    let found: Record<string, unknown> | undefined
    for (const name of names) {
      if (!Object.hasOwn(given, name)) continue
      const read = shape[name]?.(given[name])
      if (read === undefined) continue
      found ??= {}
      found[name] = read
    }
    return found
  }
}
