import type { RequestParameter } from '../../../shared/catalogue/request-schema.ts'
import { asObject } from '../../../shared/json.ts'
import { ArgumentError } from './argument-error.ts'
import {
  type Arguments,
  argumentOf,
  encodeAllowingReserved,
  encodeStrictly,
  readValue,
  textOf,
  wellFormed,
} from './argument-value.ts'

/** A parameter that becomes pairs of a query, a form or a Cookie field. */
export type PairParameter = Pick<
  RequestParameter,
  'name' | 'argument' | 'style' | 'explode' | 'allowReserved' | 'isJson'
>

/** Creates the encoded `name=value` pairs of one call; none for an absent argument. */
export type MakePairs = (args: Arguments) => string[]

// Percent-encoded as in OpenAPI 3.1.1, because a query cannot contain a space or `|`.
const DELIMITER = { form: ',', spaceDelimited: '%20', pipeDelimited: '%7C' } as const

/**
 * Compiles parameters with OpenAPI's styles form, spaceDelimited, pipeDelimited and deepObject. An
 * empty list is omitted (RFC 6570 s3.2.8), and an empty string becomes `name=`. Nested values of a
 * deepObject, for which OpenAPI defines no rule, are written as `a[b][c]=` and `a[0]=`. The members
 * of an exploded object become names of their own.
 *
 * The returned function throws ArgumentError for a member whose name is in `otherNames` or is the
 * name of another parameter.
 */
export function compilePairs(
  parameters: readonly PairParameter[],
  otherNames: readonly string[] = [],
): MakePairs {
  const names = new Set([...otherNames, ...parameters.map(({ name }) => name)])
  const makers = parameters.map((parameter) => compileOne(parameter, names))
  return (args) => makers.flatMap((make) => make(args))
}

function compileOne(parameter: PairParameter, names: ReadonlySet<string>): MakePairs {
  const { name, argument, style, explode, isJson } = parameter
  const encode = parameter.allowReserved ? encodeAllowingReserved : encodeStrictly
  const key = encodeStrictly(wellFormed(name, argument))
  const pair = (text: string) => `${key}=${encode(text)}`
  if (isJson === true) {
    return (args) => {
      const value = argumentOf(args, argument)
      return value === undefined ? [] : [pair(wellFormed(JSON.stringify(value), argument))]
    }
  }
  if (style === 'deepObject') {
    return (args) => {
      const value = argumentOf(args, argument)
      return value === undefined ? [] : deepPairs(key, value, encode, argument)
    }
  }
  const delimiter = DELIMITER[style as keyof typeof DELIMITER]
  return (args) => {
    const value = readValue(args, argument)
    if (value === undefined) return []
    if (value.kind === 'text') return [pair(value.text)]
    if (value.kind === 'list') {
      if (explode) return value.items.map(pair)
      return value.items.length === 0 ? [] : [`${key}=${value.items.map(encode).join(delimiter)}`]
    }
    if (!explode) {
      const texts = value.members.flat().map(encode)
      return texts.length === 0 ? [] : [`${key}=${texts.join(delimiter)}`]
    }
    return value.members.map(([member, text]) => {
      if (names.has(member)) {
        throw new ArgumentError(argument, 'has a member with the name of another parameter')
      }
      return `${encodeStrictly(member)}=${encode(text)}`
    })
  }
}

function deepPairs(
  key: string,
  value: unknown,
  encode: (text: string) => string,
  argument: string,
): string[] {
  const members = Array.isArray(value) ? { ...value } : asObject(value)
  if (members === undefined) return [`${key}=${encode(wellFormed(textOf(value), argument))}`]
  return Object.entries(members)
    .filter(([, member]) => member !== null)
    .flatMap(([name, member]) => {
      const segment = encodeStrictly(wellFormed(name, argument))
      return deepPairs(`${key}%5B${segment}%5D`, member, encode, argument)
    })
}
