import { asObject } from '../../../shared/json.ts'
import { ArgumentError } from './argument-error.ts'

/** The arguments of a call; each number is a number or its text as `JSON.rawJSON` holds it. */
export type Arguments = Readonly<Record<string, unknown>>

/** A value as a parameter has it: one text, several, or names with texts. */
export type Value =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, string])[] }

/** The argument of this name; undefined for one that is absent, null or inherited. */
export function argumentOf(args: Arguments, name: string): unknown {
  return Object.hasOwn(args, name) ? (args[name] ?? undefined) : undefined
}

/**
 * The argument as a parameter's value, undefined for one that is not there. `null` among the items or
 * members counts as absent, as in RFC 6570 s2.3; what is nested deeper is JSON, for which OpenAPI has
 * no rule.
 *
 * @throws ArgumentError for text that is not well-formed Unicode.
 */
export function readValue(args: Arguments, name: string): Value | undefined {
  const value = argumentOf(args, name)
  if (value === undefined) return undefined
  const text = (one: unknown) => wellFormed(textOf(one), name)
  if (Array.isArray(value)) {
    return { kind: 'list', items: value.filter((one) => one !== null).map(text) }
  }
  const members = objectOf(value)
  if (members === undefined) return { kind: 'text', text: text(value) }
  const present = Object.entries(members).filter(([, member]) => member !== null)
  return {
    kind: 'object',
    members: present.map(([key, member]) => [wellFormed(key, name), text(member)] as const),
  }
}

/** The text of one value: a string is itself, a number as it was written, all else JSON. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** The value if it is an object. A number that is kept as it was written (`rawJSON`) does not count. */
export function objectOf(value: unknown): Arguments | undefined {
  return JSON.isRawJSON?.(value) === true ? undefined : asObject(value)
}

/** @throws ArgumentError */
export function wellFormed(text: string, argument: string): string {
  if (text.isWellFormed()) return text
  throw new ArgumentError(argument, 'has text that is not well-formed Unicode')
}

/** Percent-encodes all but RFC 3986's unreserved characters. */
export function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, percent)
}

// What cannot be read as the end of a value, of a name, or of the query. `+` is a blank in forms.
const MAY_STAY = /%(?:3A|2F|3F|40|24|2C|3D)/g

/** The same for `allowReserved`, which leaves those reserved characters that divide nothing in a query. */
export function encodeReservedToo(text: string): string {
  return encodeURIComponent(text).replace(MAY_STAY, decodeURIComponent)
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}
