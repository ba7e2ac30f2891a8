import type { RequestParameter, ToolRequest } from '../../../shared/catalogue/request-schema.ts'
import { ArgumentError } from './argument-error.ts'
import { type Arguments, argumentOf, readValue, type Value } from './argument-value.ts'
import { compilePairs } from './query.ts'

/**
 * Creates the header fields of one call from its arguments and the catalogue. Names are in lower
 * case.
 */
export type MakeFields = (args: Arguments) => Record<string, string>

/**
 * A field value (RFC 9110 s5.5) in Latin-1. Tab is the only control character, so that no value can
 * start another field.
 */
const FIELD_VALUE = /^[\t\x20-\x7e\xa0-\xff]*$/
const ACCEPT = 'application/json, text/plain;q=0.9, */*;q=0.8'

/**
 * Compiles the constant fields, the header parameters (style simple, not encoded) and the cookies
 * (style form, percent-encoded). The returned function throws ArgumentError for a value that a
 * header field cannot carry.
 */
export function compileFields({ headers, parameters }: ToolRequest): MakeFields {
  const constant: Readonly<Record<string, string>> = {
    accept: ACCEPT,
    ...Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
  }
  const inHeader = parameters
    .filter((parameter) => parameter.in === 'header')
    .map((parameter) => [parameter.name.toLowerCase(), parameter] as const)
  const makeCookies = compilePairs(parameters.filter((parameter) => parameter.in === 'cookie'))
  return (args) => {
    const fields: Record<string, string> = { ...constant }
    for (const [name, parameter] of inHeader) {
      const value = fieldValue(parameter, args)
      if (value !== undefined) fields[name] = value
    }
    const cookies = makeCookies(args)
    if (cookies.length > 0) fields['cookie'] = cookies.join('; ')
    return fields
  }
}

function fieldValue(
  { argument, explode, isJson }: RequestParameter,
  args: Arguments,
): string | undefined {
  const value = readValue(args, argument)
  if (value === undefined) return undefined
  const text = isJson === true ? JSON.stringify(argumentOf(args, argument)) : simple(value, explode)
  if (FIELD_VALUE.test(text)) return text
  throw new ArgumentError(argument, 'must be one line of Latin-1 characters: it is a header field')
}

function simple(value: Value, explode: boolean): string {
  if (value.kind === 'text') return value.text
  if (value.kind === 'list') return value.items.join(',')
  return value.members.map(([key, text]) => `${key}${explode ? '=' : ','}${text}`).join(',')
}
