import { asObject } from '../../../shared/json.ts'
import { UnresolvedError } from '../import-error.ts'
import { itemsOf, member, membersOf, type Place } from './place.ts'

type Resolve = (reference: string, from: Place) => Place
type Expand = (place: Place) => unknown

const MAX_HOPS = 50

/**
 * Returns an OpenAPI 2.0 document with the path items, operations, parameters and responses of other
 * files in place of their references, because the converter to 3.0 reads one file. A reference that cannot
 * be resolved remains, as do those to schemas, which are the same in both versions.
 *
 * @throws FileNeededError if a file has not been read.
 */
export function inlineOldFiles(root: Place, resolve: Resolve): Record<string, unknown> {
  /** Follows references to other files, and in them. */
  const follow = (place: Place): Place => {
    let found = place
    for (let hops = 0; hops < MAX_HOPS; hops++) {
      const reference = asObject(found.value)?.['$ref']
      if (typeof reference !== 'string') return found
      const target = resolvedOrNot(reference, found)
      if (target === undefined || target.url === root.url) return found
      found = target
    }
    return found
  }
  const resolvedOrNot = (reference: string, from: Place): Place | undefined => {
    try {
      return resolve(reference, from)
    } catch (error) {
      if (!(error instanceof UnresolvedError)) throw error
      return undefined
    }
  }
  const copy: Expand = (place) =>
    place.url === root.url ? place.value : withReferences(place.value, place.url, root.url)
  const part: Expand = (place) => copy(follow(place))
  const list =
    (expand: Expand): Expand =>
    (place) => {
      const found = follow(place)
      return Array.isArray(found.value) ? itemsOf(found).map(expand) : copy(found)
    }
  const map =
    (expandOf: (name: string) => Expand): Expand =>
    (place) => {
      const found = follow(place)
      const isReference = typeof asObject(found.value)?.['$ref'] === 'string'
      if (asObject(found.value) === undefined || isReference) return copy(found)
      return Object.fromEntries(membersOf(found).map(([name, one]) => [name, expandOf(name)(one)]))
    }
  const operation = map((name) => {
    if (name === 'parameters') return list(part)
    return name === 'responses' ? map(() => part) : copy
  })
  const pathItem = map((name) => {
    if (name === 'parameters') return list(part)
    return name.startsWith('x-') || name === '$ref' ? copy : operation
  })
  const expanders: Readonly<Record<string, Expand>> = {
    paths: map(() => pathItem),
    parameters: map(() => part),
    responses: map(() => part),
  }
  return {
    ...asObject(root.value),
    ...Object.fromEntries(
      Object.entries(expanders)
        .filter(([name]) => member(root, name).value !== undefined)
        .map(([name, expand]) => [name, expand(member(root, name))]),
    ),
  }
}

/** Returns a copy of a value of another file whose references are absolute, or local to the root. */
function withReferences(value: unknown, url: string, rootUrl: string): unknown {
  if (Array.isArray(value)) return value.map((one) => withReferences(one, url, rootUrl))
  const members = asObject(value)
  if (members === undefined) return value
  return Object.fromEntries(
    Object.entries(members).map(([name, one]) => {
      const target = name === '$ref' && typeof one === 'string' ? URL.parse(one, url) : null
      if (target === null) return [name, withReferences(one, url, rootUrl)]
      const isLocal = target.href.split('#', 1)[0] === rootUrl
      return [name, isLocal ? target.hash || '#' : target.href]
    }),
  )
}
