import { asObject } from '../../../shared/json.ts'
import { ArgumentError } from './argument-error.ts'

/**
 * The arguments of a call. A number may be a `JSON.rawJSON` object, which keeps its original text.
 */
export type Arguments = Readonly<Record<string, unknown>>

/** The value of a parameter: a text, a list of texts, or an object of names and texts. */
export type Value =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, string])[] }

/** Returns the argument with this name; undefined if it is absent, null or inherited. */
export function argumentOf(args: Arguments, name: string): unknown {
  return Object.hasOwn(args, name) ? (args[name] ?? undefined) : undefined
}

/**
 * Returns an argument as the value of a parameter; undefined if it is absent. `null` items and
 * members count as absent, as in RFC 6570 s2.3. Deeper nested values become JSON, because OpenAPI
 * defines no rule for them.
 *
 * @throws ArgumentError if a text is not well-formed Unicode.
 */
export function readValue(args: Arguments, name: string): Value | undefined {
  const value = argumentOf(args, name)
  if (value === undefined) return undefined
  const text = (item: unknown) => wellFormed(textOf(item), name)
  if (Array.isArray(value)) {
    return { kind: 'list', items: value.filter((item) => item !== null).map(text) }
  }
  const members = asObject(value)
  if (members === undefined) return { kind: 'text', text: text(value) }
  const present = Object.entries(members).filter(([, member]) => member !== null)
  return {
    kind: 'object',
    members: present.map(([key, member]) => [wellFormed(key, name), text(member)] as const),
  }
}

/**
 * Returns a value as text: a string unchanged, a number as it was written, and any other value as
 * JSON.
 */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/**
 * Returns the text unchanged.
 * @throws ArgumentError if it is not well-formed Unicode.
 */
export function wellFormed(text: string, argument: string): string {
  if (text.isWellFormed()) return text
  throw new ArgumentError(argument, 'has text that is not well-formed Unicode')
}

/** Percent-encodes all characters except the unreserved ones of RFC 3986. */
export function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, percent)
}

// Reserved characters that do not end a name, a value or the query. `+` is excluded, because it
// means a space in forms.
const ALLOWED_RESERVED = /%(?:3A|2F|3F|40|24|2C|3D)/g

/**
 * Percent-encodes for `allowReserved`, which keeps the reserved characters that delimit nothing in
 * a query.
 */
export function encodeAllowingReserved(text: string): string {
  return encodeURIComponent(text).replace(ALLOWED_RESERVED, decodeURIComponent)
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}
