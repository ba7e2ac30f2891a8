import { describe, expect, test } from 'vitest'
import { publishedSchema } from '../../../shared/json-schema/publish.ts'
import { createValidator } from '../../../shared/json-schema/validator.ts'

const DIALECT = 'https://json-schema.org/draft/2020-12/schema'
const DRAFT_07 = 'http://json-schema.org/draft-07/schema#'
const publish = (schema: object) => publishedSchema('inputSchema', schema as never)

describe('a schema with $schema', () => {
  test.each([
    ...['http://json-schema.org/draft-07/schema#', 'http://json-schema.org/draft-07/schema'],
    ...['https://json-schema.org/draft-07/schema', 'https://json-schema.org/draft-07/schema#'],
    ...['http://json-schema.org/draft-06/schema#', 'https://json-schema.org/draft-06/schema'],
    ...[
      'https://json-schema.org/draft/2019-09/schema',
      'http://json-schema.org/draft/2019-09/schema#',
    ],
    ...[
      'http://json-schema.org/draft/2020-12/schema',
      'https://json-schema.org/draft/2020-12/schema#',
    ],
    ...['https://spec.openapis.org/oas/3.1/dialect/base', 'http://json-schema.org/schema#'],
  ])('%s is published as 2020-12', ($schema) => {
    const schema = { type: 'object', properties: { q: { type: 'string' } }, required: ['q'] }
    expect(publish({ $schema, ...schema })).toEqual({ $schema: DIALECT, ...schema })
  })

  test('is published unchanged without $schema', () => {
    const schema = { type: 'object', nullable: true, 'x-own': [1] }
    expect(publish(schema)).toBe(schema)
  })

  test.each([
    [
      'http://json-schema.org/draft-04/schema#',
      ' at /$schema: the dialect "http://json-schema.org/draft-04/schema#" is not supported: use 2020-12, 2019-09, draft-07 or draft-06',
    ],
    [7, ' at /$schema: must be string'],
  ])('%s is refused', ($schema, line) => {
    expect(() => publish({ $schema })).toThrow(`inputSchema${line}`)
  })

  test('in a subschema is translated, and the inner $schema is removed', () => {
    expect(
      publish({
        type: 'object',
        properties: { a: { $schema: DRAFT_07, items: [{}], additionalItems: false } },
      }),
    ).toEqual({ type: 'object', properties: { a: { prefixItems: [{}], items: false } } })
  })
})

describe('a draft-07 schema', () => {
  test.each<[string, object, object]>([
    [
      'tuples',
      { items: [{ type: 'string' }], additionalItems: { type: 'null' } },
      { prefixItems: [{ type: 'string' }], items: { type: 'null' } },
    ],
    [
      'additionalItems with one schema for items',
      { items: {}, additionalItems: false },
      { items: {} },
    ],
    ['an empty tuple', { items: [], additionalItems: false }, { items: false }],
    [
      'dependencies',
      { dependencies: { a: ['b'], c: { required: ['d'] } } },
      { dependentRequired: { a: ['b'] }, dependentSchemas: { c: { required: ['d'] } } },
    ],
    [
      'definitions',
      { definitions: { a: {} }, properties: { x: { $ref: '#/definitions/a' } } },
      { definitions: { a: {} }, properties: { x: { $ref: '#/definitions/a' } } },
    ],
    [
      'siblings of $ref',
      { properties: { x: { $ref: '#', type: 'string', title: 'T' } } },
      { properties: { x: { $ref: '#', title: 'T' } } },
    ],
    [
      'the type of the root with $ref',
      { type: 'object', $ref: '#/definitions/a', definitions: { a: {} } },
      { type: 'object', $ref: '#/definitions/a', definitions: { a: {} } },
    ],
    [
      'plain names in $id',
      { definitions: { a: { $id: '#a' } }, not: { $ref: '#a' } },
      { definitions: { a: { $anchor: 'a' } }, not: { $ref: '#a' } },
    ],
    [
      'keywords of later drafts',
      { prefixItems: [false], dependentRequired: { a: ['b'] }, unevaluatedProperties: false },
      {},
    ],
    [
      'references into a tuple',
      { properties: { t: { items: [{ type: 'string' }] }, u: { $ref: '#/properties/t/items/0' } } },
      {
        properties: {
          t: { prefixItems: [{ type: 'string' }] },
          u: { $ref: '#/properties/t/prefixItems/0' },
        },
      },
    ],
    [
      'a property with the name of a keyword',
      {
        properties: {
          items: { enum: [1] },
          dependencies: {},
          u: { $ref: '#/properties/items' },
          v: { $ref: '#/properties/dependencies' },
        },
      },
      {
        properties: {
          items: { enum: [1] },
          dependencies: {},
          u: { $ref: '#/properties/items' },
          v: { $ref: '#/properties/dependencies' },
        },
      },
    ],
  ])('is translated: %s', (_, written, translated) => {
    expect(publish({ $schema: DRAFT_07, ...written })).toEqual({ $schema: DIALECT, ...translated })
  })

  test('accepts the same values after the translation', () => {
    const validate = createValidator(
      publish({
        $schema: DRAFT_07,
        properties: {
          p: { items: [{ type: 'string' }, { type: 'integer' }], additionalItems: false },
        },
        dependencies: { q: ['p'] },
      }),
    )
    expect(validate({ p: ['a', 1], q: 1 })).toBeUndefined()
    expect(validate({ p: ['a', 'b'] })).toBe('/p/1 must be integer')
    expect(validate({ p: ['a', 1, 2] })).toBe('/p must NOT have more than 2 items')
    expect(validate({ q: 1 })).toBe('arguments must have property p when property q is present')
  })
})

describe('a 2019-09 schema', () => {
  const $schema = 'https://json-schema.org/draft/2019-09/schema'

  test('has a $ref to the root instead of $recursiveRef', () => {
    expect(
      publish({ $schema, $recursiveAnchor: true, properties: { c: { $recursiveRef: '#' } } }),
    ).toEqual({
      $schema: DIALECT,
      properties: { c: { $ref: '#' } },
    })
  })

  test.each([
    [
      { $defs: { a: { $id: 'a', $recursiveAnchor: true } } },
      ' at /$defs/a/$recursiveAnchor: below the root cannot be translated to 2020-12',
    ],
    [
      { contains: {}, unevaluatedItems: false },
      ' at /contains: next to unevaluatedItems has a different meaning in 2020-12 than in 2019-09',
    ],
  ])('is refused if it cannot be translated: %j', (schema, line) => {
    expect(() => publish({ $schema, ...schema })).toThrow(`inputSchema${line}`)
  })
})
