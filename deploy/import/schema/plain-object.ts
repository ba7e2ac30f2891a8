import { isDeepStrictEqual } from 'node:util'
import { isObject, type JsonSchema } from '../../../shared/json-schema/schema.ts'
import { nameIn } from './self-contained.ts'

/** An object whose properties can become separate arguments. */
export interface PlainObject {
  readonly properties: Readonly<Record<string, JsonSchema | boolean>>
  readonly required: readonly string[]
  readonly description: string | undefined
}

type Definitions = ReadonlyMap<string, JsonSchema | boolean>

/** Keywords that a plain object may have; `allOf` is merged. */
const PLAIN_KEYWORDS: ReadonlySet<string> = new Set([
  ...['type', 'properties', 'required', 'additionalProperties', 'allOf', '$ref'],
  ...['title', 'description', 'default', 'examples', 'deprecated'],
])

/**
 * Returns the plain object that a schema describes, with `allOf` merged. Undefined for other schemas,
 * including objects with arbitrary additional members, which cannot be arguments.
 */
export function plainObjectOf(
  schema: JsonSchema | boolean,
  definitions: Definitions,
  within: readonly string[] = [],
): PlainObject | undefined {
  if (!isObject(schema)) return undefined
  const { type, properties, required, additionalProperties, allOf, description } = schema
  if (Object.keys(schema).some((keyword) => !PLAIN_KEYWORDS.has(keyword))) return undefined
  if (type !== undefined && type !== 'object') return undefined
  if (additionalProperties !== undefined && additionalProperties !== false) return undefined
  const parts = partsOf(schema, definitions, within)
  if (parts.includes(undefined)) return undefined
  if (type === undefined && properties === undefined && parts.length === 0) return undefined
  // `additionalProperties: false` would exclude the properties of the other parts.
  if (additionalProperties === false && Array.isArray(allOf)) return undefined
  const own: PlainObject = {
    properties: isObject(properties) ? (properties as PlainObject['properties']) : {},
    required: Array.isArray(required) ? required.map(String) : [],
    description: typeof description === 'string' ? description : undefined,
  }
  return [...parts.filter((part) => part !== undefined), own].reduce(merged)
}

function partsOf(schema: JsonSchema, definitions: Definitions, within: readonly string[]) {
  const { allOf } = schema
  const name = nameIn(schema)
  // A recursive object is not plain.
  const target =
    name === undefined
      ? []
      : [within.includes(name) ? undefined : definitions.get(name)].map((one) =>
          one === undefined ? undefined : plainObjectOf(one, definitions, [...within, name]),
        )
  const parts: readonly (JsonSchema | boolean)[] = Array.isArray(allOf) ? allOf : []
  return [
    ...target,
    ...parts.map((part) =>
      isRequiredOnly(part) ? onlyRequired(part) : plainObjectOf(part, definitions, within),
    ),
  ]
}

function isRequiredOnly(part: JsonSchema | boolean): part is JsonSchema {
  return isObject(part) && Object.keys(part).join() === 'required'
}

function onlyRequired({ required }: JsonSchema): PlainObject {
  const names = Array.isArray(required) ? required.map(String) : []
  return { properties: {}, required: names, description: undefined }
}

function merged(one: PlainObject, other: PlainObject): PlainObject {
  const properties = { ...one.properties }
  for (const [name, schema] of Object.entries(other.properties)) {
    const before = Object.hasOwn(properties, name) ? properties[name] : undefined
    const isNew = before === undefined || isDeepStrictEqual(before, schema)
    const both = isNew ? schema : { allOf: [before, schema] }
    Object.defineProperty(properties, name, {
      value: both,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return {
    properties,
    required: [...new Set([...one.required, ...other.required])],
    description: other.description ?? one.description,
  }
}
