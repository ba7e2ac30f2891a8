import { below, isObject, type JsonSchema, keysOf, type SchemaFault } from './schema.ts'
import { nestedIn, type Placed } from './walk.ts'

/** A schema resource: a schema with an identifier, and its subschemas (JSON Schema core s4.3.5). */
export interface Resource {
  readonly uri: string
  readonly root: JsonSchema
  readonly anchors: Map<string, JsonSchema>
  /** The anchors that a `$dynamicRef` resolves in the dynamic scope. */
  readonly dynamicAnchors: Map<string, JsonSchema>
}

/** A schema object, its location, and the values of its keywords that must be schemas. */
export interface FoundSchema {
  readonly value: JsonSchema
  readonly pointer: string
  readonly inside: readonly Placed[]
}

/** The resources of a document and the resource of each of its schemas. */
export interface Resources {
  /** The resource that contains a schema object. */
  readonly ofSchema: ReadonlyMap<JsonSchema, Resource>
  /**
   * Resolves a reference in the schema `from`.
   *
   * @throws ReferenceFault if its target is not a schema in this document.
   */
  readonly resolve: (reference: string, from: JsonSchema) => Target
  /** Whether references may depend on the dynamic scope. */
  readonly isDynamic: boolean
}

export interface Target {
  readonly schema: unknown
  readonly pointer: string
  /** Set for a reference to a `$dynamicAnchor`. */
  readonly dynamicAnchor?: string | undefined
}

/** A reference cannot be resolved. `message` is a predicate whose subject is the reference. */
export class ReferenceFault extends Error {
  override readonly name = 'ReferenceFault'
}

// RFC 6761 s6.4: `.invalid` names never resolve.
const BASE = 'https://schema.invalid/'

const MAX_DEPTH = 200

/**
 * Finds the resources and anchors of a schema with checked keywords.
 *
 * Calls `onSchema` for every schema object, also for the targets of references in unknown keywords.
 * Calls `onFault` for every invalid identifier.
 */
export function findResources(
  schema: JsonSchema,
  onSchema: (found: FoundSchema) => void,
  onFault: (fault: SchemaFault) => void,
): Resources {
  const resources = new Map<string, Resource>()
  const ofSchema = new Map<JsonSchema, Resource>()
  const pointers = new Map<JsonSchema, string>()
  let isDynamic = false

  const enter = (value: unknown, pointer: string, outer: Resource | undefined, depth = 0): void => {
    if (!isObject(value) || ofSchema.has(value)) return
    if (depth > MAX_DEPTH) {
      onFault({ pointer, reason: 'is nested too deeply' })
      return
    }
    const resource = resourceOf(value, pointer, outer)
    ofSchema.set(value, resource)
    pointers.set(value, pointer)
    name(value, '$anchor', resource.anchors, pointer)
    name(value, '$dynamicAnchor', resource.dynamicAnchors, pointer)
    isDynamic ||= value['$dynamicRef'] !== undefined
    const inside = nestedIn(value, pointer)
    onSchema({ value, pointer, inside })
    for (const nested of inside) {
      enter(nested.value, nested.pointer, resource, depth + 1)
    }
  }
  const resourceOf = (value: JsonSchema, pointer: string, outer: Resource | undefined) => {
    const id = value['$id']
    // An empty `$id` is the URI of the enclosing schema (RFC 3986 s4.4).
    if (outer !== undefined && (typeof id !== 'string' || /^#?$/.test(id))) return outer
    const base = outer?.uri ?? BASE
    const uri = typeof id === 'string' ? absolute(id, base) : base
    if (uri === undefined) onFault({ pointer: below(pointer, '$id'), reason: 'must be a URI' })
    const key = (uri ?? base).replace(/#$/, '')
    const resource = { uri: key, root: value, anchors: new Map(), dynamicAnchors: new Map() }
    if (outer === undefined) resources.set(BASE, resource)
    else if (resources.has(key)) {
      onFault({ pointer: below(pointer, '$id'), reason: 'is the $id of another schema as well' })
    }
    resources.set(key, resource)
    return resource
  }
  const name = (
    value: JsonSchema,
    keyword: '$anchor' | '$dynamicAnchor',
    names: Map<string, JsonSchema>,
    pointer: string,
  ) => {
    const anchor = value[keyword]
    if (typeof anchor !== 'string') return
    if (names.has(anchor)) {
      onFault({ pointer: below(pointer, keyword), reason: 'is the name of another schema as well' })
    }
    names.set(anchor, value)
  }
  enter(schema, '', undefined)

  const resolve = (reference: string, from: JsonSchema): Target => {
    const url = absolute(reference, ofSchema.get(from)?.uri ?? BASE)
    if (url === undefined) throw new ReferenceFault('is not a URI reference')
    const [uri = '', hash = ''] = url.split(/#(.*)/s)
    const resource = resources.get(uri)
    if (resource === undefined) throw new ReferenceFault('leads outside the schema')
    const fragment = decode(hash)
    if (fragment === undefined) throw new ReferenceFault('is not a URI reference')
    if (fragment === '')
      return { schema: resource.root, pointer: pointers.get(resource.root) ?? '' }
    if (fragment.startsWith('/')) return follow(resource, fragment)
    const dynamic = resource.dynamicAnchors.get(fragment)
    const found = dynamic ?? resource.anchors.get(fragment)
    if (found === undefined) throw new ReferenceFault('leads to no schema')
    const dynamicAnchor = dynamic === undefined ? undefined : fragment
    return { schema: found, pointer: pointers.get(found) ?? '', dynamicAnchor }
  }
  const follow = (start: Resource, fragment: string): Target => {
    let resource = start
    let at: unknown = start.root
    let pointer = pointers.get(start.root) ?? ''
    for (const key of keysOf(fragment)) {
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) {
        throw new ReferenceFault('leads to no schema')
      }
      at = Reflect.get(at, key)
      pointer = below(pointer, key)
      if (isObject(at)) resource = ofSchema.get(at) ?? resource
    }
    if (!isObject(at) && typeof at !== 'boolean') throw new ReferenceFault('leads to no schema')
    enter(at, pointer, resource)
    return { schema: at, pointer }
  }
  return {
    ofSchema,
    resolve,
    get isDynamic() {
      return isDynamic
    },
  }
}

function absolute(reference: string, base: string): string | undefined {
  return URL.canParse(reference, base) ? new URL(reference, base).href : undefined
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
