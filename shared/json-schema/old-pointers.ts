import { NESTING } from './keywords.ts'
import { below, isObject, keysOf } from './schema.ts'

/**
 * Rewrites a reference into a schema of an old draft, such as `#/items/0`, to point to the same subschema
 * in the translated schema. Returns references of other kinds unchanged.
 */
export function rewritePointer(root: unknown, reference: string): string {
  if (!reference.startsWith('#/')) return reference
  let at = root
  let isSchema = true
  let pointer = ''
  for (const encoded of keysOf(reference.slice(1))) {
    const key = decoded(encoded)
    const next = isObject(at) || Array.isArray(at) ? Reflect.get(at, key) : undefined
    pointer = below(pointer, isSchema ? renamed(key, at, encoded) : encoded)
    // In the value of a keyword with a list or mapping of schemas, the next key leads to a schema.
    const isSingle = NESTING.get(key) === 'schema' || key === 'additionalItems'
    isSchema = !isSchema || (isSingle && !Array.isArray(next))
    at = next
  }
  return `#${pointer}`
}

function renamed(key: string, schema: unknown, encoded: string): string {
  const { items, dependencies } = Object(schema)
  if (key === 'dependencies' && isObject(dependencies)) return 'dependentSchemas'
  if (!Array.isArray(items)) return encoded
  return key === 'items' ? 'prefixItems' : key === 'additionalItems' ? 'items' : encoded
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}
