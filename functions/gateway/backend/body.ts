import { bodyKind } from '../../../shared/catalogue/body-type.ts'
import type {
  BodyProperty,
  RequestBody,
  ToolRequest,
} from '../../../shared/catalogue/request-schema.ts'
import { asObject } from '../../../shared/json.ts'
import { ArgumentError } from './argument-error.ts'
import { type Arguments, argumentOf } from './argument-value.ts'
import { createMultipart } from './multipart.ts'
import { compilePairs, type PairParameter } from './query.ts'

/** A body with its media type. */
export interface MadeBody {
  readonly contentType: string
  readonly body: string | Buffer
}

/** Creates the body of one call; undefined if there is none. */
export type MakeBody = (args: Arguments) => MadeBody | undefined

const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])
const JSON_TYPE = /^application\/([\w.-]+\+)?json\b/

/**
 * Compiles the request body. If `request` has no `body`, POST, PUT and PATCH send the arguments
 * that no parameter uses as a JSON object, or nothing if there are none. Other methods then send no
 * body.
 */
export function compileBody({ method, parameters, body }: ToolRequest): MakeBody {
  const usedArguments = new Set(parameters.map(({ argument }) => argument))
  if (body === undefined) {
    if (!WITH_BODY.has(method)) return () => undefined
    return (args) => {
      const rest = unusedArguments(args, usedArguments)
      return rest.length === 0 ? undefined : json(Object.fromEntries(rest))
    }
  }
  for (const file of body.files ?? []) usedArguments.add(file)
  const select = compileSelection(body, usedArguments)
  const { contentType, argument } = body
  switch (bodyKind(contentType)) {
    case 'json':
      return (args) => {
        if (argument === undefined) return json(Object.fromEntries(select(args)), contentType)
        const value = ownArgument(args, argument)
        return value === undefined ? undefined : json(value, contentType)
      }
    case 'form':
      return compileForm(body, select)
    case 'multipart': {
      const types = typesOf(body)
      const files = new Set(body.files)
      return (args) => createMultipart({ fields: select(args), types, files, args })
    }
    case undefined:
      throw new Error('a tool with an unchecked request')
  }
}

type Entries = readonly (readonly [name: string, value: unknown])[]

/** Selects the members of the body, or those of the one argument that is the whole form. */
function compileSelection(
  { argument, properties }: RequestBody,
  usedArguments: ReadonlySet<string>,
): (args: Arguments) => Entries {
  if (properties !== undefined) {
    return (args) =>
      properties.flatMap((property) =>
        Object.hasOwn(args, property.argument)
          ? [[property.name, args[property.argument]] as const]
          : [],
      )
  }
  if (argument === undefined) return (args) => unusedArguments(args, usedArguments)
  return (args) => {
    const value = argumentOf(args, argument)
    const members = value === undefined ? {} : asObject(value)
    if (members !== undefined) return Object.entries(members)
    throw new ArgumentError(argument, 'must be an object: it is sent as a form')
  }
}

function unusedArguments(args: Arguments, usedArguments: ReadonlySet<string>): Entries {
  return Object.entries(args).filter(([name]) => !usedArguments.has(name))
}

/** Returns the argument unchanged. `null` counts too, because it is a JSON body. */
function ownArgument(args: Arguments, name: string): unknown {
  return Object.hasOwn(args, name) ? args[name] : undefined
}

function json(value: unknown, contentType = 'application/json'): MadeBody {
  return { contentType, body: JSON.stringify(value) }
}

/**
 * Follows OpenAPI 3.1.1: a list becomes one pair per item, and an object becomes JSON, unless the
 * property sets a style.
 */
function compileForm(body: RequestBody, select: (args: Arguments) => Entries): MakeBody {
  const known = new Map(
    (body.properties ?? []).map((property) => [property.name, toPair(property)]),
  )
  return (args) => {
    const entries = select(args)
    const values = Object.fromEntries(entries)
    const pairs = entries.flatMap(([name, value]) => {
      const parameter = known.get(name) ?? toPair({ name, argument: name })
      const isJson =
        parameter.isJson ?? (parameter.isStyled ? false : asObject(value) !== undefined)
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
