import { isReservedField } from '../../../shared/catalogue/reserved-fields.ts'
import { asObject } from '../../../shared/json.ts'
import type { JsonSchema } from '../../../shared/json-schema/schema.ts'
import type { ApiDocument } from '../document/load-document.ts'
import {
  dereference,
  memberIn,
  type Operation,
  parametersOf,
  urlPathOf,
} from '../document/operation.ts'
import { member, membersOf, objectAt, type Place } from '../document/place.ts'
import { OperationError, UnresolvedError } from '../import-error.ts'
import type { SchemaCollector } from '../schema/schema-collector.ts'
import { accessTokenTest } from './access-token.ts'
import { asText, shorten } from './text.ts'

export type Location = 'path' | 'query' | 'header' | 'cookie'

/** A parameter that becomes an argument. */
export interface Parameter {
  readonly name: string
  readonly in: Location
  readonly isRequired: boolean
  readonly schema: JsonSchema
  /** `style`, `explode` and `allowReserved` if they differ from the location's defaults, or `content`. */
  readonly serialization: Readonly<Record<string, unknown>>
}

const DEFAULT_STYLE: Readonly<Record<Location, string>> = {
  path: 'simple',
  query: 'form',
  header: 'simple',
  cookie: 'form',
}
const STYLES: Readonly<Record<Location, readonly string[]>> = {
  path: ['simple', 'label', 'matrix'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  cookie: ['form'],
}
const MAX_DESCRIPTION = 500

/**
 * Returns the parameters of an operation that become arguments. Omits optional cookies, which clients
 * cannot provide, and optional parameters that the gateway cannot serialize, with a note.
 *
 * @throws OperationError if a required parameter cannot be serialized.
 */
export function readParameters(
  document: ApiDocument,
  operation: Operation,
  collector: SchemaCollector,
  onNote: (note: string) => void,
): Parameter[] {
  const isAccessToken = accessTokenTest(document, operation)
  const inPath = new Set(
    [...urlPathOf(operation).matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name),
  )
  const parameters = parametersOf(document, operation).flatMap((place) => {
    const { name, in: location, required } = objectAt(place)
    const isRequired = required === true || location === 'path'
    const label = `the ${String(location)} parameter ${JSON.stringify(name)}`
    if (location === 'cookie' && !isRequired) return []
    const value = { name: String(name), description: objectAt(place)['description'] }
    if (location !== 'path' && isAccessToken(value)) {
      onNote(`${label} is the access token and was omitted: set backendAuth`)
      return []
    }
    if (location === 'path' && !inPath.has(String(name))) {
      onNote(`${label} is not in the path and was omitted`)
      return []
    }
    try {
      return [readParameter(document, place, isRequired, collector)]
    } catch (error) {
      if (!(error instanceof OperationError)) throw error
      if (error instanceof UnresolvedError) throw error
      const isBody = location === 'body' || location === 'formData'
      if (isRequired || isBody) throw new OperationError(`${label}: ${error.message}`)
      onNote(`${label} was omitted: ${error.message}`)
      return []
    }
  })
  const declared = new Set(parameters.filter((one) => one.in === 'path').map(({ name }) => name))
  const missing = [...inPath].filter((name) => name !== undefined && !declared.has(name))
  if (missing.length > 0) {
    throw new OperationError(
      `its path contains {${missing[0]}}, but no path parameter has this name`,
    )
  }
  return parameters
}

function readParameter(
  document: ApiDocument,
  place: Place,
  isRequired: boolean,
  collector: SchemaCollector,
): Parameter {
  const written = objectAt(place)
  const location = locationOf(written['in'])
  const content = membersOf(memberIn(document, place, 'content'))[0]
  const name = String(written['name'])
  if (location === 'header' && isReservedField(name)) {
    throw new OperationError('the gateway or the connection sets this header field')
  }
  if (content !== undefined && !/^application\/json\s*(;|$)/i.test(content[0])) {
    throw new OperationError(`its media type ${content[0]} is not supported`)
  }
  const schema = collector.collect(
    member(content === undefined ? place : dereference(document, content[1]), 'schema'),
  )
  return {
    name,
    in: location,
    isRequired,
    schema: withDescription(schema, place),
    serialization:
      content === undefined
        ? serializationOf(written, location)
        : { content: { 'application/json': {} } },
  }
}

function locationOf(written: unknown): Location {
  if (written === 'path' || written === 'query' || written === 'header' || written === 'cookie') {
    return written
  }
  throw new OperationError(`parameters in ${String(written).slice(0, 40)} are not supported`)
}

/** The parameter's own description and examples take precedence over those of its schema. */
function withDescription(schema: JsonSchema | boolean, place: Place): JsonSchema {
  const { description, example, deprecated } = objectAt(place)
  const text = shorten(asText(description), MAX_DESCRIPTION)
  const examples = [
    ...(example === undefined || example === null ? [] : [example]),
    ...membersOf(member(place, 'examples')).flatMap(([, one]) => {
      const { value } = objectAt(one)
      return value === undefined ? [] : [value]
    }),
  ]
  return {
    ...asObject(schema),
    ...(text !== '' && { description: text }),
    ...(examples.length > 0 && { examples: examples.slice(0, 3) }),
    ...(deprecated === true && { deprecated }),
  }
}

function serializationOf(
  { style: writtenStyle, explode: writtenExplode, allowReserved }: ReturnType<typeof objectAt>,
  location: Location,
): Record<string, unknown> {
  const style = writtenStyle ?? DEFAULT_STYLE[location]
  if (typeof style !== 'string' || !STYLES[location].includes(style)) {
    throw new OperationError(`its style ${String(style).slice(0, 40)} is not supported`)
  }
  const explode = typeof writtenExplode === 'boolean' ? writtenExplode : style === 'form'
  return {
    ...(style !== DEFAULT_STYLE[location] && { style }),
    ...(explode !== (style === 'form') && { explode }),
    ...(allowReserved === true && location === 'query' && { allowReserved }),
  }
}
