import { asObject } from '../../../shared/json.ts'
import type { ToolDefinition } from '../../../shared/tools.ts'

export type JsonSchema = ToolDefinition['inputSchema']

/** What a reference leads to; `key` is the last step of its place, '' for the whole schema. */
export interface Target {
  readonly schema: JsonSchema | boolean
  readonly key: string
}

/** The schema that each reference of a schema leads to; undefined when it leads nowhere inside it. */
export type Resolve = (
  reference: string,
  from: JsonSchema,
  isDynamic?: boolean,
) => Target | undefined

/** A schema with an identifier of its own (JSON Schema 2020-12 core s4.3.5). */
interface Resource {
  readonly uri: string
  readonly root: JsonSchema
  readonly anchors: Map<string, JsonSchema>
  readonly dynamicAnchors: Map<string, JsonSchema>
}

// RFC 6761 s6.4: never the name of anything.
const BASE = 'https://schema.invalid/'

const MAPS = [
  'properties',
  'patternProperties',
  'dependentSchemas',
  'dependencies',
  '$defs',
  'definitions',
]
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems']
const SINGLE = [
  'items',
  'contains',
  'additionalItems',
  'additionalProperties',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
  'not',
  'if',
  'then',
  'else',
  'contentSchema',
]
/** Where a keyword has schemas: it is one, or a list or a mapping of them. */
export const NESTING: ReadonlyMap<string, 'single' | 'list' | 'map'> = new Map([
  ...MAPS.map((keyword) => [keyword, 'map'] as const),
  ...LISTS.map((keyword) => [keyword, 'list'] as const),
  ...SINGLE.map((keyword) => [keyword, 'single'] as const),
])

/** The schemas in a schema, each with the last step of its place. */
export function schemasIn(schema: JsonSchema): [step: string, value: unknown][] {
  return [...NESTING].flatMap(([keyword, nesting]): [string, unknown][] => {
    const value = schema[keyword]
    // Before 2020-12 `items` might be a list.
    if (Array.isArray(value)) return Object.entries(value)
    return nesting === 'single' ? [[keyword, value]] : Object.entries(asObject(value) ?? {})
  })
}

/** Finds the identifiers and anchors of a schema, by which its references are resolved. */
export function resolver(schema: JsonSchema): Resolve {
  const resources = new Map<string, Resource>()
  const owners = new Map<JsonSchema, Resource>()
  const keys = new Map<JsonSchema, string>()

  const enter = (value: unknown, key: string, outer: Resource | undefined): void => {
    const here = asObject(value)
    if (here === undefined || owners.has(here)) return
    const resource = resourceOf(here, outer)
    owners.set(here, resource)
    keys.set(here, key)
    nameBy(here['$anchor'], here, resource.anchors)
    nameBy(here['$dynamicAnchor'], here, resource.dynamicAnchors)
    for (const [step, one] of schemasIn(here)) enter(one, step, resource)
  }
  const resourceOf = (here: JsonSchema, outer: Resource | undefined): Resource => {
    const id = here['$id']
    if (outer !== undefined && (typeof id !== 'string' || id.startsWith('#'))) return outer
    const base = outer?.uri ?? BASE
    const uri = (typeof id === 'string' && absolute(id, base)?.replace(/#.*$/s, '')) || base
    const resource = { uri, root: here, anchors: new Map(), dynamicAnchors: new Map() }
    if (!resources.has(uri)) resources.set(uri, resource)
    return resource
  }
  enter(schema, '', undefined)

  const follow = (resource: Resource, pointer: string): Target | undefined => {
    let owner = resource
    let at: unknown = resource.root
    let key = ''
    for (const step of pointer.split('/').slice(1)) {
      key = step.replaceAll('~1', '/').replaceAll('~0', '~')
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
      at = Reflect.get(at, key)
      owner = owners.get(at as JsonSchema) ?? owner
    }
    if (typeof at === 'boolean') return { schema: at, key }
    // A schema may also stand in a keyword that means nothing.
    enter(at, key, owner)
    const found = asObject(at)
    return found && { schema: found, key: keys.get(found) ?? key }
  }

  return (reference, from, isDynamic = false) => {
    const url = absolute(reference, owners.get(from)?.uri ?? BASE)
    const [uri = '', hash = ''] = url?.split(/#(.*)/s) ?? []
    const resource = resources.get(uri)
    const fragment = decoded(hash)
    if (resource === undefined || fragment === undefined) return undefined
    if (fragment === '' || fragment.startsWith('/')) return follow(resource, fragment)
    const dynamic = resource.dynamicAnchors.get(fragment)
    // Core s8.2.3.2: the outermost of the same name; of one document that is the first.
    const outermost = [...resources.values()].find((one) => one.dynamicAnchors.has(fragment))
    const found =
      (isDynamic && dynamic ? outermost?.dynamicAnchors.get(fragment) : undefined) ??
      dynamic ??
      resource.anchors.get(fragment)
    return found && { schema: found, key: keys.get(found) ?? '' }
  }
}

function nameBy(anchor: unknown, schema: JsonSchema, names: Map<string, JsonSchema>): void {
  if (typeof anchor === 'string' && !names.has(anchor)) names.set(anchor, schema)
}

function absolute(reference: string, base: string): string | undefined {
  return URL.canParse(reference, base) ? new URL(reference, base).href : undefined
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
