import { asObject } from '../../../shared/json.ts'
import { NESTING } from '../../../shared/json-schema/keywords.ts'
import type { JsonSchema } from '../../../shared/json-schema/schema.ts'
import type { ApiDocument } from '../document/load-document.ts'
import { itemsOf, member, membersOf, objectAt, type Place } from '../document/place.ts'
import { OperationError, UnresolvedError } from '../import-error.ts'
import { discriminated } from './discriminator.ts'
import {
  type Direction,
  isNullable,
  orNull,
  ownKeywords,
  translatedPattern,
} from './schema-keywords.ts'

/** Creates the input or output schema of one tool, with the definitions that it refers to. */
export interface SchemaCollector {
  /** Returns the schema at a place; references in it become `#/$defs/...`. */
  readonly collect: (place: Place) => JsonSchema | boolean
  /** Like `collect`, but the result is a reference only if the schema is recursive. */
  readonly collectWhole: (place: Place) => JsonSchema | boolean
  /** The collected definitions, by name. */
  readonly definitions: ReadonlyMap<string, JsonSchema | boolean>
}

/** The maximum number of subschemas of one tool. */
const MAX_SCHEMAS = 20_000
const MAX_DEPTH = 100
const MAX_HOPS = 50
const NULLABLE_NOTE =
  'nullable, which OpenAPI 3.1 does not define, was translated as in 3.0: its schemas allow null'

/**
 * Creates a collector for one tool. Removes `readOnly` properties from inputs and `writeOnly` properties
 * from outputs, including from `required`.
 *
 * @throws OperationError from its functions, for a reference without a target or a schema that is too
 *   large.
 */
export function createCollector(
  document: ApiDocument,
  direction: Direction,
  onNote: (note: string) => void,
): SchemaCollector {
  const definitions = new Map<string, JsonSchema | boolean>()
  const names = new Map<string, string>()
  let count = 0
  let depth = 0

  const follow = (place: Place): Place => {
    let found = place
    for (let hops = 0; hops < MAX_HOPS; hops++) {
      const reference = referenceIn(found)
      if (reference === undefined) return found
      const isPlain = hops === 0 || Object.keys(objectAt(found)).length === 1
      if (!isPlain) return found
      found = document.resolve(reference, found)
    }
    throw new UnresolvedError(`the references from ${place.pointer} are circular`)
  }

  /** Returns a mapping or list of schemas, which some documents write as a reference to another file. */
  const container = (place: Place, keyword: string): Place => follow(member(place, keyword))

  const define = (target: Place): string => {
    const identity = `${target.url}#${target.pointer}`
    const known = names.get(identity)
    if (known !== undefined) return known
    const name = freeName(target.pointer, definitions)
    names.set(identity, name)
    // Reserves the name first, because the schema may refer to itself.
    definitions.set(name, true)
    definitions.set(name, convert(target))
    return name
  }

  const collect = (place: Place): JsonSchema | boolean => {
    if (referenceIn(place) === undefined) return convert(place)
    const name = define(follow(place))
    const siblings = siblingsOfReference(place)
    const reference = { $ref: `#/$defs/${name}`, ...siblings }
    return withNull(reference, objectAt(place))
  }

  const convert = (place: Place, dropped: ReadonlySet<string> = new Set()) => {
    if (typeof place.value === 'boolean') return place.value
    if (++count > MAX_SCHEMAS || depth > MAX_DEPTH) {
      throw new OperationError('its schemas are too large or nested too deeply')
    }
    depth++
    try {
      return convertObject(place, dropped)
    } finally {
      depth--
    }
  }

  const convertObject = (place: Place, outer: ReadonlySet<string>): JsonSchema => {
    const written = objectAt(place)
    const dropped = new Set([...outer, ...droppedNames(place)])
    const schema = ownKeywords(written, direction, onNote)
    const required = schema['required']
    if (Array.isArray(required)) {
      schema['required'] = required.filter((name) => !dropped.has(String(name)))
    }
    for (const [keyword, nesting] of NESTING) {
      const nested = nesting === 'schema' ? member(place, keyword) : container(place, keyword)
      if (nested.value === undefined || nested.value === null || !isKept(keyword)) continue
      if (nesting === 'map') {
        const kept = membersOf(nested).filter(
          ([name]) => keyword !== 'properties' || !dropped.has(name),
        )
        const key = keyword === 'patternProperties' ? translatedPattern : String
        schema[keyword] = Object.fromEntries(kept.map(([name, one]) => [key(name), collect(one)]))
      } else if (nesting === 'list') {
        schema[keyword] = itemsOf(nested).map((one) =>
          keyword === 'allOf' && referenceIn(one) === undefined
            ? convert(one, dropped)
            : collect(one),
        )
      } else schema[keyword] = collect(nested)
    }
    withDynamicReference(schema, place)
    const whole = discriminated(schema, written['discriminator'], definitions)
    return withNull(whole, written)
  }

  /** Adds null to a nullable schema, also since OpenAPI 3.1, where many documents still use the keyword. */
  const withNull = (schema: Record<string, unknown>, written: JsonSchema): JsonSchema => {
    if (!isNullable(written)) return schema
    if (!document.hasOldSchemas) onNote(NULLABLE_NOTE)
    return orNull(schema)
  }

  /** Replaces `$dynamicRef` by `$ref`, which is equivalent without an overriding anchor. */
  const withDynamicReference = (schema: Record<string, unknown>, place: Place) => {
    const reference = objectAt(place)['$dynamicRef']
    if (typeof reference !== 'string' || document.hasOldSchemas) return
    schema['$ref'] = `#/$defs/${define(follow(document.resolve(reference, place)))}`
  }

  /** Returns the keywords next to a reference: only annotations in 3.0, any keyword since 3.1. */
  const siblingsOfReference = (place: Place): Record<string, unknown> => {
    const { $ref, nullable, 'x-nullable': isNullableToo, ...rest } = objectAt(place)
    if (Object.keys(rest).length === 0) return {}
    if (!document.hasOldSchemas) return convertSiblings({ ...place, value: rest })
    const { title, description } = rest
    return ownKeywords({ title, description }, direction, onNote)
  }
  const convertSiblings = (place: Place): Record<string, unknown> => ({
    ...Object(convert(place)),
  })

  /** Returns the names of properties of the other direction, including those in subschemas of `allOf`. */
  const droppedNames = (place: Place, seen: Set<string> = new Set()): string[] => {
    const identity = `${place.url}#${place.pointer}`
    if (seen.has(identity)) return []
    seen.add(identity)
    const mark = direction === 'input' ? 'readOnly' : 'writeOnly'
    const own = membersOf(container(place, 'properties'))
      .filter(([, property]) => isMarked(property, mark))
      .map(([name]) => name)
    const parts = itemsOf(container(place, 'allOf')).map(follow)
    return [...own, ...parts.flatMap((part) => droppedNames(part, seen))]
  }
  const isMarked = (property: Place, mark: string): boolean => {
    if (objectAt(property)[mark] === true) return true
    return referenceIn(property) !== undefined && objectAt(follow(property))[mark] === true
  }

  return {
    definitions,
    collect,
    collectWhole: (place) => {
      if (Object.keys(objectAt(place)).length !== 1) return collect(place)
      return referenceIn(place) === undefined ? convert(place) : convert(follow(place))
    },
  }
}

/** Excludes definitions, which are collected only if something refers to them. */
function isKept(keyword: string): boolean {
  return !['$defs', 'definitions', 'dependencies'].includes(keyword)
}

function referenceIn({ value }: Place): string | undefined {
  const reference = asObject(value)?.['$ref']
  return typeof reference === 'string' ? reference : undefined
}

function freeName(pointer: string, taken: ReadonlyMap<string, unknown>): string {
  const last = pointer.split('/').at(-1) || 'schema'
  const base =
    last
      .replaceAll('~1', '/')
      .replaceAll(/[^A-Za-z0-9_.-]+/g, '_')
      .slice(0, 64) || 'schema'
  let name = base
  for (let number = 2; taken.has(name); number++) name = `${base}_${number}`
  return name
}
