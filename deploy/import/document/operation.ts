import { OperationError, UnresolvedError } from '../import-error.ts'
import { mapConcurrently } from './concurrently.ts'
import type { ApiDocument } from './load-document.ts'
import { itemsOf, member, membersOf, objectAt, type Place } from './place.ts'

/** An operation of the document before its conversion. */
export interface Operation {
  /** In lower case, as in the document; empty for a path item that could not be read. */
  readonly method: string
  readonly path: string
  readonly id: string | undefined
  readonly tags: readonly string[]
  readonly isDeprecated: boolean
  readonly place: Place
  readonly pathItem: Place
  /** Why the operation could not be read; its id and tags are then unknown. */
  readonly error?: UnresolvedError
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query']
const MAX_HOPS = 50
/** Members next to the reference of a path item or an operation whose meaning OpenAPI leaves open. */
const UNCLEAR_SIBLINGS = new Set([
  ...METHODS,
  ...['parameters', 'requestBody', 'responses', 'security', 'servers'],
])

/** Returns all operations of the document, in its order. Reads their files, but not those of their parts. */
export async function operationsOf(document: ApiDocument): Promise<Operation[]> {
  const paths = await document.reading(() => memberIn(document, document.root, 'paths'))
  const written = membersOf(paths).filter(([path]) => path.startsWith('/'))
  const operations = await mapConcurrently(written, async ([path, place]) => {
    const pathItem = await followed(document, place)
    if (pathItem instanceof UnresolvedError) {
      return [unreadOperation({ method: '', path, place, pathItem: place }, pathItem)]
    }
    const methods = membersOf(pathItem).filter(([method]) => METHODS.includes(method))
    return await mapConcurrently(methods, async ([method, one]) => {
      const found = await followed(document, one)
      const named = { method, path, pathItem }
      return found instanceof UnresolvedError
        ? unreadOperation({ ...named, place: one }, found)
        : readOperation({ ...named, place: found })
    })
  })
  return operations.flat()
}

type Located = Pick<Operation, 'method' | 'path' | 'place' | 'pathItem'>

function readOperation(located: Located): Operation {
  const { operationId, tags, deprecated } = objectAt(located.place)
  return {
    ...located,
    id: typeof operationId === 'string' && operationId !== '' ? operationId : undefined,
    tags: Array.isArray(tags) ? tags.map(String) : [],
    isDeprecated: deprecated === true,
  }
}

function unreadOperation(located: Located, error: UnresolvedError): Operation {
  return { ...located, id: undefined, tags: [], isDeprecated: false, error }
}

/** Returns the label of an operation: `GET /pets/{petId}`. */
export function labelOf({ method, path }: Pick<Operation, 'method' | 'path'>): string {
  return `${method.toUpperCase()} ${path}`.trim()
}

/**
 * Returns the path of the request. A fragment only distinguishes operations with the same path in some
 * documents, such as Box's `/files/{file_id}#add_shared_link`; it is not sent (RFC 3986 s3.5).
 */
export function urlPathOf({ path }: Pick<Operation, 'path'>): string {
  return path.split('#', 1)[0] ?? path
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
  for (const owner of [pathItem, place]) {
    for (const one of itemsOf(memberIn(document, owner, 'parameters'))) {
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
  throw new UnresolvedError(`the references from ${place.pointer} are circular`)
}

/** Returns a member, or the target if it is a reference. @throws UnresolvedError */
export function memberIn(document: ApiDocument, place: Place, key: string): Place {
  return dereference(document, member(place, key))
}

/** Resolves a path item or an operation. Returns the error of a reference that cannot be resolved. */
async function followed(document: ApiDocument, place: Place): Promise<Place | UnresolvedError> {
  const { $ref, ...beside } = objectAt(place)
  const unclear = Object.keys(beside).find((name) => UNCLEAR_SIBLINGS.has(name))
  if (typeof $ref === 'string' && unclear !== undefined) {
    return new UnresolvedError(`the reference ${JSON.stringify($ref)} has ${unclear} next to it`)
  }
  try {
    return await document.reading(() => dereference(document, place))
  } catch (error) {
    if (!(error instanceof UnresolvedError)) throw error
    return error
  }
}
