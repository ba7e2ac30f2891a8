import { lazily } from '../lazily.ts'
import { compilePattern, type PatternTest } from './pattern/pattern.ts'
import { type Check, type Context, descend, fail, isEnough, type Keyword, namesOf } from './run.ts'
import { isObject, type JsonSchema } from './schema.ts'
import { shortName } from './text.ts'

/** Compiles `properties`, `patternProperties` and `additionalProperties`, which depend on each other. */
export function compileMembers(schema: JsonSchema, context: Context): Check | undefined {
  const { properties, patternProperties, additionalProperties } = schema
  if ([properties, patternProperties, additionalProperties].every((one) => one === undefined)) {
    return undefined
  }
  const named = new Map(
    Object.entries(Object(properties)).map(([name, one]) => [name, context.check(one)]),
  )
  const patterns = Object.entries(Object(patternProperties)).map(
    ([pattern, one]) => [lateTest(pattern), context.check(one)] as const,
  )
  const others =
    additionalProperties === undefined ? undefined : context.check(additionalProperties)
  const allowsNone = additionalProperties === false

  return (value, run, seen) => {
    if (!isObject(value)) return true
    let isValid = true
    const apply = (check: Check, name: string) => {
      seen?.names.add(name)
      if (!descend(check, value[name], name, run)) isValid = false
    }
    for (const name of namesOf(value, run)) {
      if (seen !== undefined) run.spend(14)
      const check = named.get(name)
      if (check !== undefined) apply(check, name)
      let isKnown = check !== undefined
      for (const [test, one] of patterns) {
        if (!test(name, run.spend)) continue
        isKnown = true
        apply(one, name)
      }
      if (!isKnown) run.spend(1)
      if (!isKnown && allowsNone) {
        isValid = fail(
          run,
          'additionalProperties',
          `must NOT have additional properties (${JSON.stringify(shortName(name))})`,
        )
      } else if (!isKnown && others !== undefined) apply(others, name)
      if (!isValid && isEnough(run)) return false
    }
    return isValid
  }
}

function lateTest(pattern: string): PatternTest {
  const test = lazily(() => compilePattern(pattern))
  return (text, spend) => test()(text, spend)
}

export const propertyNames: Keyword = (value, _, { check }) => {
  const names = check(value)
  return (data, run) => {
    if (!isObject(data)) return true
    for (const name of namesOf(data, run)) {
      run.spend(1)
      const { faults } = run
      run.faults = undefined
      const isValid = names(name, run, undefined)
      run.faults = faults
      if (!isValid)
        return fail(
          run,
          'propertyNames',
          `property name must be valid (${JSON.stringify(shortName(name))})`,
        )
    }
    return true
  }
}

/** Must run last, because it depends on the properties that all other keywords evaluated. */
export const unevaluatedProperties: Keyword = (value, _, { check }) => {
  const others = check(value)
  return (data, run, seen) => {
    if (!isObject(data) || seen === undefined || seen.allNames) return true
    let isValid = true
    for (const name of namesOf(data, run)) {
      run.spend(6)
      if (seen.names.has(name)) continue
      if (value === false) {
        isValid = fail(
          run,
          'unevaluatedProperties',
          `must NOT have unevaluated properties (${JSON.stringify(shortName(name))})`,
        )
      } else if (!descend(others, data[name], name, run)) isValid = false
      if (!isValid && isEnough(run)) return false
    }
    seen.allNames = true
    return isValid
  }
}
