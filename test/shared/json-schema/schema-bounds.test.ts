import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkSchema } from '../../../shared/json-schema/check.ts'
import { matches } from '../../../shared/json-schema/pattern/match.ts'
import { parsePattern } from '../../../shared/json-schema/pattern/parse.ts'
import { compilePattern } from '../../../shared/json-schema/pattern/pattern.ts'
import { programOf } from '../../../shared/json-schema/pattern/program.ts'
import { createValidator } from '../../../shared/json-schema/validator.ts'

const TOO_MUCH = 'arguments are too large or too deeply nested to be checked by the schema'
const EMAIL = String.raw`^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$`

const MAX_COST_MS = 1_000
const ATTEMPTS = 5

/**
 * The CPU milliseconds of the work, which do not contain other load on the machine. Repeats work that
 * seems to cost too much, because a collection of garbage may have run, and returns the least.
 */
function costOf(work: () => void): number {
  let least = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < ATTEMPTS && least >= MAX_COST_MS; attempt++) {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1_000)
  }
  return least
}

function nest(depth: number, leaf: unknown): unknown {
  let value = leaf
  for (let left = depth; left > 0; left--) value = { x: value }
  return value
}

const many = (count: number, item: (index: number) => unknown) =>
  Array.from({ length: count }, (_, index) => item(index))
const table = (count: number) => Object.fromEntries(many(count, (at) => [`k${at}`, 1]) as never)
const branch = (required: string) => ({
  properties: { x: { $ref: '#/$defs/n' } },
  required: [required],
})

// Without limits, each of these takes seconds, minutes or forever.
const HOSTILE: readonly (readonly [string, object, unknown])[] = [
  [
    'uniqueItems over objects',
    { uniqueItems: true },
    many(35_000, (id) => ({ id, name: `n${id}` })),
  ],
  ['uniqueItems over lists', { uniqueItems: true }, many(30_000, (id) => [[id], [id]])],
  ['a nested quantifier', { pattern: '^(a+)+$' }, `${'a'.repeat(100_000)}!`],
  ['a choice in a quantifier', { pattern: '^(a|a)*b' }, 'a'.repeat(100_000)],
  ['a search that starts at every position', { pattern: '\\s+$' }, `${' '.repeat(500_000)}x`],
  ['three quantifiers in a row', { pattern: 'a*a*a*b' }, 'a'.repeat(100_000)],
  ['lookaheads', { pattern: EMAIL }, `a@${'a.'.repeat(50_000)}!`],
  [
    'a recursive anyOf',
    { $defs: { n: { anyOf: [branch('p'), branch('q')] } }, $ref: '#/$defs/n' },
    nest(200, 1),
  ],
  [
    'a recursive oneOf',
    {
      $defs: { n: { oneOf: [{ properties: { x: { $ref: '#/$defs/n' } } }, branch('p')] } },
      $ref: '#/$defs/n',
    },
    nest(200, 1),
  ],
  [
    'a recursive not',
    { $defs: { n: { not: { anyOf: [branch('p'), { not: branch('q') }] } } }, $ref: '#/$defs/n' },
    nest(200, 1),
  ],
  [
    'an enum of objects',
    { items: { enum: many(500, (at) => ({ a: { b: { c: at } } })) } },
    many(50_000, () => ({ a: { b: { c: -1 } } })),
  ],
  [
    'many patternProperties',
    { patternProperties: Object.fromEntries(many(50, (at) => [`^x${at}.*y$`, {}]) as never) },
    table(60_000),
  ],
  [
    'unevaluatedProperties',
    {
      allOf: [{ properties: {} }, { patternProperties: { '^k': {} } }],
      unevaluatedProperties: false,
    },
    table(80_000),
  ],
  [
    'a divisor with hundreds of digits',
    { items: { multipleOf: 1e-300 } },
    many(60_000, () => 1e300),
  ],
  [
    'hundreds of dependencies',
    {
      items: {
        dependentRequired: Object.fromEntries(
          many(300, (at) => [`a${at}`, ['b', 'c', 'd']]) as never,
        ),
      },
    },
    many(100_000, () => ({})),
  ],
  ['contains', { contains: { const: 1 } }, many(300_000, () => 2)],
  ['a large count', { pattern: 'a{500}b' }, 'a'.repeat(1_000_000)],
  ['nested counts', { pattern: '(?:a{16}){16}b' }, 'a'.repeat(1_000_000)],
  ['a quantifier before a count', { pattern: '^a+a{120}b' }, 'a'.repeat(1_000_000)],
  [
    'repeated counts of the names of a large object',
    { allOf: many(200, () => ({ minProperties: 1, maxProperties: 1e6 })) },
    table(80_000),
  ],
  ['surrogate pairs', { allOf: many(100, () => ({ minLength: 400_000 })) }, '😀'.repeat(250_000)],
  [
    'two large objects that differ in one member',
    { uniqueItems: true },
    [table(40_000), { ...table(40_000), k0: 2 }],
  ],
  [
    'a large constant',
    { items: { const: table(5_000) } },
    many(20, (at) => ({ ...table(5_000), k4999: at + 2 })),
  ],
  [
    'long names in the location of a fault',
    { type: 'object', additionalProperties: { $ref: '#' } },
    { ['~/'.repeat(300_000)]: { ['~/'.repeat(200_000)]: 1 } },
  ],
]

describe('a validation', () => {
  // The limit is twenty times the target, for slow or busy machines.
  test.each(HOSTILE)('has a limited cost for %s', (_, schema, value) => {
    expect(checkSchema(schema as never).faults).toEqual([])
    const validate = createValidator(schema as never)
    let said: string | undefined
    const cost = costOf(() => {
      said = validate(value)
    })
    expect(cost).toBeLessThan(MAX_COST_MS)
    // The result does not depend on the speed of the machine.
    expect(validate(value)).toBe(said)
  })

  test.each([
    ['a nested quantifier', { pattern: '^(a+)+$' }, (size: number) => `${'a'.repeat(size)}!`],
    [
      'uniqueItems over objects',
      { uniqueItems: true },
      (size: number) => many(size, (id) => ({ id })),
    ],
  ])('has a cost that is linear in the size for %s', (_, schema, make) => {
    const validate = createValidator(schema as never)
    const fits = (size: number) => validate(make(size)) !== TOO_MUCH
    let size = 100
    while (fits(size * 2)) size *= 2
    // With quadratic cost a budget of 500,000 steps would end at some 700.
    expect(size).toBeGreaterThan(5_000)
    expect(size).toBeLessThan(500_000)
  })

  test('ends when a limit such as maxLength is exceeded', () => {
    const inner = { pattern: '(a+)+b', uniqueItems: true }
    const text = 'a'.repeat(1_000_000)
    expect(createValidator({ maxLength: 10, ...inner })(text)).toBe(
      'arguments must NOT have more than 10 characters',
    )
    expect(
      createValidator({ maxItems: 10, items: inner, uniqueItems: true })(many(100_000, () => text)),
    ).toBe('arguments must NOT have more than 10 items')
    expect(
      createValidator({ maxProperties: 10, additionalProperties: inner })(table(100_000)),
    ).toBe('arguments must NOT have more than 10 properties')
    expect(createValidator({ type: 'object', ...inner })(text)).toBe('arguments must be object')
  })

  test('truncates long names in its message', () => {
    const name = 'k'.repeat(100_000)
    const shown = `${'k'.repeat(64)}...`
    const closed = createValidator({ additionalProperties: false })
    expect(closed({ [name]: 1 })).toBe(`arguments must NOT have additional properties ("${shown}")`)
    const nested = createValidator({ additionalProperties: { type: 'null' } })
    expect(nested({ [name]: 1 })).toBe(`/${shown} must be null`)
  })

  test.each([
    '((((a{9}){9}){9}){9}){9}',
    `${'(?:'.repeat(60)}a?${'){2}'.repeat(60)}`,
    'a'.repeat(30_000),
    '(?:(?:a{99}){99}){99}',
  ])(
    'is impossible with a pattern that is too large, which is refused at startup: %s',
    (pattern) => {
      expect(checkSchema({ pattern }).faults).toMatchObject([
        { pointer: '/pattern', reason: expect.stringMatching(/ is too large when its/) },
      ])
    },
  )

  test('is impossible with a pattern that is nested too deeply, which is refused at startup', () => {
    const pattern = `${'('.repeat(5_000)}a${')'.repeat(5_000)}`
    expect(checkSchema({ pattern }).faults).toMatchObject([
      { reason: expect.stringMatching(/ is nested too deeply$/) },
    ])
  })

  test('checks large realistic values completely', () => {
    const row = {
      type: 'object',
      properties: {
        id: { type: 'integer' },
        name: { type: 'string', maxLength: 50 },
        day: { pattern: '^\\d{4}-\\d\\d-\\d\\d$' },
        tags: { items: { type: 'string' } },
      },
      required: ['id'],
      additionalProperties: false,
    }
    const rows = many(40_000, (id) => ({
      id,
      name: `name ${id}`,
      day: '2026-01-01',
      tags: ['a', 'b'],
    }))
    expect(createValidator({ items: row })(rows)).toBeUndefined()
    const emails = many(500, (at) => `person.number${at}@mail.example.com`)
    expect(createValidator({ items: { pattern: EMAIL } })(emails)).toBeUndefined()
    expect(createValidator({ uniqueItems: true })(many(10_000, (id) => ({ id })))).toBeUndefined()
    const self = { properties: { x: { $ref: '#' } }, additionalProperties: false }
    expect(createValidator(self)(nest(250, {}))).toBeUndefined()
    expect(createValidator(self)(nest(250, { y: 1 }))).toMatch(/additional properties \("y"\)$/)
  })
})

describe('the linear matcher', () => {
  const free = () => undefined
  const match = (pattern: string, flags: string, text: string) => {
    const program = programOf(parsePattern(pattern, flags), flags)
    if (typeof program === 'string') throw new Error(program)
    return matches(program, text, free)
  }

  const { part } = fc.letrec<{ part: string }>((tie) => ({
    part: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(
        'a',
        'b',
        '.',
        '[ab]',
        '[^a]',
        '\\w',
        '\\d',
        '\\s',
        '\\.',
        '^',
        '$',
        '\\b',
        '\\B',
        '\\u0061',
        'é',
      ),
      fc.tuple(tie('part'), tie('part')).map((two) => two.join('')),
      fc.tuple(tie('part'), tie('part')).map((two) => `(?:${two.join('|')})`),
      fc
        .tuple(
          fc.constantFrom('(?:', '(', '(?<n>'),
          tie('part'),
          fc.constantFrom('*', '+', '?', '*?', '{2}', '{1,3}', '{2,}'),
        )
        .map(([open, inner, times]) => `${open}${inner})${times}`),
      fc
        .tuple(fc.constantFrom('(?=', '(?!', '(?<=', '(?<!'), tie('part'))
        .map((two) => `${two.join('')})`),
    ),
  }))

  test('agrees with RegExp', () => {
    const texts = fc.array(
      fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', ' ', 'é'), maxLength: 8 }),
      { minLength: 4, maxLength: 4 },
    )
    fc.assert(
      fc.property(part, fc.constantFrom('', 'u'), texts, (pattern, flags, candidates) => {
        // The name of a group must be unique.
        fc.pre((pattern.match(/\(\?<n>/g) ?? []).length < 2)
        const expression = new RegExp(pattern, flags)
        for (const text of candidates) {
          expect(match(pattern, flags, text)).toBe(expression.test(text))
          expect(compilePattern(pattern, flags)(text, free)).toBe(expression.test(text))
        }
      }),
      { numRuns: 3_000 },
    )
  })

  test.each([
    ['^.$', 'u', '😀', true],
    ['^.$', '', '😀', false],
    ['(?<=^.)a', 'u', '😀a', true],
    ['(?<=^.)a', '', '😀a', false],
    ['^[😀b]+$', 'u', 'b😀', true],
    ['[\\uDE00]', 'u', '😀', false],
    ['\\ud83d\\ude00', 'u', '😀', true],
  ])(
    'reads characters like RegExp: %s with the flags "%s" matches %s: %s',
    (pattern, flags, text, isOne) => {
      expect(match(pattern, flags, text)).toBe(isOne)
      expect(new RegExp(pattern, flags).test(text)).toBe(isOne)
    },
  )

  test.each([
    ['alice@example.com', true],
    ['alice@@example.com', false],
    ['.alice@example.com', false],
    ['al..ice@example.com', false],
    [`${'a'.repeat(60)}@mail.example.com`, true],
  ])("matches zod's pattern of email addresses with %s: %s", (text, isOne) => {
    expect(match(EMAIL, 'u', text)).toBe(isOne)
  })
})
