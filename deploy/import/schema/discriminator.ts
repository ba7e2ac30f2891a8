import { asObject } from '../../../shared/json.ts'
import type { JsonSchema } from '../../../shared/json-schema/schema.ts'

/**
 * The schema with what its `discriminator` says in JSON Schema: each alternative of `oneOf` or `anyOf`
 * that is a reference demands the values that stand for it. Without a mapping the value is the name of
 * the schema (OpenAPI 3.1 s4.8.25). A discriminator without alternatives says nothing here.
 */
export function discriminated(
  schema: JsonSchema,
  discriminator: unknown,
  definitions: ReadonlyMap<string, unknown>,
): Record<string, unknown> {
  const { propertyName, mapping } = asObject(discriminator) ?? {}
  const keyword = ['oneOf', 'anyOf'].find((key) => Array.isArray(schema[key]))
  if (typeof propertyName !== 'string' || keyword === undefined) return { ...schema }
  const alternatives: unknown = schema[keyword]
  if (!Array.isArray(alternatives)) return { ...schema }
  const named = Object.entries(asObject(mapping) ?? {}).map(
    ([value, target]) => [value, nameIn(String(target))] as const,
  )
  return {
    ...schema,
    [keyword]: alternatives.map((one: unknown) => {
      const reference = asObject(one)?.['$ref']
      if (typeof reference !== 'string') return one
      const name = nameIn(reference)
      const values = named.filter(([, target]) => target === name).map(([value]) => value)
      // An alternative that lists its own values knows them best.
      if (values.length === 0 && listsValues(definitions.get(name), propertyName)) return one
      const allowed = values.length > 0 ? values : [name]
      const only = allowed.length === 1 ? { const: allowed[0] } : { enum: allowed }
      return { ...Object(one), properties: { [propertyName]: only }, required: [propertyName] }
    }),
  }
}

function listsValues(definition: unknown, propertyName: string): boolean {
  const property = asObject(asObject(asObject(definition)?.['properties'])?.[propertyName])
  return property?.['const'] !== undefined || property?.['enum'] !== undefined
}

/** A mapping names a schema by its name or by a reference to it. */
function nameIn(reference: string): string {
  return (
    reference
      .split('/')
      .at(-1)
      ?.replace(/\.(json|ya?ml)$/, '') ?? reference
  )
}
