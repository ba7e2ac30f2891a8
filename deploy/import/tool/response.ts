import { isObject, type JsonSchema } from '../../../shared/json-schema/schema.ts'
import type { ApiDocument } from '../document/load-document.ts'
import { dereference, memberIn, type Operation } from '../document/operation.ts'
import { member, membersOf, type Place } from '../document/place.ts'
import type { SchemaCollector } from '../schema/schema-collector.ts'
import { nameIn, selfContained } from '../schema/self-contained.ts'

type Definitions = ReadonlyMap<string, JsonSchema | boolean>

/** The output members of a tool; empty if the document declares no response schema. */
export interface OutputMembers {
  readonly outputSchema?: JsonSchema
  /** `request.wrap`: the member for a response that is not an object. */
  readonly wrap?: string
}

const WRAP = 'result'

/**
 * Reads the output schema of an operation from its first JSON response with a 2xx status (by number, then
 * `2XX`). MCP's structured content is an object, so other responses are wrapped. A response that may be
 * an object or another value has no output schema.
 *
 * @throws OperationError for a reference without a target.
 */
export function readResponse(
  document: ApiDocument,
  operation: Operation,
  collector: SchemaCollector,
  onNote: (note: string) => void,
): OutputMembers {
  const successes = membersOf(memberIn(document, operation.place, 'responses'))
    .filter(([status]) => /^2(\d\d|XX)$/i.test(status))
    .sort(([one], [other]) => (one.toUpperCase() < other.toUpperCase() ? -1 : 1))
  for (const [, written] of successes) {
    const media = jsonIn(document, dereference(document, written))
    if (media === undefined) continue
    const schema = member(media, 'schema')
    if (schema.value === undefined) return {}
    return describe(collector.collectWhole(schema), collector.definitions, onNote)
  }
  return {}
}

function describe(
  schema: JsonSchema | boolean,
  definitions: Definitions,
  onNote: (note: string) => void,
): OutputMembers {
  const form = formOf(schema, definitions)
  if (form === 'mixed') {
    onNote('its response may be an object or another value, so it has no outputSchema')
    return { wrap: WRAP }
  }
  if (form === 'object') {
    // MCP requires the type at the root.
    const { type: _, ...rest } = Object(schema)
    return { outputSchema: selfContained({ type: 'object', ...rest }, definitions) }
  }
  const wrapped = { type: 'object', properties: { [WRAP]: schema }, required: [WRAP] }
  return { outputSchema: selfContained(wrapped, definitions), wrap: WRAP }
}

function jsonIn(document: ApiDocument, response: Place): Place | undefined {
  const types = membersOf(memberIn(document, response, 'content'))
  const find = (test: RegExp) =>
    types.find(([type]) => test.test(type.split(';', 1)[0]?.trim() ?? ''))?.[1]
  const found =
    find(/^application\/json$/i) ??
    find(/^[a-z]+\/([^;]+\+)?json$/i) ??
    find(/^(\*|application)\/\*$/)
  return found && dereference(document, found)
}

/** Returns whether valid values of a schema are always, never or sometimes objects. */
export function formOf(
  schema: JsonSchema | boolean,
  definitions: Definitions,
  within: readonly string[] = [],
): 'object' | 'other' | 'mixed' {
  if (!isObject(schema)) return 'mixed'
  const { type, properties, additionalProperties } = schema
  if (type === 'object') return 'object'
  if (Array.isArray(type)) {
    if (!type.includes('object')) return 'other'
    return type.length === 1 ? 'object' : 'mixed'
  }
  if (type !== undefined) return 'other'
  const inside = (one: JsonSchema | boolean) => formOf(one, definitions, within)
  const name = nameIn(schema)
  if (name !== undefined && !within.includes(name)) {
    const form = formOf(definitions.get(name) ?? true, definitions, [...within, name])
    if (form !== 'mixed') return form
  }
  const all = listOf(schema['allOf']).map(inside)
  const certain = all.find((form) => form !== 'mixed')
  if (certain !== undefined) return certain
  for (const keyword of ['oneOf', 'anyOf']) {
    const forms = new Set(listOf(schema[keyword]).map(inside))
    if (forms.size === 1) return [...forms][0] ?? 'mixed'
    if (forms.size > 1) return 'mixed'
  }
  // Without a type, these keywords imply an object.
  if (properties !== undefined || additionalProperties !== undefined) return 'object'
  const { enum: values, const: constant } = schema
  const known: readonly unknown[] = Array.isArray(values)
    ? values
    : constant === undefined
      ? []
      : [constant]
  if (known.length > 0 && !known.some((value) => isObject(value))) return 'other'
  return schema['items'] !== undefined ? 'other' : 'mixed'
}

function listOf(value: unknown): readonly (JsonSchema | boolean)[] {
  return Array.isArray(value) ? value : []
}
