import { NESTING } from './keywords.ts'
import { below, isObject, type JsonSchema } from './schema.ts'

/** A value that must be a schema, and its location. */
export interface Placed {
  readonly value: unknown
  readonly pointer: string
}

/** Returns the direct subschemas of `schema` in the order of its keywords. Does not check them. */
export function nestedIn(schema: JsonSchema, pointer: string): Placed[] {
  const nested: Placed[] = []
  for (const keyword of Object.keys(schema)) {
    const nesting = NESTING.get(keyword)
    if (nesting === undefined) continue
    const value = schema[keyword]
    const place = below(pointer, keyword)
    if (nesting === 'schema') nested.push({ value, pointer: place })
    else if (nesting === 'list' ? Array.isArray(value) : isObject(value)) {
      for (const [key, item] of Object.entries(Object(value))) {
        // `dependencies` of draft-07, an annotation in 2020-12, may also contain lists of names.
        if (keyword === 'dependencies' && Array.isArray(item)) continue
        nested.push({ value: item, pointer: below(place, key) })
      }
    }
  }
  return nested
}
