import type { RequestParameter, ToolRequest } from '../../../shared/catalogue/request.ts'
import { ArgumentError } from './argument-error.ts'
import { type Arguments, argumentOf, readValue, type Value } from './argument-value.ts'
import { compilePairs } from './query.ts'

/** Makes the header fields of one call that its arguments and the catalogue decide; names in lower case. */
export type MakeFields = (args: Arguments) => Record<string, string>

/** RFC 9110 s5.5 in Latin-1; no control but the tab, so that no field can begin another. */
const FIELD_VALUE = /^[\t\x20-\x7e\xa0-\xff]*$/
const ACCEPT = 'application/json, text/plain;q=0.9, */*;q=0.8'

/**
 * Compiles the constant fields, the header parameters (style simple, not encoded) and the cookies
 * (style form, percent-encoded). The made function throws ArgumentError for a value that a field cannot
 * carry.
 */
export function compileFields({ headers, parameters }: ToolRequest): MakeFields {
  const constant: Readonly<Record<string, string>> = {
    accept: ACCEPT,
    ...Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
  }
  const inHeader = parameters
    .filter((one) => one.in === 'header')
    .map((one) => [one.name.toLowerCase(), one] as const)
  const makeCookies = compilePairs(parameters.filter((one) => one.in === 'cookie'))
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
