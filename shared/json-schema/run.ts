import type { Resource, Resources } from './resources.ts'
import type { JsonSchema } from './schema.ts'

/** A keyword that a value violates. */
export interface Violation {
  /** The keys from the root to the value. They are parts of the data. */
  readonly path: readonly (string | number)[]
  /** Undefined for the schema `false` and for a value that is too large to be checked. */
  readonly keyword: string | undefined
  /** The name of the missing property, which is a part of the schema. */
  readonly missing?: string | undefined
}

export interface Fault extends Violation {
  readonly message: string
  /** The outermost `anyOf` or `oneOf` whose alternatives have this fault and others. */
  union?: Violation
}

/** One validation of one value. */
export interface Run {
  /** Takes steps from the budget. Throws Exhausted if it is used up. */
  readonly spend: (steps: number) => void
  /** The collected faults; undefined while only the result matters. */
  faults: Fault[] | undefined
  /** The keys from the root to the current value. Only set while faults are collected. */
  readonly path: (string | number)[]
  /** The dynamic scope: the resources entered so far (JSON Schema core s7.1). */
  readonly scope: Resource[]
  /** Caches the names of large objects, which take long to list. */
  readonly names: Map<object, readonly string[]>
  depth: number
}

/** The properties or items of a value that its schemas have evaluated (core s7.7). */
export interface Seen {
  readonly names: Set<string>
  readonly items: Set<number>
  allNames: boolean
  allItems: boolean
}

/** Returns whether a value is valid against a schema or keyword. */
export type Check = (value: unknown, run: Run, seen: Seen | undefined) => boolean

/** The context in which keywords are compiled. */
export interface Context {
  /** Returns the check of a subschema, which is compiled on first use. */
  readonly check: (schema: unknown) => Check
  readonly resources: Resources
  readonly assertsFormat: boolean
}

/** Compiles one keyword of `schema`. Returns undefined if its value has no effect. */
export type Keyword = (value: unknown, schema: JsonSchema, context: Context) => Check | undefined

/** The budget or the depth is exhausted, so the value is neither valid nor invalid. */
export class Exhausted extends Error {
  override readonly name = 'Exhausted'
}

export const MAX_FAULTS = 5
const MAX_DEPTH = 1_000

/** Records that the current value violates a keyword. */
export function fail(
  run: Run,
  keyword: string | undefined,
  message: string,
  missing?: string,
): false {
  if (run.faults !== undefined && run.faults.length < MAX_FAULTS) {
    run.faults.push({ path: [...run.path], keyword, message, missing })
  }
  return false
}

/** Returns whether validation can stop at a failed keyword, because no more faults are collected. */
export function isEnough(run: Run): boolean {
  return run.faults === undefined || run.faults.length >= MAX_FAULTS
}

/** Applies a check to a member or item. */
export function descend(check: Check, value: unknown, key: string | number, run: Run): boolean {
  if (run.faults === undefined) return check(value, run, undefined)
  run.path.push(key)
  const isValid = check(value, run, undefined)
  run.path.pop()
  return isValid
}

/** Applies a check without collecting its faults. */
export function quietly(check: Check, value: unknown, run: Run, seen: Seen | undefined): boolean {
  const { faults } = run
  run.faults = undefined
  const isValid = check(value, run, seen)
  run.faults = faults
  return isValid
}

const MANY_NAMES = 64

/**
 * Returns the names in an object. Costs steps only for large objects, which the engine stores as hash
 * tables.
 */
export function namesOf(value: object, run: Pick<Run, 'spend' | 'names'>): readonly string[] {
  const known = run.names.size === 0 ? undefined : run.names.get(value)
  if (known !== undefined) return known
  const names = Object.keys(value)
  if (names.length <= MANY_NAMES) return names
  run.spend(4 * names.length)
  run.names.set(value, names)
  return names
}

/** Returns the check with a limit for the depth of its recursion. */
export function deeper(check: Check): Check {
  return (value, run, seen) => {
    run.spend(1)
    if (++run.depth > MAX_DEPTH) throw new Exhausted()
    const isValid = check(value, run, seen)
    run.depth--
    return isValid
  }
}

export function newSeen(): Seen {
  return { names: new Set(), items: new Set(), allNames: false, allItems: false }
}

export function addSeen(to: Seen, from: Seen, run: Run): void {
  run.spend(12 * (from.names.size + from.items.size))
  for (const name of from.names) to.names.add(name)
  for (const item of from.items) to.items.add(item)
  to.allNames ||= from.allNames
  to.allItems ||= from.allItems
}
