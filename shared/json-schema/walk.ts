import { NESTING } from './keywords.ts'
import { below, isObject, type JsonSchema } from './schema.ts'

/** A value where a schema belongs, and its place. */
export interface Placed {
  readonly value: unknown
  readonly pointer: string
}

/** The values in `schema` where schemas belong, in the order as written; not those inside them. */
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
        // What is left of draft-07, an annotation here, may have lists of names as well.
        if (keyword === 'dependencies' && Array.isArray(item)) continue
        nested.push({ value: item, pointer: below(place, key) })
      }
    }
  }
  return nested
}
