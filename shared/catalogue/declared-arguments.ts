import { asObject } from '../json.ts'
import type { JsonSchema } from '../json-schema/schema.ts'

const LIST_KEYWORDS = ['allOf', 'anyOf', 'oneOf']
const SINGLE_KEYWORDS = ['if', 'then', 'else', '$ref', '$dynamicRef']
const MAP_KEYWORDS = ['dependentSchemas']

/**
 * Returns the names of the arguments that an input schema declares in its `properties` and in those of
 * the subschemas that apply to the same object. Follows references within the schema. Returns undefined
 * if a reference cannot be followed, so that the names are not known.
 */
export function declaredArguments(inputSchema: JsonSchema): ReadonlySet<string> | undefined {
  const names = new Set<string>()
  const seen = new Set<unknown>()
  let isKnown = true
  const visit = (value: unknown) => {
    const schema = asObject(value)
    if (schema === undefined || seen.has(schema)) return
    seen.add(schema)
    for (const name of Object.keys(asObject(schema['properties']) ?? {})) names.add(name)
    for (const keyword of LIST_KEYWORDS) {
      const list = schema[keyword]
      if (Array.isArray(list)) list.forEach(visit)
    }
    for (const keyword of MAP_KEYWORDS)
      Object.values(asObject(schema[keyword]) ?? {}).forEach(visit)
    for (const keyword of SINGLE_KEYWORDS) {
      const one = schema[keyword]
      if (typeof one !== 'string') visit(one)
      else {
        const target = targetOf(inputSchema, one)
        if (target === undefined) isKnown = false
        else visit(target)
      }
    }
  }
  visit(inputSchema)
  return isKnown ? names : undefined
}

/**
 * Returns the target of a reference by JSON Pointer within the schema; undefined for other references.
 */
function targetOf(root: unknown, reference: string): unknown {
  if (reference !== '#' && !reference.startsWith('#/')) return undefined
  let value = root
  for (const step of reference.slice(2).split('/').filter(Boolean)) {
    const key = decodeStep(step)
    const owner: unknown = value
    value =
      typeof owner === 'object' && owner !== null && Object.hasOwn(owner, key)
        ? (owner as Readonly<Record<string, unknown>>)[key]
        : undefined
  }
  return value
}

function decodeStep(step: string): string {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    return step
  }
}
