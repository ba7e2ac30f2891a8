import type { RequestParameter } from '../../../shared/catalogue/request.ts'
import { ArgumentError } from './argument-error.ts'
import {
  type Arguments,
  argumentOf,
  encodeReservedToo,
  encodeStrictly,
  objectOf,
  readValue,
  textOf,
  wellFormed,
} from './argument-value.ts'

/** What the pairs of a query, a form or a Cookie field are made of. */
export type PairParameter = Pick<
  RequestParameter,
  'name' | 'argument' | 'style' | 'explode' | 'allowReserved' | 'isJson'
>

/** Makes the pairs `name=value` of one call, encoded; none for an argument that is not there. */
export type MakePairs = (args: Arguments) => string[]

// As OpenAPI 3.1.1 writes them: neither character may stand in a query as it is.
const DELIMITER = { form: ',', spaceDelimited: '%20', pipeDelimited: '%7C' } as const

/**
 * Compiles parameters by the styles of OpenAPI: form, spaceDelimited, pipeDelimited and deepObject. An
 * empty list is left out (RFC 6570 s3.2.8), an empty string is `name=`. OpenAPI has no rule for what is
 * deeper in a deepObject: it is written as `a[b][c]=` and `a[0]=`. The members of an exploded object
 * are names of their own, so one that is another parameter's name, or in `taken`, throws
 * ArgumentError.
 */
export function compilePairs(
  parameters: readonly PairParameter[],
  taken: readonly string[] = [],
): MakePairs {
  const names = new Set([...taken, ...parameters.map(({ name }) => name)])
  const makers = parameters.map((parameter) => compileOne(parameter, names))
  return (args) => makers.flatMap((make) => make(args))
}

function compileOne(parameter: PairParameter, names: ReadonlySet<string>): MakePairs {
  const { name, argument, style, explode, isJson } = parameter
  const encode = parameter.allowReserved ? encodeReservedToo : encodeStrictly
  const key = encodeStrictly(name)
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
  const members = Array.isArray(value) ? { ...value } : objectOf(value)
  if (members === undefined) return [`${key}=${encode(wellFormed(textOf(value), argument))}`]
  return Object.entries(members)
    .filter(([, member]) => member !== null)
    .flatMap(([name, member]) => {
      const step = encodeStrictly(wellFormed(name, argument))
      return deepPairs(`${key}%5B${step}%5D`, member, encode, argument)
    })
}
