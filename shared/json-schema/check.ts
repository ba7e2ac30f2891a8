import { RULES } from './keywords.ts'
import { patternFault } from './pattern/check.ts'
import { type FoundSchema, findResources, ReferenceFault, type Resources } from './resources.ts'
import { below, isObject, type JsonSchema, type SchemaFault } from './schema.ts'

/** A checked schema with its resolved references. */
export interface CheckedSchema {
  readonly root: JsonSchema
  readonly resources: Resources
}

const MAX_FAULTS = 20

/**
 * Checks a JSON Schema 2020-12: every keyword against the meta-schema, every reference and every pattern.
 * Returns at most 20 faults, and the schema with its references, which is usable only without faults.
 */
export function checkSchema(root: JsonSchema): {
  readonly checked: CheckedSchema
  readonly faults: readonly SchemaFault[]
} {
  const faults: SchemaFault[] = []
  const onFault = (fault: SchemaFault) => {
    if (faults.length < MAX_FAULTS) faults.push(fault)
  }
  const schemas: FoundSchema[] = []
  const resources = findResources(
    root,
    (found) => {
      schemas.push(found)
      checkKeywords(found, onFault)
    },
    onFault,
  )
  const references = new Map<JsonSchema, unknown[]>()
  // The list grows during the loop when references lead into unknown keywords.
  for (const { value, pointer } of schemas) {
    for (const keyword of ['$ref', '$dynamicRef']) {
      const reference = value[keyword]
      if (typeof reference !== 'string') continue
      try {
        const { schema } = resources.resolve(reference, value)
        references.set(value, [...(references.get(value) ?? []), schema])
      } catch (error) {
        if (!(error instanceof ReferenceFault)) throw error
        const reason = `${JSON.stringify(reference.slice(0, 200))} ${error.message}`
        onFault({ pointer: below(pointer, keyword), reason })
      }
    }
  }
  const loop = faults.length === 0 ? findInfiniteLoop(schemas, references) : undefined
  if (loop !== undefined) {
    onFault({ pointer: loop, reason: 'applies itself to the same value in an infinite loop' })
  }
  return { checked: { root, resources }, faults }
}

function checkKeywords(
  { value: schema, pointer, inside }: FoundSchema,
  onFault: (fault: SchemaFault) => void,
): void {
  for (const keyword of Object.keys(schema)) {
    const reason = RULES.get(keyword)?.(schema[keyword])
    if (reason !== undefined) onFault({ pointer: below(pointer, keyword), reason })
  }
  for (const nested of inside) {
    if (isObject(nested.value) || typeof nested.value === 'boolean') continue
    onFault({ pointer: nested.pointer, reason: 'must be object or boolean' })
  }
  const { pattern, patternProperties } = schema
  const patterns = isObject(patternProperties) ? Object.keys(patternProperties) : []
  for (const text of typeof pattern === 'string' ? [pattern, ...patterns] : patterns) {
    const reason = patternFault(text)
    if (reason === undefined) continue
    const place = text === pattern ? 'pattern' : 'patternProperties'
    onFault({ pointer: below(pointer, place), reason })
  }
}

/**
 * Returns the pointer of the first schema that applies itself to the same value; undefined if there is
 * none.
 */
function findInfiniteLoop(
  schemas: readonly FoundSchema[],
  references: ReadonlyMap<JsonSchema, readonly unknown[]>,
): string | undefined {
  const state = new Map<JsonSchema, 'open' | 'done'>()
  const visit = (schema: unknown): boolean => {
    if (!isObject(schema)) return false
    const known = state.get(schema)
    if (known !== undefined) return known === 'open'
    state.set(schema, 'open')
    const next = [...(references.get(schema) ?? []), ...appliedInPlace(schema)]
    const isInfinite = next.some(visit)
    state.set(schema, 'done')
    return isInfinite
  }
  // A loop contains a reference.
  return schemas.find(({ value }) => references.has(value) && visit(value))?.pointer
}

function appliedInPlace(schema: JsonSchema): unknown[] {
  return [
    ...['allOf', 'anyOf', 'oneOf', 'dependentSchemas'].flatMap((keyword) =>
      Object.values(Object(schema[keyword])),
    ),
    ...['not', 'if', 'then', 'else'].map((keyword) => schema[keyword]),
  ]
}
