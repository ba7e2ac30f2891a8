import { asObject } from '../../../shared/json.ts'
import { NESTING } from '../../../shared/json-schema/keywords.ts'
import type { JsonSchema } from '../../../shared/json-schema/schema.ts'
import type { ApiDocument } from '../document/load-document.ts'
import { itemsOf, member, membersOf, objectAt, type Place } from '../document/place.ts'
import { OperationError } from '../import-error.ts'
import { discriminated } from './discriminator.ts'
import { type Direction, isNullable, orNull, ownKeywords } from './schema-keywords.ts'

/** Makes the schemas of one tool's member, with what they refer to. */
export interface SchemaCollector {
  /** The schema at a place; references in it become `#/$defs/...`. */
  readonly collect: (place: Place) => JsonSchema | boolean
  /** The same, but the schema itself is never a reference unless it refers to itself. */
  readonly collectWhole: (place: Place) => JsonSchema | boolean
  /** The definitions that were collected, by name. */
  readonly definitions: ReadonlyMap<string, JsonSchema | boolean>
}

/** Bounds one tool's schema, however its references multiply. */
const MAX_SCHEMAS = 20_000
const MAX_DEPTH = 100
const MAX_HOPS = 50

/**
 * Returns a collector for one tool. `readOnly` properties are left out of inputs and `writeOnly` ones
 * out of outputs, also from `required`.
 *
 * @throws OperationError from its functions, for a reference that leads nowhere or a schema that is
 *   too large.
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
    throw new OperationError(`the references from ${place.pointer} lead in a circle`)
  }

  const define = (target: Place): string => {
    const identity = `${target.url}#${target.pointer}`
    const known = names.get(identity)
    if (known !== undefined) return known
    const name = freeName(target.pointer, definitions)
    names.set(identity, name)
    // Holds the name while the schema is read, which may refer to itself.
    definitions.set(name, true)
    definitions.set(name, convert(target))
    return name
  }

  const collect = (place: Place): JsonSchema | boolean => {
    if (referenceIn(place) === undefined) return convert(place)
    const name = define(follow(place))
    const beside = besideReference(place)
    const reference = { $ref: `#/$defs/${name}`, ...beside }
    return document.hasOldSchemas && isNullable(objectAt(place)) ? orNull(reference) : reference
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
    const isOld = document.hasOldSchemas
    const dropped = new Set([...outer, ...droppedNames(place)])
    const schema = ownKeywords(written, direction, onNote)
    const required = schema['required']
    if (Array.isArray(required)) {
      schema['required'] = required.filter((name) => !dropped.has(String(name)))
    }
    for (const [keyword, nesting] of NESTING) {
      const nested = member(place, keyword)
      if (nested.value === undefined || nested.value === null || !isKept(keyword)) continue
      if (nesting === 'map') {
        const kept = membersOf(nested).filter(
          ([name]) => keyword !== 'properties' || !dropped.has(name),
        )
        schema[keyword] = Object.fromEntries(kept.map(([name, one]) => [name, collect(one)]))
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
    return isOld && isNullable(written) ? orNull(whole) : whole
  }

  /** `$dynamicRef` without an overriding anchor is a reference. */
  const withDynamicReference = (schema: Record<string, unknown>, place: Place) => {
    const reference = objectAt(place)['$dynamicRef']
    if (typeof reference !== 'string' || document.hasOldSchemas) return
    schema['$ref'] = `#/$defs/${define(follow(document.resolve(reference, place)))}`
  }

  /** What stands beside a reference: nothing but annotations in 3.0, any keyword since. */
  const besideReference = (place: Place): Record<string, unknown> => {
    const { $ref, ...rest } = objectAt(place)
    if (Object.keys(rest).length === 0) return {}
    if (!document.hasOldSchemas) return convertBeside({ ...place, value: rest })
    const { title, description } = rest
    return ownKeywords({ title, description }, direction, onNote)
  }
  const convertBeside = (place: Place): Record<string, unknown> => ({
    ...Object(convert(place)),
  })

  /** Properties that do not go this way, also those that other parts of the same object declare. */
  const droppedNames = (place: Place, seen: Set<string> = new Set()): string[] => {
    const identity = `${place.url}#${place.pointer}`
    if (seen.has(identity)) return []
    seen.add(identity)
    const mark = direction === 'input' ? 'readOnly' : 'writeOnly'
    const own = membersOf(member(place, 'properties'))
      .filter(([, property]) => isMarked(property, mark))
      .map(([name]) => name)
    const parts = itemsOf(member(place, 'allOf')).map(follow)
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

/** `definitions` and `$defs` hold what is collected when something refers to it. */
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
