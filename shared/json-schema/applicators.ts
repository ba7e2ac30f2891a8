import {
  addSeen,
  type Check,
  fail,
  isEnough,
  type Keyword,
  newSeen,
  quietly,
  type Run,
  type Seen,
} from './run.ts'
import { isObject, type JsonSchema } from './schema.ts'

const allOf: Keyword = (value, _, { check }) => {
  const all = listOf(value).map(check)
  return (data, run, seen) => {
    let isValid = true
    for (const one of all) {
      if (one(data, run, seen)) continue
      isValid = false
      if (isEnough(run)) return false
    }
    return isValid
  }
}

const anyOf: Keyword = (value, _, { check }) => {
  const all = listOf(value).map(check)
  const isUnion = hasAlternatives(value)
  return (data, run, seen) => {
    const mark = run.faults?.length ?? 0
    let isValid = false
    for (const one of all) {
      if (!applySeparately(one, data, run, seen)) continue
      isValid = true
      if (seen === undefined) break
    }
    if (!isValid) {
      if (isUnion) attribute(run, mark, 'anyOf')
      return fail(run, 'anyOf', 'must match a schema in anyOf')
    }
    run.faults?.splice(mark)
    return true
  }
}

const oneOf: Keyword = (value, _, { check }) => {
  const all = listOf(value).map(check)
  const isUnion = hasAlternatives(value)
  return (data, run, seen) => {
    const mark = run.faults?.length ?? 0
    let matched = 0
    for (const one of all) if (applySeparately(one, data, run, seen) && ++matched > 1) break
    if (matched > 0) run.faults?.splice(mark)
    else if (isUnion) attribute(run, mark, 'oneOf')
    return matched === 1 || fail(run, 'oneOf', 'must match exactly one schema in oneOf')
  }
}

/** Returns whether a list has several schemas besides `{ type: 'null' }`, which makes one optional. */
function hasAlternatives(value: unknown): boolean {
  return listOf(value).filter((one) => !isObject(one) || one['type'] !== 'null').length > 1
}

/** Attributes the faults after `mark` to a keyword, because none of its alternatives is the right one. */
function attribute({ faults, path }: Run, mark: number, keyword: string): void {
  for (const fault of faults?.slice(mark) ?? []) fault.union = { path: [...path], keyword }
}

/** Applies a subschema. Keeps what it evaluated only if the value is valid against it. */
function applySeparately(check: Check, data: unknown, run: Run, seen: Seen | undefined): boolean {
  run.spend(1)
  if (seen === undefined) return check(data, run, undefined)
  const mine = newSeen()
  if (!check(data, run, mine)) return false
  addSeen(seen, mine, run)
  return true
}

const not: Keyword = (value, _, { check }) => {
  const one = check(value)
  return (data, run) => !quietly(one, data, run, undefined) || fail(run, 'not', 'must NOT be valid')
}

const condition: Keyword = (value, schema, { check }) => {
  const test = check(value)
  const [whenTrue, whenFalse] = [schema['then'], schema['else']].map((one) =>
    one === undefined ? undefined : check(one),
  )
  return (data, run, seen) => {
    const mine = seen === undefined ? undefined : newSeen()
    run.spend(1)
    const isTrue = quietly(test, data, run, mine)
    if (isTrue && seen !== undefined && mine !== undefined) addSeen(seen, mine, run)
    const next = isTrue ? whenTrue : whenFalse
    const keyword = isTrue ? 'then' : 'else'
    return (
      next === undefined ||
      next(data, run, seen) ||
      fail(run, keyword, `must match "${keyword}" schema`)
    )
  }
}

const dependentSchemas: Keyword = (value, _, { check }) => {
  const all = Object.entries(Object(value)).map(([name, one]) => [name, check(one)] as const)
  return (data, run, seen) => {
    if (!isObject(data)) return true
    let isValid = true
    for (const [name, one] of all) {
      run.spend(1)
      if (!Object.hasOwn(data, name) || one(data, run, seen)) continue
      isValid = false
      if (isEnough(run)) return false
    }
    return isValid
  }
}

const reference: Keyword = (value, schema, { check, resources }) =>
  check(resources.resolve(String(value), schema).schema)

/** Resolves to the outermost resource of the dynamic scope that has the anchor (core s8.2.3.2). */
const dynamicReference: Keyword = (value, schema, { check, resources }) => {
  const target = resources.resolve(String(value), schema)
  const { dynamicAnchor } = target
  if (dynamicAnchor === undefined) return check(target.schema)
  return (data, run, seen) => {
    run.spend(run.scope.length)
    const outermost = run.scope
      .map(({ dynamicAnchors }): JsonSchema | undefined => dynamicAnchors.get(dynamicAnchor))
      .find((found) => found !== undefined)
    return check(outermost ?? target.schema)(data, run, seen)
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** Keywords that apply subschemas to the same value. */
export const APPLICATORS: ReadonlyMap<string, Keyword> = new Map([
  ['$ref', reference],
  ['$dynamicRef', dynamicReference],
  ['allOf', allOf],
  ['anyOf', anyOf],
  ['oneOf', oneOf],
  ['not', not],
  ['if', condition],
  ['dependentSchemas', dependentSchemas],
])
