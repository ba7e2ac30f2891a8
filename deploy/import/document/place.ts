import { asObject } from '../../../shared/json.ts'
import { below, keysOf } from '../../../shared/json-schema/schema.ts'

/** A value and its location, on which relative references depend. */
export interface Place {
  readonly value: unknown
  /** The file, as an absolute URL. */
  readonly url: string
  /** JSON Pointer in that file. */
  readonly pointer: string
}

/** Returns a member of the value at a place; its value is undefined if it does not exist. */
export function member(place: Place, key: string | number): Place {
  const { value, url, pointer } = place
  const found =
    typeof value === 'object' && value !== null && Object.hasOwn(value, key)
      ? (Reflect.get(value, key) as unknown)
      : undefined
  return { value: found, url, pointer: below(pointer, key) }
}

/** Returns the members of the object at a place; empty for other values. */
export function membersOf(place: Place): (readonly [string, Place])[] {
  return Object.keys(asObject(place.value) ?? {}).map((key) => [key, member(place, key)])
}

/** Returns the items of the array at a place; empty for other values. */
export function itemsOf(place: Place): Place[] {
  return Array.isArray(place.value) ? place.value.map((_, index) => member(place, index)) : []
}

/** Returns the object at a place; an empty object for other values. */
export function objectAt({ value }: Place): Readonly<Record<string, unknown>> {
  return asObject(value) ?? {}
}

/** Resolves a JSON Pointer from here; undefined if it does not exist. */
export function at(place: Place, pointer: string): Place | undefined {
  let found = place
  for (const key of keysOf(pointer)) {
    found = member(found, key)
    if (found.value === undefined) return undefined
  }
  return found
}

/** Returns the schema with this `$anchor` or `$dynamicAnchor` in the same file; undefined if there is none. */
export function findAnchor(root: Place, anchor: string): Place | undefined {
  const pending = [root]
  const seen = new Set<unknown>()
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    if (typeof place.value !== 'object' || place.value === null || seen.has(place.value)) continue
    seen.add(place.value)
    const { $anchor, $dynamicAnchor } = objectAt(place)
    if ($anchor === anchor || $dynamicAnchor === anchor) return place
    for (const key of Object.keys(place.value)) pending.push(member(place, key))
  }
  return undefined
}
