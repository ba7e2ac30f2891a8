import { namesOf, type Run } from './run.ts'

type Costs = Pick<Run, 'spend' | 'names'>

/** Returns whether two JSON values are equal, in any order of names (JSON Schema core s4.2.2). */
export function isEqual(a: unknown, b: unknown, run: Costs): boolean {
  run.spend(1)
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = namesOf(a, run)
  run.spend(keys.length >> 2)
  return (
    keys.length === namesOf(b, run).length &&
    keys.every(
      (key) => Object.hasOwn(b, key) && isEqual(Reflect.get(a, key), Reflect.get(b, key), run),
    )
  )
}

/** Returns the indices of the first two equal items, in time linear in the size of all items. */
export function duplicateIn(
  items: readonly unknown[],
  run: Costs,
): readonly [number, number] | undefined {
  const seen = new Map<unknown, number>()
  for (const [index, item] of items.entries()) {
    const key = typeof item === 'object' ? canonical(item, run) : primitiveKey(item)
    run.spend(8)
    const first = seen.get(key)
    if (first !== undefined) return [first, index]
    seen.set(key, index)
  }
  return undefined
}

/**
 * Prefixes strings, so that none equals the text that `canonical` returns for an object, an array or
 * null.
 */
function primitiveKey(item: unknown): unknown {
  return typeof item === 'string' ? `"${item}` : item
}

/** Returns the same text for equal values, and different texts for different values. */
function canonical(value: unknown, run: Costs): string {
  run.spend(8)
  if (typeof value !== 'object' || value === null) return textOf(value, run)
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, run)).join(',')}]`
  const names = namesOf(value, run)
  run.spend(16 * names.length)
  const members = names.map(
    (name) => `${JSON.stringify(name)}:${canonical(Reflect.get(value, name), run)}`,
  )
  return `{${members.sort().join(',')}}`
}

function textOf(value: unknown, { spend }: Costs): string {
  const text = typeof value === 'bigint' ? String(value) : JSON.stringify(value)
  spend(text.length >> 5)
  return text
}
