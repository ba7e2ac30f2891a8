import { NESTING } from '../../../shared/json-schema/keywords.ts'
import { isObject, type JsonSchema } from '../../../shared/json-schema/schema.ts'

type Definitions = ReadonlyMap<string, JsonSchema | boolean>

/** Keywords next to a reference that allow it to be replaced by its target. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  ...['title', 'description', 'default', 'examples', 'deprecated'],
])
const PREFIX = '#/$defs/'

/**
 * Returns the schema with the definitions that it needs. A definition that is used once replaces its
 * reference; definitions that are used several times or are recursive go into `$defs`.
 */
export function selfContained(root: JsonSchema, definitions: Definitions): JsonSchema {
  const uses = countUses(root, definitions)
  const kept = new Map<string, JsonSchema | boolean>()
  const cyclic = new Map<string, boolean>()
  const isInCycle = (name: string) => {
    const known = cyclic.get(name) ?? isCyclic(name, definitions)
    cyclic.set(name, known)
    return known
  }

  const expand = (schema: JsonSchema | boolean): JsonSchema | boolean => {
    if (!isObject(schema)) return schema
    const name = nameIn(schema)
    if (name !== undefined) {
      const target = definitions.get(name)
      const { $ref, ...beside } = schema
      const isAlone = Object.keys(beside).every((key) => ANNOTATIONS.has(key))
      const isOnce = uses.get(name) === 1
      if (isOnce && isAlone && isObject(target) && !isInCycle(name)) {
        return { ...Object(expand(target)), ...beside }
      }
      if (target !== undefined && !kept.has(name)) {
        kept.set(name, true)
        kept.set(name, expand(target))
      }
    }
    return mapNested(schema, expand)
  }

  const whole = expand(root)
  // Sorted by name, so that a change of one schema does not move others.
  const sortedDefinitions = [...kept].sort(([one], [other]) => (one < other ? -1 : 1))
  return {
    ...Object(whole),
    ...(sortedDefinitions.length > 0 && { $defs: Object.fromEntries(sortedDefinitions) }),
  }
}

/** Returns the name of the definition that a schema refers to; undefined for other schemas. */
export function nameIn(schema: JsonSchema): string | undefined {
  const { $ref } = schema
  return typeof $ref === 'string' && $ref.startsWith(PREFIX) ? $ref.slice(PREFIX.length) : undefined
}

function countUses(root: JsonSchema, definitions: Definitions): ReadonlyMap<string, number> {
  const uses = new Map<string, number>()
  const visit = (schema: JsonSchema | boolean): JsonSchema | boolean => {
    if (!isObject(schema)) return schema
    const name = nameIn(schema)
    if (name !== undefined) {
      const before = uses.get(name) ?? 0
      uses.set(name, before + 1)
      if (before === 0) visit(definitions.get(name) ?? true)
    }
    return mapNested(schema, visit)
  }
  visit(root)
  return uses
}

function isCyclic(start: string, definitions: Definitions): boolean {
  const reached = new Set<string>()
  const visit = (schema: JsonSchema | boolean): JsonSchema | boolean => {
    if (!isObject(schema)) return schema
    const name = nameIn(schema)
    if (name !== undefined && !reached.has(name)) {
      reached.add(name)
      visit(definitions.get(name) ?? true)
    }
    return mapNested(schema, visit)
  }
  visit(definitions.get(start) ?? true)
  return reached.has(start)
}

/** Returns the schema with `change` applied to each direct subschema. */
function mapNested(
  schema: JsonSchema,
  change: (nested: JsonSchema | boolean) => JsonSchema | boolean,
): JsonSchema {
  const apply = (value: unknown) =>
    isObject(value) || typeof value === 'boolean' ? change(value) : value
  const members = Object.entries(schema).map(([keyword, value]) => {
    const nesting = NESTING.get(keyword)
    if (nesting === 'list' && Array.isArray(value)) return [keyword, value.map(apply)]
    if (nesting === 'schema') return [keyword, apply(value)]
    if (nesting !== 'map' || !isObject(value)) return [keyword, value]
    const entries = Object.entries(value).map(([key, nested]) => [key, apply(nested)])
    return [keyword, Object.fromEntries(entries)]
  })
  return Object.fromEntries(members)
}
