import type { Spend } from './pattern/match.ts'

/** Whether two JSON values are equal (JSON Schema core s4.2.2); the order of names does not matter. */
export function isEqual(a: unknown, b: unknown, spend: Spend): boolean {
  spend(1)
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every(
      (key) => Object.hasOwn(b, key) && isEqual(Reflect.get(a, key), Reflect.get(b, key), spend),
    )
  )
}

/** The places of the first two equal items, in time proportional to the size of all of them. */
export function duplicateIn(
  items: readonly unknown[],
  spend: Spend,
): readonly [number, number] | undefined {
  const seen = new Map<unknown, number>()
  for (const [index, item] of items.entries()) {
    const key = typeof item === 'object' ? canonical(item, spend) : primitiveKey(item)
    spend(8)
    const first = seen.get(key)
    if (first !== undefined) return [first, index]
    seen.set(key, index)
  }
  return undefined
}

/** Strings are marked: `canonical` writes objects, arrays and null, which no string is equal to. */
function primitiveKey(item: unknown): unknown {
  return typeof item === 'string' ? `"${item}` : item
}

/** The same text for equal values, and only for them. */
function canonical(value: unknown, spend: Spend): string {
  spend(8)
  if (typeof value !== 'object' || value === null) return textOf(value, spend)
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, spend)).join(',')}]`
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}:${canonical(member, spend)}`,
  )
  spend(16 * members.length)
  return `{${members.sort().join(',')}}`
}

function textOf(value: unknown, spend: Spend): string {
  const text = typeof value === 'bigint' ? String(value) : JSON.stringify(value)
  spend(text.length >> 5)
  return text
}
