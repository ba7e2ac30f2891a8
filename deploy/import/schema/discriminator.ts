import { asObject } from '../../../shared/json.ts'
import type { JsonSchema } from '../../../shared/json-schema/schema.ts'

/**
 * Returns the schema with its `discriminator` expressed in JSON Schema: each referenced alternative of
 * `oneOf` or `anyOf` requires its discriminator values. Without a mapping the value is the name of the
 * schema (OpenAPI 3.1 s4.8.25). A discriminator without alternatives has no effect.
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
      // Values that the alternative declares itself take precedence.
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

/** A mapping contains the name of a schema or a reference to it. */
function nameIn(reference: string): string {
  return (
    reference
      .split('/')
      .at(-1)
      ?.replace(/\.(json|ya?ml)$/, '') ?? reference
  )
}
