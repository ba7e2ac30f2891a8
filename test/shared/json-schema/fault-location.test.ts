import { describe, expect, test } from 'vitest'
import { createFaultLocator } from '../../../shared/json-schema/fault-location.ts'

const locate = (schema: object, value: unknown) => createFaultLocator(schema as never)(value)

const EVENTS = {
  type: 'object',
  properties: {
    events: {
      type: 'array',
      items: { $ref: '#/$defs/event' },
    },
    'a/b': { type: 'string' },
  },
  additionalProperties: { type: 'object', additionalProperties: { type: 'number' } },
  $defs: {
    event: {
      type: 'object',
      properties: { title: { type: 'string' }, start: { type: 'string', format: 'date' } },
      required: ['title', 'alias'],
    },
  },
}

describe('the location of a fault', () => {
  test.each([
    ['the whole value', 7, '', 'type'],
    ['a property', { events: 'x' }, '/events', 'type'],
    [
      'a property of an item',
      {
        events: [
          { title: 'a', alias: 'b' },
          { title: 5, alias: 'c' },
        ],
      },
      '/events/*/title',
      'type',
    ],
    ['a missing property', { events: [{ alias: 'b' }] }, '/events/*/title', 'required'],
    [
      'a missing property without a schema',
      { events: [{ title: 'a' }] },
      '/events/*/alias',
      'required',
    ],
    ['a name with a slash', { 'a/b': 1 }, '/a~1b', 'type'],
    ['names of the data', { 'alice@example.com': { '07700 900123': 'x' } }, '/*/*', 'type'],
    ['a numeric name of the data', { '4111111111111111': 'x' }, '/*', 'type'],
  ])('names %s', (_, value, location, keyword) => {
    expect(locate(EVENTS, value)).toEqual({ location, keyword })
  })

  test('is undefined for a valid value', () => {
    expect(locate(EVENTS, { events: [{ title: 'a', alias: 'b' }] })).toBeUndefined()
  })

  test.each([
    ['const', { const: 1 }, 2],
    ['enum', { enum: [1] }, 2],
    ['minimum', { minimum: 3 }, 2],
    ['exclusiveMaximum', { exclusiveMaximum: 2 }, 2],
    ['multipleOf', { multipleOf: 2 }, 3],
    ['minLength', { minLength: 2 }, 'a'],
    ['maxItems', { maxItems: 0 }, [1]],
    ['maxProperties', { maxProperties: 0 }, { secret: 1 }],
    ['uniqueItems', { uniqueItems: true }, [1, 1]],
    ['pattern', { pattern: '^a' }, 'b'],
    ['additionalProperties', { additionalProperties: false }, { secret: 1 }],
    ['unevaluatedProperties', { unevaluatedProperties: false }, { secret: 1 }],
    ['unevaluatedItems', { unevaluatedItems: false }, [1]],
    ['propertyNames', { propertyNames: { maxLength: 1 } }, { secret: 1 }],
    ['items', { items: false }, [1]],
    ['contains', { contains: { type: 'string' } }, [1]],
    ['not', { not: { type: 'string' } }, 'secret'],
  ])('has the keyword %s', (keyword, schema, value) => {
    const found = locate({ properties: { here: schema } }, { here: value })
    expect(found).toEqual({ location: '/here', keyword })
  })

  test('has no keyword for a value that is too deeply nested to be checked', () => {
    let value: unknown = {}
    for (let depth = 0; depth < 2_000; depth++) value = { secret: value }
    const self = { additionalProperties: { $ref: '#' } }
    expect(locate(self, value)).toEqual({ location: '', keyword: undefined })
  })

  describe('in alternatives', () => {
    const dog = { properties: { kind: { const: 'dog' }, age: { type: 'integer' } } }
    const cat = { properties: { kind: { const: 'cat' }, lives: { type: 'integer' } } }

    test.each(['anyOf', 'oneOf'])('is that of %s if there are several', (keyword) => {
      const schema = { properties: { pet: { [keyword]: [dog, cat, { type: 'null' }] } } }
      const pet = { kind: 'cat', lives: 'nine' }
      expect(locate(schema, { pet })).toEqual({ location: '/pet', keyword })
    })

    test.each([
      ['first', [{ type: 'null' }, dog]],
      ['last', [dog, { type: 'null' }]],
    ])('is that of the only one besides null, which comes %s', (_, anyOf) => {
      const found = locate({ properties: { pet: { anyOf } } }, { pet: { age: 'old' } })
      expect(found).toEqual({ location: '/pet/age', keyword: 'type' })
    })

    test('ignores alternatives that another value matches', () => {
      const schema = { properties: { pet: { anyOf: [dog, cat] }, n: { type: 'number' } } }
      const value = { pet: { kind: 'cat' }, n: 'x' }
      expect(locate(schema, value)).toEqual({ location: '/n', keyword: 'type' })
    })
  })
})
