import { checkSchema } from './check.ts'
import { compileCheck } from './compile.ts'
import { type Check, Exhausted, type Run } from './run.ts'
import type { JsonSchema } from './schema.ts'

/**
 * Returns undefined when `value` fits (bigints are numbers), else one sentence with at most five faults, which names places
 * and what the schema says, never values.
 */
export type Validate = (value: unknown) => string | undefined

// Some 20 ms. A budget counts steps, not time, so that the same call has the same answer everywhere.
const MAX_STEPS = 500_000
/** To tell the faults of a value that does not fit, which takes a second run. */
const MAX_STEPS_TO_TELL = 100_000

/**
 * Validates by a schema that `checkSchema` has no fault to tell of; compiles it when it is first used.
 * A value that cannot be judged within a fixed number of steps does not fit.
 */
export function createValidator(schema: JsonSchema, assertsFormat = false): Validate {
  let check: Check | undefined
  return (value) => {
    check ??= compileCheck(checkSchema(schema).checked, assertsFormat)
    const names: Run['names'] = new Map()
    try {
      if (check(value, newRun(undefined, MAX_STEPS, names), undefined)) return undefined
    } catch (error) {
      if (!(error instanceof Exhausted)) throw error
      return 'arguments are too large or too deeply nested to be checked by the schema'
    }
    const faults: string[] = []
    try {
      check(value, newRun(faults, MAX_STEPS_TO_TELL, names), undefined)
    } catch (error) {
      if (!(error instanceof Exhausted)) throw error
    }
    return faults.length === 0 ? 'arguments do not fit' : faults.join('; ')
  }
}

function newRun(faults: string[] | undefined, steps: number, names: Run['names']): Run {
  let left = steps
  const spend = (spent: number) => {
    left -= spent
    if (left < 0) throw new Exhausted()
  }
  return { spend, faults, path: [], scope: [], names, depth: 0 }
}
