import { asObject } from '../../../shared/json.ts'
import { NESTING, type Nesting } from '../../../shared/json-schema/keywords.ts'
import { findResources, ReferenceFault } from '../../../shared/json-schema/resources.ts'
import { type JsonSchema, keysOf } from '../../../shared/json-schema/schema.ts'
import { nestedIn } from '../../../shared/json-schema/walk.ts'

/**
 * The schema that a reference points to. `key` is the last segment of its JSON Pointer, '' for the
 * whole schema.
 */
interface Target {
  readonly schema: unknown
  readonly key: string
}

type Resolve = (reference: string, from: JsonSchema, isDynamic: boolean) => Target | undefined

/** The schemas of an OpenAPI document's `components`, by name. */
export type Components = Map<string, JsonSchema>

/**
 * Keywords that identify a schema or its dialect, or hold definitions. They are omitted, because
 * the OpenAPI document has its own.
 */
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
 * Returns the schema as it appears in an OpenAPI document. A reference inside a schema would point
 * elsewhere once the schema is part of a document. So each schema that a reference points to
 * becomes a component, named `name` and the last segment of its JSON Pointer, and each reference
 * points to a component.
 *
 * A reference that points outside the schema is omitted. So is a value in `default`, `examples`,
 * `const` or `enum` that contains a `$ref`, because OpenAPI readers would follow it.
 */
export function embedSchema(schema: JsonSchema, name: string, components: Components): JsonSchema {
  const resolve = resolver(schema)
  const names = new Map<JsonSchema, string>()
  const targets: JsonSchema[] = []

  // Collects all targets first, so that each is written once and referenced everywhere else.
  const seen = new Set<JsonSchema>()
  const collectTargets = (value: unknown): void => {
    const node = asObject(value)
    if (node === undefined || seen.has(node)) return
    seen.add(node)
    for (const { schema: target, key } of targetsOf(node, resolve)) {
      if (!isSchemaObject(target)) continue
      if (!names.has(target)) {
        names.set(target, freeName(key === '' ? name : `${name}.${key}`, components))
        targets.push(target)
      }
      collectTargets(target)
    }
    const { $defs, definitions, ...inline } = node
    for (const inside of nestedIn(inline, '')) collectTargets(inside.value)
  }
  collectTargets(schema)

  const write = (value: unknown): unknown => {
    const node = asObject(value)
    if (node === undefined) return value
    const component = names.get(node)
    return component === undefined ? writeMembers(node) : { $ref: pointerTo(component) }
  }
  const writeMembers = (node: JsonSchema): JsonSchema => {
    const written: Record<string, unknown> = {}
    for (const [keyword, value] of Object.entries(node)) {
      if (IDENTIFIERS.has(keyword) || REFERENCES.includes(keyword)) continue
      const nesting = NESTING.get(keyword)
      const kept =
        nesting === undefined ? plainValue(keyword, value) : nested(value, nesting, write)
      if (kept !== undefined) define(written, keyword, kept)
    }
    const [first, ...others] = targetsOf(node, resolve).map(({ schema: target }) =>
      isSchemaObject(target) ? { $ref: pointerTo(names.get(target) ?? name) } : target,
    )
    if (typeof first === 'object') Object.assign(written, first)
    const more = [...(first === false ? [first] : []), ...others]
    if (more.length === 0) return written
    return { ...written, allOf: [...((written['allOf'] as unknown[] | undefined) ?? []), ...more] }
  }

  for (const target of targets) components.set(names.get(target) ?? name, writeMembers(target))
  return write(schema) as JsonSchema
}

/**
 * Resolves references within the published schema; undefined for a reference that points outside.
 */
function resolver(schema: JsonSchema): Resolve {
  const ignored = () => undefined
  const { resolve, ofSchema } = findResources(schema, ignored, ignored)
  return (reference, from, isDynamic) => {
    try {
      const { schema: found, pointer, dynamicAnchor } = resolve(reference, from)
      const key = keysOf(pointer).at(-1) ?? ''
      if (!isDynamic || dynamicAnchor === undefined) return { schema: found, key }
      // JSON Schema Core s8.2.3.2: the outermost anchor with this name, which in one document is
      // the first.
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

/**
 * Returns the value of a keyword that holds no schemas; undefined to omit it. The `mapping` of an
 * OpenAPI `discriminator` points into another document, so only its `propertyName` is kept.
 */
function plainValue(keyword: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (keyword === 'discriminator') {
    const { propertyName } = asObject(value) ?? {}
    return typeof propertyName === 'string' ? { propertyName } : undefined
  }
  return JSON.stringify(value).includes('"$ref":') ? undefined : value
}

/** Also defines `__proto__` as an own property. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

/**
 * Returns an unused component name of the characters `A-Z a-z 0-9 . _ -` (OpenAPI 3.1 s4.8.7), and
 * reserves it until the schema is written.
 */
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
