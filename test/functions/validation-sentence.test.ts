import { describe, expect, test } from 'vitest'
import {
  type ValidationError,
  validationSentence,
} from '../../functions/gateway/validation-sentence.ts'

const error = (changes: Partial<ValidationError>): ValidationError => ({
  instancePath: '/a',
  keyword: 'type',
  params: {},
  message: 'must be string',
  ...changes,
})
const allowed = (allowedValues: readonly unknown[]) =>
  error({
    keyword: 'enum',
    params: { allowedValues },
    message: 'must be equal to one of the allowed values',
  })

describe('the sentence about arguments that do not fit', () => {
  test.each<[string, ValidationError, string]>([
    ['a place', error({}), '/a must be string'],
    ['the whole', error({ instancePath: '' }), 'arguments must be string'],
    ['no message', error({ message: undefined }), '/a does not fit'],
    [
      'a constant',
      error({ keyword: 'const', params: { allowedValue: 'x' }, message: 'must be constant' }),
      '/a must be equal to constant ("x")',
    ],
    [
      'a constant that is an object',
      error({ keyword: 'const', params: { allowedValue: { b: [1, null] } } }),
      '/a must be equal to constant ({"b":[1,null]})',
    ],
    [
      'allowed values',
      allowed(['a', 'b', 1, null]),
      '/a must be equal to one of the allowed values (a, b, 1, null)',
    ],
    [
      'allowed objects',
      allowed([{ b: 1 }, ['c']]),
      '/a must be equal to one of the allowed values ({"b":1}, ["c"])',
    ],
    [
      'an unknown property',
      error({
        keyword: 'additionalProperties',
        params: { additionalProperty: 'b"c' },
        message: 'must NOT have additional properties',
      }),
      '/a must NOT have additional properties ("b\\"c")',
    ],
    [
      'an unevaluated property',
      error({
        keyword: 'unevaluatedProperties',
        params: { unevaluatedProperty: 'b' },
        message: 'must NOT have unevaluated properties',
      }),
      '/a must NOT have unevaluated properties ("b")',
    ],
    [
      "a property's name",
      error({
        keyword: 'propertyNames',
        params: { propertyName: 'b' },
        message: 'property name must be valid',
      }),
      '/a property name must be valid ("b")',
    ],
  ])('names %s', (_, given, sentence) => {
    expect(validationSentence([given])).toBe(sentence)
  })

  test('names as many allowed values as are short together, and counts the others', () => {
    const sentence = validationSentence([allowed(Array.from({ length: 600 }, (_, at) => `v${at}`))])
    expect(sentence).toMatch(/\(v0, v1, .*, v\d+, and (\d+) more\)$/)
    const named = sentence.match(/v\d+/g)?.length ?? 0
    expect(named + Number(/and (\d+) more/.exec(sentence)?.[1])).toBe(600)
    expect(sentence.length).toBeLessThan(300)
    expect(validationSentence([allowed(['x'.repeat(9_000), 'y'])])).toMatch(/x…, y\)$/)
  })

  test('names five faults, in one line of at most 1,000 characters', () => {
    const faults = Array.from({ length: 9 }, (_, at) => error({ instancePath: `/${at}` }))
    expect(validationSentence(faults)).toBe(
      [0, 1, 2, 3, 4].map((at) => `/${at} must be string`).join('; '),
    )
    const long = error({ instancePath: `/${'x'.repeat(9_000)}`, message: 'y'.repeat(9_000) })
    expect(validationSentence([long, long, long, long, long]).length).toBeLessThanOrEqual(1_000)
  })

  test('has no control and bidirectional characters of a place or a name', () => {
    const given = error({
      instancePath: '/a\n\u202eb',
      params: { additionalProperty: 'c\u2066\u0000d' },
    })
    expect(validationSentence([given])).toBe('/a b must be string ("c\\u0000d")')
  })
})
