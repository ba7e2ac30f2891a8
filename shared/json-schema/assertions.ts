import { lazily } from '../lazily.ts'
import { duplicateIn, isEqual } from './equality.ts'
import { compileFormat } from './format.ts'
import { isMultipleOf, isNumber } from './numbers.ts'
import { compilePattern } from './pattern/pattern.ts'
import { fail, type Keyword, namesOf, type Run } from './run.ts'
import { isObject } from './schema.ts'
import { constantText, enumText } from './text.ts'

const IS_TYPE: Readonly<Record<string, (value: unknown) => boolean>> = {
  array: Array.isArray,
  boolean: (value) => typeof value === 'boolean',
  integer: (value) => Number.isInteger(value) || typeof value === 'bigint',
  null: (value) => value === null,
  number: isNumber,
  object: isObject,
  string: (value) => typeof value === 'string',
}

const type: Keyword = (value) => {
  const names = [value].flat().map(String)
  const tests = names.map((name) => IS_TYPE[name] ?? (() => false))
  const message = `must be ${names.join(',')}`
  const [only] = tests
  return tests.length === 1 && only !== undefined
    ? (data, run) => only(data) || fail(run, 'type', message)
    : (data, run) => tests.some((test) => test(data)) || fail(run, 'type', message)
}

const constant: Keyword = (value) => (data, run) =>
  isEqual(data, value, run) ||
  fail(run, 'const', `must be equal to constant (${constantText(value)})`)

const enumeration: Keyword = (value) => {
  const allowed: readonly unknown[] = Array.isArray(value) ? value : []
  const simple = new Set(allowed.filter((item) => typeof item !== 'object' || item === null))
  const others = allowed.filter((item) => typeof item === 'object' && item !== null)
  return (data, run) => {
    if (simple.has(data)) return true
    return (
      (typeof data === 'object' && others.some((item) => isEqual(data, item, run))) ||
      fail(run, 'enum', `must be equal to one of the allowed values (${enumText(allowed)})`)
    )
  }
}

const multipleOf: Keyword = (value) => {
  const divisor = Number(value)
  return (data, run) =>
    !isNumber(data) ||
    isMultipleOf(data, divisor, run.spend) ||
    fail(run, 'multipleOf', `must be multiple of ${divisor}`)
}

function onNumber(
  keyword: string,
  test: (data: number | bigint, limit: number) => boolean,
  words: string,
): Keyword {
  return (value) => {
    const limit = Number(value)
    return (data, run) =>
      !isNumber(data) || test(data, limit) || fail(run, keyword, `${words} ${limit}`)
  }
}

/** Returns a keyword that compares a size with a limit. */
function onSize(
  keyword: string,
  sizeOf: (data: unknown, run: Run, limit: number) => number | undefined,
  kind: 'min' | 'max',
  unit: string,
): Keyword {
  return (value) => {
    const limit = Number(value)
    return (data, run) => {
      const size = sizeOf(data, run, limit)
      if (size === undefined || (kind === 'max' ? size <= limit : size >= limit)) return true
      return fail(
        run,
        keyword,
        `must NOT have ${kind === 'max' ? 'more' : 'fewer'} than ${limit} ${unit}`,
      )
    }
  }
}

/** Returns the length in characters, not UTF-16 code units (RFC 8259 s7). */
function lengthOf(data: unknown, run: Run, limit: number): number | undefined {
  if (typeof data !== 'string') return undefined
  // A character is one or two code units, so these lengths decide without a count.
  if (data.length < limit || data.length > 2 * limit) return data.length
  run.spend(data.length >> 3)
  let length = 0
  for (let at = 0; at < data.length; length++) at += (data.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
  return length
}
function itemsIn(data: unknown): number | undefined {
  return Array.isArray(data) ? data.length : undefined
}
function membersIn(data: unknown, run: Run): number | undefined {
  if (!isObject(data)) return undefined
  const { length } = namesOf(data, run)
  run.spend(length >> 2)
  return length
}

const pattern: Keyword = (value) => {
  const test = lazily(() => compilePattern(String(value)))
  return (data, run) => {
    if (typeof data !== 'string') return true
    return (
      test()(data, run.spend) || fail(run, 'pattern', `must match pattern ${JSON.stringify(value)}`)
    )
  }
}

const format: Keyword = (value, _, { assertsFormat }) => {
  const test = assertsFormat ? compileFormat(String(value)) : undefined
  if (test === undefined) return undefined
  return (data, run) =>
    typeof data !== 'string' ||
    test(data, run.spend) ||
    fail(run, 'format', `must match format "${value}"`)
}

const uniqueItems: Keyword = (value) => {
  if (value !== true) return undefined
  return (data, run) => {
    const pair = Array.isArray(data) ? duplicateIn(data, run) : undefined
    if (pair === undefined) return true
    const [first, second] = pair
    return fail(
      run,
      'uniqueItems',
      `must NOT have duplicate items (items ## ${first} and ${second} are identical)`,
    )
  }
}

const required: Keyword = (value) => {
  const names = Array.isArray(value) ? value.map(String) : []
  return (data, run) => {
    if (!isObject(data)) return true
    run.spend(names.length >> 2)
    let isValid = true
    for (const name of names) {
      if (Object.hasOwn(data, name)) continue
      isValid = fail(run, 'required', `must have required property '${name}'`, name)
      if (run.faults === undefined) break
    }
    return isValid
  }
}

const dependentRequired: Keyword = (value) => {
  const pairs = Object.entries(Object(value)).flatMap(([name, needed]) =>
    Array.isArray(needed) ? needed.map((other) => [name, String(other)] as const) : [],
  )
  return (data, run) => {
    if (!isObject(data)) return true
    run.spend(pairs.length >> 1)
    const missing = pairs.filter(
      ([name, needed]) => Object.hasOwn(data, name) && !Object.hasOwn(data, needed),
    )
    for (const [name, needed] of missing) {
      const message = `must have property ${needed} when property ${name} is present`
      fail(run, 'dependentRequired', message, needed)
    }
    return missing.length === 0
  }
}

/** Keywords that limit the cost of the others: if one fails, no other keyword is applied. */
export const BOUNDS: ReadonlyMap<string, Keyword> = new Map([
  ['type', type],
  ['maxLength', onSize('maxLength', lengthOf, 'max', 'characters')],
  ['maxItems', onSize('maxItems', itemsIn, 'max', 'items')],
  ['maxProperties', onSize('maxProperties', membersIn, 'max', 'properties')],
])

/** Keywords that check a value without applying a subschema to it, the cheap ones first. */
export const ASSERTIONS: ReadonlyMap<string, Keyword> = new Map([
  ['const', constant],
  ['enum', enumeration],
  ['minimum', onNumber('minimum', (data, limit) => data >= limit, 'must be >=')],
  ['maximum', onNumber('maximum', (data, limit) => data <= limit, 'must be <=')],
  ['exclusiveMinimum', onNumber('exclusiveMinimum', (data, limit) => data > limit, 'must be >')],
  ['exclusiveMaximum', onNumber('exclusiveMaximum', (data, limit) => data < limit, 'must be <')],
  ['multipleOf', multipleOf],
  ['minLength', onSize('minLength', lengthOf, 'min', 'characters')],
  ['minItems', onSize('minItems', itemsIn, 'min', 'items')],
  ['minProperties', onSize('minProperties', membersIn, 'min', 'properties')],
  ['required', required],
  ['dependentRequired', dependentRequired],
  ['pattern', pattern],
  ['format', format],
  ['uniqueItems', uniqueItems],
])
