import { OperationError } from '../import-error.ts'
import type { ApiDocument } from './load-document.ts'
import { itemsOf, member, membersOf, objectAt, type Place } from './place.ts'

/** An operation of the document before its conversion. */
export interface Operation {
  /** In lower case, as in the document. */
  readonly method: string
  readonly path: string
  readonly id: string | undefined
  readonly tags: readonly string[]
  readonly isDeprecated: boolean
  readonly place: Place
  readonly pathItem: Place
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query']
const MAX_HOPS = 50

/** Returns all operations of the document, in its order. */
export function operationsOf(document: ApiDocument): Operation[] {
  return membersOf(member(document.root, 'paths')).flatMap(([path, written]) => {
    if (!path.startsWith('/')) return []
    const pathItem = followReference(document, written)
    return membersOf(pathItem)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, place]) => {
        const { operationId, tags, deprecated } = objectAt(place)
        return {
          method,
          path,
          id: typeof operationId === 'string' && operationId !== '' ? operationId : undefined,
          tags: Array.isArray(tags) ? tags.map(String) : [],
          isDeprecated: deprecated === true,
          place,
          pathItem,
        }
      })
  })
}

/** Returns the label of an operation: `GET /pets/{petId}`. */
export function labelOf({ method, path }: Pick<Operation, 'method' | 'path'>): string {
  return `${method.toUpperCase()} ${path}`
}

/**
 * Returns the parameters of an operation and of its path, unique by name and location; those of the
 * operation take precedence. Excludes the header fields that OpenAPI ignores (s4.8.12.1: `Accept`,
 * `Content-Type`, `Authorization`).
 *
 * @throws OperationError for a reference without a target.
 */
export function parametersOf(document: ApiDocument, operation: Operation): Place[] {
  const { pathItem, place } = operation
  const found = new Map<string, Place>()
  for (const list of [member(pathItem, 'parameters'), member(place, 'parameters')]) {
    for (const one of itemsOf(list)) {
      const parameter = dereference(document, one)
      const { name, in: location } = objectAt(parameter)
      if (typeof name !== 'string' || name === '' || typeof location !== 'string') {
        throw new OperationError(`the parameter at ${parameter.pointer} has no name or location`)
      }
      const isIgnored = location === 'header' && /^(accept|content-type|authorization)$/i.test(name)
      if (!isIgnored) found.set(`${location} ${name}`, parameter)
    }
  }
  return [...found.values()]
}

/** Resolves a Reference Object; returns other places unchanged. @throws OperationError */
export function dereference(document: ApiDocument, place: Place): Place {
  let found = place
  for (let hops = 0; hops < MAX_HOPS; hops++) {
    const { $ref } = objectAt(found)
    if (typeof $ref !== 'string') return found
    found = document.resolve($ref, found)
  }
  throw new OperationError(`the references from ${place.pointer} are circular`)
}

/** Resolves a path item. A path item with an unresolvable reference becomes empty. */
function followReference(document: ApiDocument, place: Place): Place {
  try {
    return dereference(document, place)
  } catch (error) {
    if (!(error instanceof OperationError)) throw error
    return { ...place, value: undefined }
  }
}
