import { type Check, type Context, descend, fail, isEnough, type Keyword, quietly } from './run.ts'
import type { JsonSchema } from './schema.ts'

/** Compiles `prefixItems` and `items`, which depend on each other. */
export function compileItems(schema: JsonSchema, context: Context): Check | undefined {
  const { prefixItems, items } = schema
  if (prefixItems === undefined && items === undefined) return undefined
  const first = Array.isArray(prefixItems) ? prefixItems.map(context.check) : []
  const others = items === undefined ? undefined : context.check(items)

  return (value, run, seen) => {
    if (!Array.isArray(value)) return true
    if (items === false && value.length > first.length) {
      return fail(run, 'items', `must NOT have more than ${first.length} items`)
    }
    let isValid = true
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index]
      const check = first[index] ?? others
      if (check === undefined) break
      if (seen !== undefined) {
        run.spend(10)
        seen.items.add(index)
      }
      if (descend(check, item, index, run)) continue
      isValid = false
      if (isEnough(run)) return false
    }
    return isValid
  }
}

export const contains: Keyword = (value, { minContains, maxContains }, { check }) => {
  const one = check(value)
  const min = minContains === undefined ? 1 : Number(minContains)
  const max = maxContains === undefined ? Number.POSITIVE_INFINITY : Number(maxContains)
  return (data, run, seen) => {
    if (!Array.isArray(data)) return true
    let found = 0
    for (const [index, item] of data.entries()) {
      run.spend(3)
      if (!quietly(one, item, run, undefined)) continue
      found++
      seen?.items.add(index)
      if (found > max || (seen === undefined && found >= min && max === Infinity)) break
    }
    if (found >= min && found <= max) return true
    const limit = max === Infinity ? '' : ` and no more than ${max}`
    return fail(run, 'contains', `must contain at least ${min}${limit} valid item(s)`)
  }
}

/** Must run last, because it depends on the items that all other keywords evaluated. */
export const unevaluatedItems: Keyword = (value, _, { check }) => {
  const others = check(value)
  return (data, run, seen) => {
    if (!Array.isArray(data) || seen === undefined || seen.allItems) return true
    let isValid = true
    for (const [index, item] of data.entries()) {
      run.spend(6)
      if (seen.items.has(index)) continue
      if (value === false)
        isValid = fail(run, 'unevaluatedItems', `must NOT have unevaluated items (item ${index})`)
      else if (!descend(others, item, index, run)) isValid = false
      if (!isValid && isEnough(run)) return false
    }
    seen.allItems = true
    return isValid
  }
}
