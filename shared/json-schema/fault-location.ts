import { lazily } from '../lazily.ts'
import type { Fault, Violation } from './run.ts'
import { below, isObject, type JsonSchema } from './schema.ts'
import { createFaultFinder } from './validator.ts'
import { nestedIn } from './walk.ts'

/** The place of a fault in a value, as far as the schema describes it. Contains no data. */
export interface FaultLocation {
  /**
   * A JSON Pointer (RFC 6901). The index of an item and a name that is no property of the schema are `*`.
   * For a missing property, it is the location of the property.
   */
  readonly location: string
  /** Undefined for the schema `false` and for a value that is too large to be checked. */
  readonly keyword: string | undefined
}

/** Returns undefined if `value` is valid. Otherwise returns the location of the deepest fault. */
export type LocateFault = (value: unknown) => FaultLocation | undefined

/**
 * Returns a validator like that of `createValidator`, whose result can be logged if `value` is
 * confidential.
 */
export function createFaultLocator(schema: JsonSchema, assertsFormat = false): LocateFault {
  const findFaults = createFaultFinder(schema, assertsFormat)
  const names = lazily(() => propertyNamesIn(schema))
  return (value) => {
    const faults = findFaults(value)
    return faults && toLocation(faults, names())
  }
}

function toLocation(faults: readonly Fault[], names: ReadonlySet<string>): FaultLocation {
  const { path, keyword, missing } = faults
    .map((fault): Violation => fault.union ?? fault)
    .reduce((deepest, one) => (one.path.length > deepest.path.length ? one : deepest))
  const keys = path.map((key) => (typeof key === 'string' && names.has(key) ? key : '*'))
  const all = missing === undefined ? keys : [...keys, missing]
  return { location: all.reduce((pointer, key) => below(pointer, key), ''), keyword }
}

function propertyNamesIn(root: JsonSchema): ReadonlySet<string> {
  const names = new Set<string>()
  const schemas: unknown[] = [root]
  for (const schema of schemas) {
    if (!isObject(schema)) continue
    for (const name of Object.keys(Object(schema['properties']))) names.add(name)
    for (const { value } of nestedIn(schema, '')) schemas.push(value)
  }
  return names
}
