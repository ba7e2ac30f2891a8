import { asObject } from '../../../shared/json.ts'
import { NESTING, type Nesting } from '../../../shared/json-schema/keywords.ts'
import { findResources, ReferenceFault } from '../../../shared/json-schema/resources.ts'
import { type JsonSchema, keysOf } from '../../../shared/json-schema/schema.ts'
import { nestedIn } from '../../../shared/json-schema/walk.ts'

/** The schema that a reference leads to; `key` is the last step of its place, '' for the whole schema. */
interface Target {
  readonly schema: unknown
  readonly key: string
}

type Resolve = (reference: string, from: JsonSchema, isDynamic: boolean) => Target | undefined

/** The schemas of an OpenAPI document's `components`, by name. */
export type Components = Map<string, JsonSchema>

/** What names a schema or its dialect, where the document's own names and dialect hold. */
const IDENTIFIERS: ReadonlySet<string> = new Set([
  '$id',
  '$schema',
  '$anchor',
  '$dynamicAnchor',
  '$recursiveAnchor',
  '$vocabulary',
  '$defs',
  'definitions',
])
const REFERENCES = ['$ref', '$dynamicRef', '$recursiveRef']

/**
 * The schema as it stands in an OpenAPI document. A reference inside a schema means another place once
 * the schema is part of a document, so each schema that one leads to becomes a component, named
 * `name` and the last step of its place, and every reference names a component.
 *
 * A reference that leads outside the schema is left out, as is a value that is no schema and has a
 * `$ref` inside (in `default`, `examples`, `const`, `enum`): readers of OpenAPI would follow it.
 */
export function embedSchema(schema: JsonSchema, name: string, components: Components): JsonSchema {
  const resolve = resolver(schema)
  const names = new Map<JsonSchema, string>()
  const waiting: JsonSchema[] = []

  // First every target is known, so that it is written once and referred to elsewhere.
  const seen = new Set<JsonSchema>()
  const find = (value: unknown): void => {
    const here = asObject(value)
    if (here === undefined || seen.has(here)) return
    seen.add(here)
    for (const { schema: target, key } of targetsOf(here, resolve)) {
      if (!isSchemaObject(target)) continue
      if (!names.has(target)) {
        names.set(target, freeName(key === '' ? name : `${name}.${key}`, components))
        waiting.push(target)
      }
      find(target)
    }
    const { $defs, definitions, ...inline } = here
    for (const inside of nestedIn(inline, '')) find(inside.value)
  }
  find(schema)

  const write = (value: unknown): unknown => {
    const here = asObject(value)
    if (here === undefined) return value
    const component = names.get(here)
    return component === undefined ? body(here) : { $ref: pointerTo(component) }
  }
  const body = (here: JsonSchema): JsonSchema => {
    const written: Record<string, unknown> = {}
    for (const [keyword, value] of Object.entries(here)) {
      if (IDENTIFIERS.has(keyword) || REFERENCES.includes(keyword)) continue
      const nesting = NESTING.get(keyword)
      const kept = nesting === undefined ? plain(keyword, value) : nested(value, nesting, write)
      if (kept !== undefined) define(written, keyword, kept)
    }
    const [first, ...others] = targetsOf(here, resolve).map(({ schema: target }) =>
      isSchemaObject(target) ? { $ref: pointerTo(names.get(target) ?? name) } : target,
    )
    if (typeof first === 'object') Object.assign(written, first)
    const more = [...(first === false ? [first] : []), ...others]
    if (more.length === 0) return written
    return { ...written, allOf: [...((written['allOf'] as unknown[] | undefined) ?? []), ...more] }
  }

  for (const target of waiting) components.set(names.get(target) ?? name, body(target))
  return write(schema) as JsonSchema
}

/** Resolves references as the published schema does; what leads outside it is undefined. */
function resolver(schema: JsonSchema): Resolve {
  const ignored = () => undefined
  const { resolve, ofSchema } = findResources(schema, ignored, ignored)
  return (reference, from, isDynamic) => {
    try {
      const { schema: found, pointer, dynamicAnchor } = resolve(reference, from)
      const key = keysOf(pointer).at(-1) ?? ''
      if (!isDynamic || dynamicAnchor === undefined) return { schema: found, key }
      // Core s8.2.3.2: the outermost of the same name; of one document that is the first.
      const resources = [...ofSchema.values()].map(({ dynamicAnchors }) => dynamicAnchors)
      const outermost = resources.find((anchors) => anchors.has(dynamicAnchor))
      return { schema: outermost?.get(dynamicAnchor) ?? found, key }
    } catch (error) {
      if (error instanceof ReferenceFault) return undefined
      throw error
    }
  }
}

function targetsOf(schema: JsonSchema, resolve: Resolve) {
  return REFERENCES.flatMap((keyword) => {
    const reference = schema[keyword]
    if (typeof reference !== 'string') return []
    return resolve(reference, schema, keyword === '$dynamicRef') ?? []
  })
}

function nested(value: unknown, nesting: Nesting, write: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(write)
  if (nesting === 'schema') return write(value)
  const map = asObject(value)
  if (map === undefined) return value
  const written: Record<string, unknown> = {}
  for (const [key, one] of Object.entries(map)) define(written, key, write(one))
  return written
}

/** What a keyword without schemas says. `discriminator` (OpenAPI) maps to places of another document. */
function plain(keyword: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (keyword === 'discriminator') {
    const { propertyName } = asObject(value) ?? {}
    return typeof propertyName === 'string' ? { propertyName } : undefined
  }
  return JSON.stringify(value).includes('"$ref":') ? undefined : value
}

/** `__proto__` is a name like any other. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

/** OpenAPI 3.1 s4.8.7: names are of `A-Z a-z 0-9 . _ -`. Reserved until the schema is written. */
function freeName(wanted: string, components: Components): string {
  const base = wanted.replace(/[^A-Za-z0-9._-]/g, '_')
  let name = base
  for (let count = 2; components.has(name); count += 1) name = `${base}_${count}`
  components.set(name, {})
  return name
}

function pointerTo(component: string): string {
  return `#/components/schemas/${component}`
}

function isSchemaObject(value: unknown): value is JsonSchema {
  return typeof value === 'object'
}
