import { NESTING, RULES } from '../../../shared/json-schema/keywords.ts'
import { patternFault } from '../../../shared/json-schema/pattern/check.ts'
import { withoutForeignSyntax } from '../../../shared/json-schema/pattern/foreign-syntax.ts'
import { asText, shorten } from '../tool/text.ts'

type Written = Readonly<Record<string, unknown>>

/** Whether a schema describes arguments or a response. */
export type Direction = 'input' | 'output'

/** Keywords that identify or refer to schemas; the collector replaces them. */
const IDENTITY_KEYWORDS: ReadonlySet<string> = new Set([
  ...['$id', '$schema', '$anchor', '$dynamicAnchor', '$recursiveAnchor', '$vocabulary', '$comment'],
  ...['$ref', '$dynamicRef', '$recursiveRef', '$defs', 'definitions', 'dependencies'],
])
const DIRECTION_KEYWORDS = ['readOnly', 'writeOnly']
/** Keywords that can exclude null whatever the type is. */
const OTHERS = ['$ref', 'allOf', 'oneOf', 'anyOf', 'const']
const MAX_DESCRIPTION = 500

/**
 * Returns the keywords of one schema object that contain no schemas, converted to JSON Schema 2020-12.
 * Drops members unknown to JSON Schema (`xml`, `discriminator`, `x-...`) and patterns that the gateway
 * cannot match, or translates them; `onNote` gets a line for each pattern. Accepts the boolean `exclusiveMinimum` and the
 * `example` of OpenAPI 3.0 in every version, because many 3.1 documents use them.
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
      !IDENTITY_KEYWORDS.has(keyword) &&
      !DIRECTION_KEYWORDS.includes(keyword) &&
      keyword !== 'x-mcp-header' &&
      value !== undefined &&
      (value !== null || keyword === 'default' || keyword === 'const'),
  )
  const schema: Record<string, unknown> = Object.fromEntries(kept)
  setPattern(schema, onNote)
  if (Array.isArray(schema['required'])) schema['required'] = [...new Set(schema['required'])]
  // A boolean `required` on a property (draft-03) does not describe the value.
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

/** Returns whether the schema allows null by the keyword of OpenAPI 3.0 (2.0: `x-nullable`). */
export function isNullable(written: Written): boolean {
  return written['nullable'] === true || written['x-nullable'] === true
}

/** Returns the schema extended to allow null. */
export function orNull(schema: Record<string, unknown>): Record<string, unknown> {
  const { type } = schema
  const hasOther = OTHERS.some((key) => schema[key] !== undefined)
  if (type !== undefined && !hasOther) {
    const { enum: values } = schema
    const types = [type].flat()
    return {
      ...schema,
      type: types.includes('null') ? type : [...types, 'null'],
      // Documents rarely list null in the enum, although their APIs return it.
      ...(Array.isArray(values) && !values.includes(null) && { enum: [...values, null] }),
    }
  }
  // Without type, subschemas and enum, null is already allowed.
  if (!hasOther && !Array.isArray(schema['enum'])) return schema
  const { title, description, default: fallback, ...rest } = schema
  return {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(fallback !== undefined && { default: fallback }),
    anyOf: [rest, { type: 'null' }],
  }
}

/**
 * Returns the pattern, or its translation if it has `\A`, `\Z`, `\z` or POSIX classes, whose meaning
 * is certain.
 */
export function translatedPattern(pattern: string): string {
  if (patternFault(pattern) === undefined) return pattern
  const translated = withoutForeignSyntax(pattern)
  return patternFault(translated) === undefined ? translated : pattern
}

function setPattern(schema: Record<string, unknown>, onNote: (note: string) => void): void {
  const { pattern } = schema
  if (typeof pattern !== 'string') return
  const translated = translatedPattern(pattern)
  const fault = patternFault(translated)
  if (fault !== undefined) {
    delete schema['pattern']
    onNote(`a pattern was omitted: ${fault}`)
  } else if (translated !== pattern) {
    schema['pattern'] = translated
    onNote(
      `a pattern was translated to ECMAScript: ${JSON.stringify(pattern)} is now ${JSON.stringify(translated)}`,
    )
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

/** Keeps examples only in input schemas, where they help a model to write arguments. */
function setExamples(schema: Record<string, unknown>, written: Written, direction: Direction) {
  const { examples, example } = written
  delete schema['examples']
  if (direction === 'output') return
  if (Array.isArray(examples) && examples.length > 0) schema['examples'] = examples
  else if (example !== undefined && example !== null) schema['examples'] = [example]
}

/** Converts `exclusiveMinimum: true` with `minimum`, the form of draft-04. */
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
