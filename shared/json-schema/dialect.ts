import { NESTING } from './keywords.ts'
import { rewritePointer } from './old-pointers.ts'
import { below, isObject, type JsonSchema, type SchemaFault } from './schema.ts'

/** The dialect in which schemas are checked, applied and published. */
export const DIALECT = 'https://json-schema.org/draft/2020-12/schema'

type Draft = '2020-12' | '2019-09' | '7' | '6'

const DRAFTS: ReadonlyMap<string, Draft> = new Map([
  ['json-schema.org/draft/2020-12/schema', '2020-12'],
  ['json-schema.org/schema', '2020-12'],
  // OpenAPI 3.1 adds only annotations to the dialect.
  ['spec.openapis.org/oas/3.1/dialect/base', '2020-12'],
  ['json-schema.org/draft/2019-09/schema', '2019-09'],
  ['json-schema.org/draft-07/schema', '7'],
  ['json-schema.org/draft-06/schema', '6'],
])

/** Keywords of 2020-12 that an older draft does not know. */
const UNKNOWN_IN: Readonly<Record<Draft, readonly string[]>> = {
  '2020-12': [],
  '2019-09': ['prefixItems', '$dynamicRef', '$dynamicAnchor'],
  '7': [
    ...['prefixItems', '$dynamicRef', '$dynamicAnchor', '$anchor', 'unevaluatedItems'],
    ...['unevaluatedProperties', 'dependentRequired', 'dependentSchemas'],
    ...['minContains', 'maxContains'],
  ],
  '6': [],
}
const UNKNOWN_IN_DRAFT_6 = [...UNKNOWN_IN['7'], 'if', 'then', 'else']

/** Keywords to keep next to `$ref` in draft-06 and draft-07, where all others next to it are ignored. */
const BESIDE_REF: ReadonlySet<string> = new Set([
  ...['$ref', '$schema', '$comment', 'definitions', '$defs'],
  ...['title', 'description', 'default', 'examples', 'readOnly', 'writeOnly'],
])

interface Translation {
  readonly faults: SchemaFault[]
  readonly rewriteReference: (reference: string) => string
}

/**
 * Translates a schema of draft-06, draft-07, 2019-09 or 2020-12 to an equivalent schema of 2020-12. Its
 * `$schema` names its dialect; the default is 2020-12. Faults name unknown dialects and keywords that
 * have no exact equivalent.
 */
export function translate(schema: JsonSchema): {
  readonly schema: JsonSchema
  readonly faults: readonly SchemaFault[]
} {
  // Most schemas have no `$schema` and need no translation.
  if (!JSON.stringify(schema).includes('"$schema"')) return { schema, faults: [] }
  const faults: SchemaFault[] = []
  const rewriteReference = (reference: string) => rewritePointer(schema, reference)
  const translated = translateSchema(schema, '', '2020-12', { faults, rewriteReference })
  const namesDialect = schema['$schema'] !== undefined
  return {
    schema: namesDialect ? { $schema: DIALECT, ...Object(translated) } : Object(translated),
    faults,
  }
}

function translateSchema(
  value: unknown,
  pointer: string,
  outer: Draft,
  translation: Translation,
): unknown {
  if (!isObject(value)) return value
  const { $schema } = value
  const draft = typeof $schema === 'string' ? DRAFTS.get(plain($schema)) : outer
  if (draft === undefined || ($schema !== undefined && typeof $schema !== 'string')) {
    const reason =
      typeof $schema === 'string'
        ? `the dialect ${JSON.stringify($schema.slice(0, 200))} is not supported: use 2020-12, 2019-09, draft-07 or draft-06`
        : 'must be string'
    translation.faults.push({ pointer: below(pointer, '$schema'), reason })
    return value
  }
  const inside = (nested: unknown, key: string) => translateSchema(nested, key, draft, translation)
  const members = Object.entries(value)
    .filter(([keyword]) => keyword !== '$schema')
    .map(([keyword, member]) => [keyword, nested(keyword, member, below(pointer, keyword), inside)])
  const copy: Record<string, unknown> = Object.fromEntries(members)
  if (draft !== '2020-12') modernize(copy, value, pointer, draft, translation)
  return copy
}

function plain(uri: string): string {
  return uri.replace(/^https?:\/\//, '').replace(/#$/, '')
}

/** Translates the subschemas of a keyword, including the old forms of `items` and `dependencies`. */
function nested(
  keyword: string,
  member: unknown,
  pointer: string,
  inside: (nested: unknown, pointer: string) => unknown,
): unknown {
  const nesting = keyword === 'additionalItems' ? 'schema' : NESTING.get(keyword)
  if (nesting === undefined) return member
  if (Array.isArray(member)) {
    return member.map((item, index) => inside(item, below(pointer, index)))
  }
  if (nesting !== 'map') return inside(member, pointer)
  if (!isObject(member)) return member
  return Object.fromEntries(
    Object.entries(member).map(([key, item]) => [key, inside(item, below(pointer, key))]),
  )
}

function modernize(
  copy: Record<string, unknown>,
  original: JsonSchema,
  pointer: string,
  draft: Exclude<Draft, '2020-12'>,
  translation: Translation,
): void {
  for (const keyword of draft === '6' ? UNKNOWN_IN_DRAFT_6 : UNKNOWN_IN[draft]) {
    delete copy[keyword]
  }
  const { $ref } = copy
  if (typeof $ref === 'string') {
    copy['$ref'] = translation.rewriteReference($ref)
    if (draft !== '2019-09') dropBesideReference(copy, pointer)
  }
  if (draft === '2019-09') replaceRecursion(copy, original, pointer, translation)
  else {
    splitDependencies(copy)
    nameAnchor(copy)
  }
  if (Array.isArray(copy['items'])) {
    const { items, additionalItems } = copy
    delete copy['items']
    if (items.length > 0) copy['prefixItems'] = items
    if (additionalItems !== undefined) copy['items'] = additionalItems
  }
  delete copy['additionalItems']
}

/**
 * Removes the keywords that a draft ignores next to `$ref`. Keeps `type` at the root, because MCP
 * requires it.
 */
function dropBesideReference(copy: Record<string, unknown>, pointer: string): void {
  for (const keyword of Object.keys(copy)) {
    const isRootType = pointer === '' && keyword === 'type'
    if (!BESIDE_REF.has(keyword) && !isRootType) delete copy[keyword]
  }
}

function splitDependencies(copy: Record<string, unknown>): void {
  const { dependencies } = copy
  if (!isObject(dependencies)) return
  delete copy['dependencies']
  const entries = Object.entries(dependencies)
  const names = entries.filter(([, needed]) => Array.isArray(needed))
  const schemas = entries.filter(([, needed]) => !Array.isArray(needed))
  if (names.length > 0) copy['dependentRequired'] = Object.fromEntries(names)
  if (schemas.length > 0) copy['dependentSchemas'] = Object.fromEntries(schemas)
}

/** Converts a fragment in `$id`, which names an anchor in draft-06 and draft-07, to `$anchor`. */
function nameAnchor(copy: Record<string, unknown>): void {
  const { $id } = copy
  const [, uri = '', name = ''] =
    /^([^#]*)#([^/].*)$/.exec(typeof $id === 'string' ? $id : '') ?? []
  if (name === '') return
  copy['$anchor'] = name
  if (uri === '') delete copy['$id']
  else copy['$id'] = uri
}

/** Replaces `$recursiveRef` by `$ref`, which is equivalent in a schema with a single resource. */
function replaceRecursion(
  copy: Record<string, unknown>,
  original: JsonSchema,
  pointer: string,
  { faults }: Translation,
): void {
  if (original['unevaluatedItems'] !== undefined && original['contains'] !== undefined) {
    faults.push({
      pointer: below(pointer, 'contains'),
      reason: 'next to unevaluatedItems has a different meaning in 2020-12 than in 2019-09',
    })
  }
  if (original['$recursiveAnchor'] === true && pointer !== '') {
    faults.push({
      pointer: below(pointer, '$recursiveAnchor'),
      reason: 'below the root cannot be translated to 2020-12',
    })
  }
  delete copy['$recursiveAnchor']
  if (copy['$recursiveRef'] !== '#') return
  delete copy['$recursiveRef']
  if (copy['$ref'] === undefined) copy['$ref'] = '#'
  else copy['allOf'] = [...(Array.isArray(copy['allOf']) ? copy['allOf'] : []), { $ref: '#' }]
}
