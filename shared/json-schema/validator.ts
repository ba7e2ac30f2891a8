import { lazily } from '../lazily.ts'
import { checkSchema } from './check.ts'
import { compileCheck } from './compile.ts'
import { Exhausted, type Fault, type Run } from './run.ts'
import { below, type JsonSchema } from './schema.ts'
import { shortName } from './text.ts'

/**
 * Returns undefined if `value` is valid; bigints count as numbers. Otherwise returns a message with at most
 * five faults, which contains locations and parts of the schema, but no values.
 */
export type Validate = (value: unknown) => string | undefined

// About 20 ms. A budget counts steps, not time, so that the same call has the same result on every
// machine.
const MAX_STEPS = 500_000
/** For the second run, which collects the faults of an invalid value. */
const MAX_FAULT_STEPS = 100_000

/**
 * Returns a validator for a schema without faults of `checkSchema`. Compiles the schema on first use. A
 * value that cannot be validated within a fixed number of steps is invalid.
 */
export function createValidator(schema: JsonSchema, assertsFormat = false): Validate {
  const findFaults = createFaultFinder(schema, assertsFormat)
  return (value) => findFaults(value)?.map(describe).join('; ')
}

function describe({ path, message }: Fault): string {
  const place = path.map((key) => below('', shortName(String(key))))
  return `${place.join('') || 'arguments'} ${message}`
}

/**
 * Does the same as `createValidator`, but the validator returns at most five faults, in which `path` is
 * data.
 */
export function createFaultFinder(
  schema: JsonSchema,
  assertsFormat = false,
): (value: unknown) => readonly Fault[] | undefined {
  const compiled = lazily(() => compileCheck(checkSchema(schema).checked, assertsFormat))
  return (value) => {
    const check = compiled()
    const names: Run['names'] = new Map()
    try {
      if (check(value, newRun(undefined, MAX_STEPS, names), undefined)) return undefined
    } catch (error) {
      if (!(error instanceof Exhausted)) throw error
      return [faultOfAll('are too large or too deeply nested to be checked by the schema')]
    }
    const faults: Fault[] = []
    try {
      check(value, newRun(faults, MAX_FAULT_STEPS, names), undefined)
    } catch (error) {
      if (!(error instanceof Exhausted)) throw error
    }
    return faults.length === 0 ? [faultOfAll('do not match the schema')] : faults
  }
}

function faultOfAll(message: string): Fault {
  return { path: [], keyword: undefined, message }
}

function newRun(faults: Fault[] | undefined, steps: number, names: Run['names']): Run {
  let left = steps
  const spend = (spent: number) => {
    left -= spent
    if (left < 0) throw new Exhausted()
  }
  return { spend, faults, path: [], scope: [], names, depth: 0 }
}
