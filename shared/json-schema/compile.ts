import { APPLICATORS } from './applicators.ts'
import { compileItems, contains, unevaluatedItems } from './arrays.ts'
import { ASSERTIONS, BOUNDS } from './assertions.ts'
import type { CheckedSchema } from './check.ts'
import { compileMembers, propertyNames, unevaluatedProperties } from './objects.ts'
import {
  addSeen,
  type Check,
  type Context,
  deeper,
  fail,
  isEnough,
  type Keyword,
  newSeen,
} from './run.ts'
import { isObject, type JsonSchema } from './schema.ts'

const LAST: ReadonlyMap<string, Keyword> = new Map([
  ['unevaluatedItems', unevaluatedItems],
  ['unevaluatedProperties', unevaluatedProperties],
])

const ALWAYS: Check = () => true
const NEVER: Check = (_, run) => fail(run, undefined, 'boolean schema is false')

/** Compiles a checked schema into a function. Compiles each subschema when it is first applied. */
export function compileCheck({ root, resources }: CheckedSchema, assertsFormat: boolean): Check {
  const compiled = new Map<JsonSchema, Check>()
  const context: Context = {
    assertsFormat,
    resources,
    check: (schema) => {
      if (!isObject(schema)) return schema === false ? NEVER : ALWAYS
      const known = compiled.get(schema)
      if (known !== undefined) return known
      let check: Check | undefined
      const lazy: Check = (value, run, seen) => {
        check ??= compileObject(schema, context)
        return check(value, run, seen)
      }
      compiled.set(schema, lazy)
      return lazy
    },
  }
  return context.check(root)
}

function compileObject(schema: JsonSchema, context: Context): Check {
  const bounds = compileAll(BOUNDS, schema, context)
  const rest = [
    ...compileAll(ASSERTIONS, schema, context),
    ...compileAll(APPLICATORS, schema, context),
    ...[compileMembers(schema, context), compileItems(schema, context)],
    ...compileAll(new Map([['propertyNames', propertyNames]]), schema, context),
    ...compileAll(new Map([['contains', contains]]), schema, context),
    ...compileAll(LAST, schema, context),
  ].filter((check) => check !== undefined)
  const collects = [...LAST.keys()].some((keyword) => schema[keyword] !== undefined)
  if (bounds.length + rest.length === 0) return ALWAYS

  const check: Check = (value, run, seen) => {
    for (const bound of bounds) if (!bound(value, run, seen)) return false
    const mine = collects ? newSeen() : seen
    let isValid = true
    for (const one of rest) {
      if (one(value, run, mine)) continue
      isValid = false
      if (isEnough(run)) return false
    }
    if (collects && seen !== undefined && mine !== undefined) addSeen(seen, mine, run)
    return isValid
  }
  return context.resources.isDynamic ? inScope(schema, context, deeper(check)) : deeper(check)
}

function compileAll(
  keywords: ReadonlyMap<string, Keyword>,
  schema: JsonSchema,
  context: Context,
): Check[] {
  return [...keywords]
    .filter(([name]) => schema[name] !== undefined)
    .map(([name, keyword]) => keyword(schema[name], schema, context))
    .filter((check) => check !== undefined)
}

function inScope(schema: JsonSchema, { resources }: Context, check: Check): Check {
  const resource = resources.ofSchema.get(schema)
  return (value, run, seen) => {
    if (resource === undefined || run.scope.at(-1) === resource) return check(value, run, seen)
    run.scope.push(resource)
    const isValid = check(value, run, seen)
    run.scope.pop()
    return isValid
  }
}
