import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkSchema } from '../../../shared/json-schema/check.ts'
import type { JsonSchema } from '../../../shared/json-schema/schema.ts'

// An independent implementation of the 2020-12 meta-schema.
const ajv = new Ajv2020({ strict: false, validateFormats: false })
const fitsMetaSchema = (schema: unknown) => ajv.validateSchema(schema as object) === true

const linesOf = (schema: unknown) =>
  checkSchema(schema as JsonSchema).faults.map(({ pointer, reason }) => `${pointer}: ${reason}`)

const TYPES = '(array, boolean, integer, null, number, object, string)'

describe('a malformed schema', () => {
  test.each<[object, string]>([
    [{ type: 'int' }, `/type: must be equal to one of the allowed values ${TYPES}`],
    [{ type: 'any' }, `/type: must be equal to one of the allowed values ${TYPES}`],
    [{ type: [] }, '/type: must NOT have fewer than 1 items'],
    [{ type: ['string', 'string'] }, '/type: must NOT have duplicate items'],
    [{ type: ['string', 'text'] }, `/type: must be equal to one of the allowed values ${TYPES}`],
    [{ type: null }, `/type: must be equal to one of the allowed values ${TYPES}`],
    [{ type: {} }, `/type: must be equal to one of the allowed values ${TYPES}`],
    [{ properties: [] }, '/properties: must be object'],
    [{ properties: { required: ['a'] } }, '/properties/required: must be object or boolean'],
    [{ properties: { a: 'string' } }, '/properties/a: must be object or boolean'],
    [{ properties: { a: 1 } }, '/properties/a: must be object or boolean'],
    [{ properties: { a: null } }, '/properties/a: must be object or boolean'],
    [
      { properties: { 'a/b~c': { type: 'x' } } },
      `/properties/a~1b~0c/type: must be equal to one of the allowed values ${TYPES}`,
    ],
    [{ required: 'a' }, '/required: must be array'],
    [{ required: true }, '/required: must be array'],
    [{ required: [1] }, '/required: must have only strings as items'],
    [{ required: ['a', 'a'] }, '/required: must NOT have duplicate items'],
    [{ minLength: -1 }, '/minLength: must be >= 0'],
    [{ maxLength: '10' }, '/maxLength: must be integer'],
    [{ minItems: 1.5 }, '/minItems: must be integer'],
    [{ maxItems: null }, '/maxItems: must be integer'],
    [{ minProperties: -2 }, '/minProperties: must be >= 0'],
    [{ minContains: 'x' }, '/minContains: must be integer'],
    [{ multipleOf: 0 }, '/multipleOf: must be > 0'],
    [{ multipleOf: -1 }, '/multipleOf: must be > 0'],
    [{ multipleOf: '1' }, '/multipleOf: must be number'],
    [{ minimum: '0' }, '/minimum: must be number'],
    [{ exclusiveMinimum: true }, '/exclusiveMinimum: must be number'],
    [{ allOf: [] }, '/allOf: must NOT have fewer than 1 items'],
    [{ anyOf: {} }, '/anyOf: must be array'],
    [{ oneOf: ['string'] }, '/oneOf/0: must be object or boolean'],
    [{ not: [] }, '/not: must be object or boolean'],
    [{ if: 'x' }, '/if: must be object or boolean'],
    [{ items: [{}] }, '/items: must be object or boolean'],
    [{ prefixItems: [] }, '/prefixItems: must NOT have fewer than 1 items'],
    [{ prefixItems: {} }, '/prefixItems: must be array'],
    [{ additionalProperties: 'no' }, '/additionalProperties: must be object or boolean'],
    [{ $defs: [] }, '/$defs: must be object'],
    [{ definitions: { a: [] } }, '/definitions/a: must be object or boolean'],
    [
      { $defs: { a: { $defs: { b: { type: 1 } } } } },
      `/$defs/a/$defs/b/type: must be equal to one of the allowed values ${TYPES}`,
    ],
    [{ enum: 'a' }, '/enum: must be array'],
    [{ title: 1 }, '/title: must be string'],
    [{ description: ['x'] }, '/description: must be string'],
    [{ examples: 'x' }, '/examples: must be array'],
    [{ deprecated: 'yes' }, '/deprecated: must be boolean'],
    [{ readOnly: 1 }, '/readOnly: must be boolean'],
    [{ format: 1 }, '/format: must be string'],
    [{ uniqueItems: 'true' }, '/uniqueItems: must be boolean'],
    [{ dependentRequired: { a: 'b' } }, '/dependentRequired: "a" must be array'],
    [{ dependentSchemas: { a: ['b'] } }, '/dependentSchemas/a: must be object or boolean'],
    [{ $ref: 1 }, '/$ref: must be string'],
    [{ $anchor: '#a' }, '/$anchor: must match pattern "^[A-Za-z_][-A-Za-z0-9._]*$"'],
    [{ $id: '#a' }, '/$id: must match pattern "^[^#]*#?$"'],
    [{ pattern: 1 }, '/pattern: must be string'],
  ])('is refused with the location and the reason: %j', (schema, line) => {
    expect(linesOf(schema)).toEqual([line])
    expect(fitsMetaSchema(schema)).toBe(false)
  })

  test.each<[object, string | RegExp]>([
    [{ pattern: '[' }, /^\/pattern: "\[" is not a regular expression \(ECMA-262\): /],
    [
      { properties: { a: { pattern: '(?i)x' } } },
      /^\/properties\/a\/pattern: "\(\?i\)x" is not a regular expression/,
    ],
    [{ pattern: '(?P<n>x)' }, /^\/pattern: "\(\?P<n>x\)" is not/],
    [{ patternProperties: { '*': {} } }, /^\/patternProperties: "\*" is not a regular expression/],
    [
      { pattern: '(a)\\1' },
      '/pattern: "(a)\\\\1" has a back-reference, which cannot be matched in bounded time',
    ],
    [
      { pattern: '(?<n>a)\\k<n>' },
      '/pattern: "(?<n>a)\\\\k<n>" has a back-reference, which cannot be matched in bounded time',
    ],
    [
      { pattern: '((a{1,500}){1,500}){1,500}' },
      '/pattern: "((a{1,500}){1,500}){1,500}" is too large when its quantifiers are expanded',
    ],
    [{ $ref: '#/nowhere' }, '/$ref: "#/nowhere" leads to no schema'],
    [{ $ref: '#nowhere' }, '/$ref: "#nowhere" leads to no schema'],
    [
      { $ref: 'https://elsewhere.example/schema' },
      '/$ref: "https://elsewhere.example/schema" leads outside the schema',
    ],
    [
      { properties: { a: { $ref: '#/properties/a/type' }, b: { $ref: '#/title' } }, title: 'x' },
      '/properties/a/$ref: "#/properties/a/type" leads to no schema',
    ],
    [{ $ref: '#' }, ': applies itself to the same value in an infinite loop'],
    [
      { anyOf: [{ type: 'null' }, { $ref: '#' }] },
      '/anyOf/1: applies itself to the same value in an infinite loop',
    ],
    [
      { $defs: { a: { $anchor: 'x' }, b: { $anchor: 'x' } } },
      '/$defs/b/$anchor: is the name of another schema as well',
    ],
    [
      { $defs: { a: { $id: 'x' }, b: { $id: 'x' } } },
      '/$defs/b/$id: is the $id of another schema as well',
    ],
    [
      { properties: { a: { 'x-mcp-header': 'A' } } },
      '/properties/a/x-mcp-header: is not supported',
    ],
  ])('is refused with the location and the reason: %j', (schema, line) => {
    expect(linesOf(schema)[0]).toEqual(
      typeof line === 'string' ? line : expect.stringMatching(line),
    )
  })

  test('is refused if it has 10,000 levels', () => {
    let schema: object = {}
    for (let depth = 0; depth < 10_000; depth++) schema = { not: schema }
    expect(linesOf(schema)).toEqual([expect.stringMatching(/is nested too deeply$/)])
  })
})

describe('an unusual but valid schema', () => {
  const nested = (length: number): object => (length === 0 ? {} : { items: nested(length - 1) })
  test.each<object>([
    {},
    { enum: [] },
    { enum: [null, {}, [1]] },
    { const: null },
    { const: { a: [1] } },
    { required: [] },
    { properties: {} },
    { properties: { '': {}, ' ': {}, 'ä/~': {}, constructor: {}, toString: true } },
    JSON.parse('{"properties": {"__proto__": {"type": "string"}}, "required": ["__proto__"]}'),
    {
      properties: {
        required: { type: 'boolean' },
        type: { type: 'string' },
        $ref: { type: 'string' },
      },
    },
    { properties: { properties: { properties: { properties: false } } } },
    { type: ['string', 'null'] },
    { minLength: 1.0, maxLength: 2.0 },
    { multipleOf: 1e-7 },
    { minimum: -0 },
    { items: true },
    { items: false },
    { additionalProperties: true },
    { not: {} },
    { not: true },
    JSON.parse('{"then": {}, "else": {}}'),
    { minContains: 0 },
    { contains: true, minContains: 0, maxContains: 2 },
    { $defs: { a: true, b: false } },
    { definitions: { a: {} }, properties: { x: { $ref: '#/definitions/a' } } },
    { properties: { children: { items: { $ref: '#' } } } },
    { additionalProperties: { $ref: '#' } },
    { $id: 'https://x.example/a', properties: { c: { $ref: '#' } } },
    { $id: 'https://x.example/a', properties: { c: { $ref: 'https://x.example/a' } } },
    {
      $id: 'urn:uuid:deadbeef-1234-00ff-ff00-4321feebdaed',
      properties: { c: { $ref: '#/$defs/a' } },
      $defs: { a: {} },
    },
    { $id: 'relative/a.json', properties: { c: { $ref: 'a.json#/$defs/a' } }, $defs: { a: {} } },
    { $defs: { a: { $anchor: 'a' } }, $ref: '#a' },
    { $defs: { a: { $id: 'b', $anchor: 'a' } }, $ref: 'b#a' },
    { $defs: { a: { $dynamicAnchor: 'n' } }, $dynamicRef: '#n' },
    { properties: { a: { $ref: '#/properties/b' }, b: { type: 'string' } } },
    {
      $defs: { 'a b': {}, 'c/d': {}, 'e~f': {}, 'g%h': {} },
      allOf: [
        { $ref: '#/$defs/a%20b' },
        { $ref: '#/$defs/c~1d' },
        { $ref: '#/$defs/e~0f' },
        { $ref: '#/$defs/g%25h' },
      ],
    },
    { 'x-schemas': { a: { type: 'string' } }, $ref: '#/x-schemas/a' },
    { properties: { a: { anyOf: [{ $ref: '#/properties/b' }] }, b: { allOf: [true] } } },
    { nullable: true },
    { nullable: false, enum: ['a'] },
    { $async: true },
    { id: 'x' },
    { id: 5 },
    { properties: { id: { id: 'a' } } },
    { $data: '1/x' },
    { maximum: 5, formatMaximum: 1 },
    { discriminator: { propertyName: 'x' } },
    { example: 1, xml: {}, externalDocs: null },
    { format: 'unheard-of' },
    { type: 'string', format: 'int32' },
    { contentEncoding: 'base64', contentMediaType: 'x' },
    { dependencies: { a: ['b'], c: {} } },
    { unevaluatedProperties: false, unevaluatedItems: { type: 'null' } },
    { propertyNames: { pattern: '^[a-z]+$' } },
    { $comment: '', default: undefined },
    { examples: [] },
    { pattern: '' },
    { pattern: '^https\\:\\/\\/' },
    { pattern: "\\_\\'" },
    { pattern: '[\\w-.]' },
    { pattern: '{' },
    { pattern: ']' },
    { pattern: '\\p{L}' },
    { pattern: '^\\S+@\\S+\\.\\S+$' },
    { pattern: '(?<year>\\d{4})' },
    { pattern: '(?<!a)b(?=c)(?!d)(?<=b)' },
    { pattern: '^(?:a|b)*?c{2,}$' },
    { pattern: '\\u{1F600}|\\x41|\\cA' },
    { patternProperties: { '^x-': {}, '': true } },
    { $schema: 'https://json-schema.org/draft/2020-12/schema' },
    { $vocabulary: { 'https://x.example/v': true } },
    nested(100),
  ])('is accepted: %j', (schema) => {
    expect(linesOf(schema)).toEqual([])
  })
})

describe('a generated schema', () => {
  const value = fc.oneof(
    fc.constantFrom<unknown>('string', 'object', 'a', '', '^a$', 0, -1, 1, 1.5, true, false, null),
    fc.constantFrom<unknown>(
      [],
      [[]],
      ['a'],
      ['a', 'a'],
      ['string', 'null'],
      [{}],
      [{ type: 'x' }],
      [1, true],
    ),
    fc.constantFrom<unknown>(
      {},
      { a: {} },
      { a: true },
      { a: [] },
      { a: 'x' },
      { a: ['b'] },
      { type: 'x' },
      { a: { type: 'x' } },
    ),
  )
  const keyword = fc.constantFrom(
    ...[
      '$id',
      '$anchor',
      '$dynamicAnchor',
      '$vocabulary',
      '$comment',
      '$defs',
      'prefixItems',
      'items',
      'contains',
    ],
    ...[
      'additionalProperties',
      'properties',
      'patternProperties',
      'dependentSchemas',
      'propertyNames',
      'if',
      'then',
    ],
    ...[
      'else',
      'allOf',
      'anyOf',
      'oneOf',
      'not',
      'unevaluatedItems',
      'unevaluatedProperties',
      'type',
      'const',
      'enum',
    ],
    ...[
      'multipleOf',
      'maximum',
      'exclusiveMaximum',
      'minimum',
      'exclusiveMinimum',
      'maxLength',
      'minLength',
      'pattern',
    ],
    ...[
      'maxItems',
      'minItems',
      'uniqueItems',
      'maxContains',
      'minContains',
      'maxProperties',
      'minProperties',
      'required',
    ],
    ...[
      'dependentRequired',
      'title',
      'description',
      'default',
      'deprecated',
      'readOnly',
      'writeOnly',
      'examples',
      'format',
    ],
    ...[
      'contentEncoding',
      'contentMediaType',
      'contentSchema',
      'definitions',
      'dependencies',
      '$recursiveAnchor',
      'unknown',
    ],
  )

  test('is refused if and only if the meta-schema refuses it', () => {
    const schema = fc.dictionary(keyword, value, { maxKeys: 3 })
    const within = fc
      .tuple(schema, fc.constantFrom('items', 'not', 'unknown'))
      .map(([inner, outer]) => ({ [outer]: inner }))
    fc.assert(
      fc.property(fc.oneof(schema, within), (generated) => {
        expect(linesOf(generated).length === 0).toBe(fitsMetaSchema(generated))
      }),
      { numRuns: 5_000 },
    )
  })
})
