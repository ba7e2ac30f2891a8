import type { BodyProperty, RequestBody, ToolRequest } from '../../../shared/catalogue/request.ts'
import { ArgumentError } from './argument-error.ts'
import { type Arguments, argumentOf, objectOf } from './argument-value.ts'
import { createMultipart } from './multipart.ts'
import { compilePairs, type PairParameter } from './query.ts'

/** A body with its media type. */
export interface MadeBody {
  readonly contentType: string
  readonly body: string | Buffer
}

/** Makes the body of one call; undefined for none. */
export type MakeBody = (args: Arguments) => MadeBody | undefined

const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])
const JSON_TYPE = /^application\/([\w.-]+\+)?json\b/

/**
 * Compiles the body. Where `request` says none, POST, PUT and PATCH send the arguments that no
 * parameter takes as a JSON object, and nothing when there are none; the other methods send nothing.
 */
export function compileBody({ method, parameters, body }: ToolRequest): MakeBody {
  const taken = new Set(parameters.map(({ argument }) => argument))
  if (body === undefined) {
    if (!WITH_BODY.has(method)) return () => undefined
    return (args) => {
      const rest = restOf(args, taken)
      return rest.length === 0 ? undefined : json(Object.fromEntries(rest))
    }
  }
  for (const file of body.files ?? []) taken.add(file)
  const select = compileSelection(body, taken)
  switch (body.contentType) {
    case 'application/json':
      return (args) => {
        if (body.argument === undefined) return json(Object.fromEntries(select(args)))
        const value = wholeOf(args, body.argument)
        return value === undefined ? undefined : json(value)
      }
    case 'application/x-www-form-urlencoded':
      return compileForm(body, select)
    case 'multipart/form-data': {
      const types = typesOf(body)
      const files = new Set(body.files)
      return (args) => createMultipart({ fields: select(args), types, files, args })
    }
  }
}

type Entries = readonly (readonly [name: string, value: unknown])[]

/** The members of the body by name; those of an argument that is the whole body in a form. */
function compileSelection(
  { argument, properties }: RequestBody,
  taken: ReadonlySet<string>,
): (args: Arguments) => Entries {
  if (properties !== undefined) {
    return (args) =>
      properties.flatMap((one) =>
        Object.hasOwn(args, one.argument) ? [[one.name, args[one.argument]] as const] : [],
      )
  }
  if (argument === undefined) return (args) => restOf(args, taken)
  return (args) => {
    const value = argumentOf(args, argument)
    const members = value === undefined ? {} : objectOf(value)
    if (members !== undefined) return Object.entries(members)
    throw new ArgumentError(argument, 'must be an object: it is sent as a form')
  }
}

function restOf(args: Arguments, taken: ReadonlySet<string>): Entries {
  return Object.entries(args).filter(([name]) => !taken.has(name))
}

/** The argument as it is, `null` too, which is a JSON body. */
function wholeOf(args: Arguments, name: string): unknown {
  return Object.hasOwn(args, name) ? args[name] : undefined
}

function json(value: unknown): MadeBody {
  return { contentType: 'application/json', body: JSON.stringify(value) }
}

/**
 * As OpenAPI 3.1.1 has it: a list is one pair for each item, an object is JSON, unless the property
 * says a style.
 */
function compileForm(body: RequestBody, select: (args: Arguments) => Entries): MakeBody {
  const known = new Map((body.properties ?? []).map((one) => [one.name, toPair(one)]))
  return (args) => {
    const entries = select(args)
    const values = Object.fromEntries(entries)
    const pairs = entries.flatMap(([name, value]) => {
      const parameter = known.get(name) ?? toPair({ name, argument: name })
      const isJson =
        parameter.isJson ?? (parameter.isStyled ? false : objectOf(value) !== undefined)
      return compilePairs([{ ...parameter, argument: name, isJson }], [...known.keys()])(values)
    })
    return { contentType: 'application/x-www-form-urlencoded', body: pairs.join('&') }
  }
}

function toPair(property: BodyProperty): PairParameter & { readonly isStyled: boolean } {
  const { name, argument, style = 'form', contentType } = property
  return {
    name,
    argument,
    style,
    explode: property.explode ?? style === 'form',
    allowReserved: false,
    isStyled: property.style !== undefined || property.explode !== undefined,
    ...(contentType !== undefined && JSON_TYPE.test(contentType) && { isJson: true }),
  }
}

function typesOf({ properties = [] }: RequestBody): ReadonlyMap<string, string> {
  return new Map(
    properties.flatMap(({ name, contentType }) =>
      contentType === undefined ? [] : [[name, contentType] as const],
    ),
  )
}
