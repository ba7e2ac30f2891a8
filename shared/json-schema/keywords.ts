import { isObject } from './schema.ts'

/** The form in which the value of a keyword contains schemas: one schema, a list or a mapping. */
export type Nesting = 'schema' | 'list' | 'map'

/** Returns the fault of a keyword's value; undefined if it is valid. */
type Rule = (value: unknown) => string | undefined

const SIMPLE_TYPES = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string']
const ANCHOR = /^[A-Za-z_][-A-Za-z0-9._]*$/

const string: Rule = (value) => (typeof value === 'string' ? undefined : 'must be string')
const boolean: Rule = (value) => (typeof value === 'boolean' ? undefined : 'must be boolean')
const number: Rule = (value) => (typeof value === 'number' ? undefined : 'must be number')
const array: Rule = (value) => (Array.isArray(value) ? undefined : 'must be array')
const anything: Rule = () => undefined

const count: Rule = (value) => {
  if (!Number.isInteger(value)) return 'must be integer'
  return Number(value) >= 0 ? undefined : 'must be >= 0'
}
const positive: Rule = (value) => number(value) ?? (Number(value) > 0 ? undefined : 'must be > 0')
const anchor: Rule = (value) =>
  string(value) ??
  (ANCHOR.test(String(value)) ? undefined : `must match pattern "${ANCHOR.source}"`)
const identifier: Rule = (value) =>
  string(value) ?? (/^[^#]*#?$/.test(String(value)) ? undefined : 'must match pattern "^[^#]*#?$"')
const strings: Rule = (value) => {
  if (!Array.isArray(value)) return 'must be array'
  if (!value.every((item) => typeof item === 'string')) return 'must have only strings as items'
  return hasDuplicates(value) ? 'must NOT have duplicate items' : undefined
}
const simpleType: Rule = (value) =>
  SIMPLE_TYPES.includes(String(value)) && typeof value === 'string'
    ? undefined
    : `must be equal to one of the allowed values (${SIMPLE_TYPES.join(', ')})`
const types: Rule = (value) => {
  if (!Array.isArray(value)) return simpleType(value)
  if (value.length === 0) return 'must NOT have fewer than 1 items'
  if (hasDuplicates(value)) return 'must NOT have duplicate items'
  return value.map(simpleType).find((fault) => fault !== undefined)
}
const map: Rule = (value) => (isObject(value) ? undefined : 'must be object')
const mapOf =
  (rule: Rule): Rule =>
  (value) => {
    if (!isObject(value)) return 'must be object'
    for (const [key, item] of Object.entries(value)) {
      const fault = rule(item)
      if (fault !== undefined) return `${JSON.stringify(key)} ${fault}`
    }
    return undefined
  }
const list: Rule = (value) => {
  if (!Array.isArray(value)) return 'must be array'
  return value.length > 0 ? undefined : 'must NOT have fewer than 1 items'
}
const stringsOrSchema: Rule = (value) =>
  Array.isArray(value)
    ? strings(value)
    : isObject(value) || typeof value === 'boolean'
      ? undefined
      : 'must be object, boolean or array'

function hasDuplicates(items: readonly unknown[]): boolean {
  return new Set(items).size < items.length
}

/** Keywords whose values are or contain schemas. The shape of the values is checked first. */
export const NESTING: ReadonlyMap<string, Nesting> = new Map([
  ...[
    '$defs',
    'definitions',
    'properties',
    'patternProperties',
    'dependentSchemas',
    'dependencies',
  ].map((keyword) => [keyword, 'map'] as const),
  ...['prefixItems', 'allOf', 'anyOf', 'oneOf'].map((keyword) => [keyword, 'list'] as const),
  ...[
    'items',
    'contains',
    'additionalProperties',
    'propertyNames',
    'if',
    'then',
    'else',
    'not',
    'unevaluatedItems',
    'unevaluatedProperties',
    'contentSchema',
  ].map((keyword) => [keyword, 'schema'] as const),
])

/**
 * The rule of the JSON Schema 2020-12 meta-schema for the value of each keyword. Does not check
 * subschemas, or URIs and patterns, which the resolver and the pattern compiler check.
 */
export const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...[...NESTING].map(([keyword, nesting]): [string, Rule] => [
    keyword,
    nesting === 'schema' ? anything : nesting === 'list' ? list : map,
  ]),
  ['$id', identifier],
  ['$schema', string],
  ['$ref', string],
  ['$anchor', anchor],
  ['$dynamicRef', string],
  ['$dynamicAnchor', anchor],
  ['$vocabulary', mapOf(boolean)],
  ['$comment', string],
  ['type', types],
  ['const', anything],
  ['enum', array],
  ['multipleOf', positive],
  ['maximum', number],
  ['exclusiveMaximum', number],
  ['minimum', number],
  ['exclusiveMinimum', number],
  ['maxLength', count],
  ['minLength', count],
  ['pattern', string],
  ['maxItems', count],
  ['minItems', count],
  ['uniqueItems', boolean],
  ['maxContains', count],
  ['minContains', count],
  ['maxProperties', count],
  ['minProperties', count],
  ['required', strings],
  ['dependentRequired', mapOf(strings)],
  ['title', string],
  ['description', string],
  ['deprecated', boolean],
  ['readOnly', boolean],
  ['writeOnly', boolean],
  ['examples', array],
  ['format', string],
  ['contentEncoding', string],
  ['contentMediaType', string],
  ['dependencies', mapOf(stringsOrSchema)],
  ['$recursiveAnchor', anchor],
  ['$recursiveRef', string],
  // MCP 2026-07-28: a server must check the header fields in which a client mirrors these arguments.
  ['x-mcp-header', () => 'is not supported'],
])
