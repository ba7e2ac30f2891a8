import { NESTING, RULES } from '../../../shared/json-schema/keywords.ts'
import { patternFault } from '../../../shared/json-schema/pattern/check.ts'
import { asText, shorten } from '../tool/text.ts'

type Written = Readonly<Record<string, unknown>>

/** Whether a schema is for arguments or for an answer. */
export type Direction = 'input' | 'output'

/** Keywords that name other schemas, or the schema itself: the collector replaces them. */
const OF_IDENTITY: ReadonlySet<string> = new Set([
  ...['$id', '$schema', '$anchor', '$dynamicAnchor', '$recursiveAnchor', '$vocabulary', '$comment'],
  ...['$ref', '$dynamicRef', '$recursiveRef', '$defs', 'definitions', 'dependencies'],
])
const OF_DIRECTION = ['readOnly', 'writeOnly']
const MAX_DESCRIPTION = 500

/**
 * The keywords of one schema object that hold no schemas, as JSON Schema 2020-12 has them. Members that
 * JSON Schema does not know (`xml`, `discriminator`, `x-...`) are dropped, and so are patterns that are
 * no regular expressions of ECMA-262, of which `onNote` gets a line. The boolean `exclusiveMinimum` and
 * the `example` of OpenAPI 3.0 are read in every version: many documents of 3.1 still have them.
 */
export function ownKeywords(
  written: Written,
  direction: Direction,
  onNote: (note: string) => void,
): Record<string, unknown> {
  const kept = Object.entries(written).filter(
    ([keyword, value]) =>
      (RULES.has(keyword) || keyword === 'default') &&
      !NESTING.has(keyword) &&
      !OF_IDENTITY.has(keyword) &&
      !OF_DIRECTION.includes(keyword) &&
      keyword !== 'x-mcp-header' &&
      value !== undefined &&
      (value !== null || keyword === 'default' || keyword === 'const'),
  )
  const schema: Record<string, unknown> = Object.fromEntries(kept)
  if (typeof schema['pattern'] === 'string' && patternFault(schema['pattern']) !== undefined) {
    delete schema['pattern']
    onNote(`a pattern was left out: ${patternFault(String(written['pattern']))}`)
  }
  if (Array.isArray(schema['required'])) schema['required'] = [...new Set(schema['required'])]
  // Written on a property, as draft-03 had it, it says nothing of the value.
  else delete schema['required']
  if (Array.isArray(schema['enum'])) schema['enum'] = withoutRepeats(schema['enum'])
  setDescription(schema)
  setExamples(schema, written, direction)
  modernize(schema)
  if (schema['format'] === 'byte' && schema['contentEncoding'] === undefined) {
    schema['contentEncoding'] = 'base64'
  }
  return schema
}

/** Whether the schema allows null by OpenAPI 3.0's keyword (2.0: `x-nullable`). */
export function isNullable(written: Written): boolean {
  return written['nullable'] === true || written['x-nullable'] === true
}

/** Adds null to what a schema allows. */
export function orNull(schema: Record<string, unknown>): Record<string, unknown> {
  const { type } = schema
  const hasOther = ['$ref', 'allOf', 'oneOf', 'anyOf'].some((key) => schema[key] !== undefined)
  if (typeof type === 'string' && !hasOther) {
    const { enum: values } = schema
    return {
      ...schema,
      type: type === 'null' ? type : [type, 'null'],
      // Documents rarely repeat null in the list, and their APIs answer it.
      ...(Array.isArray(values) && !values.includes(null) && { enum: [...values, null] }),
    }
  }
  // Without type and other schemas, anything is allowed already, unless values are listed.
  if (!hasOther && !Array.isArray(schema['enum'])) return schema
  const { title, description, default: fallback, ...rest } = schema
  return {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(fallback !== undefined && { default: fallback }),
    anyOf: [rest, { type: 'null' }],
  }
}

function setDescription(schema: Record<string, unknown>): void {
  for (const keyword of ['title', 'description']) {
    if (schema[keyword] === undefined) continue
    const text = shorten(asText(schema[keyword]), MAX_DESCRIPTION)
    if (text === '') delete schema[keyword]
    else schema[keyword] = text
  }
}

/** Examples help to write arguments; in an answer they are dead weight. */
function setExamples(schema: Record<string, unknown>, written: Written, direction: Direction) {
  const { examples, example } = written
  delete schema['examples']
  if (direction === 'output') return
  if (Array.isArray(examples) && examples.length > 0) schema['examples'] = examples
  else if (example !== undefined && example !== null) schema['examples'] = [example]
}

/** `exclusiveMinimum: true` beside `minimum`, as JSON Schema had it until draft-04. */
function modernize(schema: Record<string, unknown>): void {
  for (const [exclusive, limit] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    const value = schema[exclusive]
    if (typeof value !== 'boolean') continue
    delete schema[exclusive]
    if (!value || schema[limit] === undefined) continue
    schema[exclusive] = schema[limit]
    delete schema[limit]
  }
  if (schema['type'] === 'file') schema['type'] = 'string'
}

function withoutRepeats(values: readonly unknown[]): unknown[] {
  const seen = new Map(values.map((value) => [JSON.stringify(value), value]))
  return [...seen.values()]
}
