import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonLimitError, readingJson } from '../../../shared/json/json-reader.ts'
import { writingJson, writingJsonBytes } from '../../../shared/json/json-writer.ts'
import { atOnce } from '../../../shared/json/turns.ts'
import { readingKept } from '../../../shared/json/written-numbers.ts'
import { parseJson } from '../../../shared/json.ts'
import { engineJson } from '../../support/engine-json.ts'

const read = (text: string) => atOnce(readingJson(text))
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

function turnsOf(work: Generator<undefined, unknown>): number {
  let turns = 1
  while (!work.next().done) turns++
  return turns
}

/** JSON with and without indentation, and texts that are almost JSON. */
const spaced = fc
  .tuple(fc.jsonValue({ depthSize: 'medium' }), fc.constantFrom(undefined, 1, '\t'))
  .map(([value, indent]) => JSON.stringify(value, undefined, indent))
const pieces = fc
  .array(
    fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        '\\',
        '"a"',
        '"__proto__"',
        '1',
        '-',
        '0',
        '.',
        'e',
        '+',
      ],
      ...[
        'true',
        'false',
        'null',
        ' ',
        '\n',
        '\t',
        '\u00a0',
        '\ufeff',
        '\\u0041',
        '\\ud800',
        '\u0001',
      ],
    ),
    { maxLength: 12 },
  )
  .map((all) => all.join(''))
const changed = fc
  .tuple(spaced, fc.nat(), fc.constantFrom('', ',', '"', '}', '0', '\\', '.'))
  .map(([text, at, put]) => {
    const place = at % (text.length + 1)
    return text.slice(0, place) + put + text.slice(place + 1)
  })

describe('the JSON reader', () => {
  test('accepts the same texts as JSON.parse and returns the same values', () => {
    fc.assert(
      fc.property(fc.oneof(spaced, pieces, changed), (text) => {
        const value = read(text)
        expect(value).toEqual(engineJson(text))
        expect(JSON.stringify(value)).toBe(JSON.stringify(engineJson(text)))
      }),
      { numRuns: 5_000 },
    )
  })

  test.each([
    '',
    '-',
    '01',
    '-01',
    '1.',
    '.5',
    '1e',
    '1e+',
    '+1',
    '0x1',
    'nul',
    'truex',
    '[1,]',
    '[,1]',
    '[1',
    '{"a":1,}',
    '{"a"}',
    '{1:2}',
    '{"a":1',
    '"\\"',
    '"\\x"',
    '"\u0000"',
    '[1}',
    '{"a":1]',
    '1 2',
    '\u000b1',
  ])('rejects %j', (text) => {
    expect(engineJson(text)).toBeUndefined()
    expect(read(text)).toBeUndefined()
  })

  test('reads at most 256 levels', () => {
    expect(read(nested(256))).toEqual({ value: JSON.parse(nested(256)) })
    expect(read(nested(257))).toBeUndefined()
    expect(read('['.repeat(1_000_000))).toBeUndefined()
  })

  test('limits values and names, names per object, digits per number and white space', () => {
    const ones = (count: number) => `[${'1,'.repeat(count - 1)}1]`
    const names = (count: number) =>
      `{${Array.from({ length: count }, (_, index) => `"${index}":1`).join(',')}}`
    expect(read(ones(199_999))).toBeDefined()
    expect(() => read(ones(200_000))).toThrow(JsonLimitError)
    expect(read(`[${names(20_000)},${names(20_000)}]`)).toBeDefined()
    expect(() => read(names(20_001))).toThrow(new JsonLimitError('an object has over 20000 names'))
    expect(read('9'.repeat(10_000))).toBeDefined()
    expect(() => read('9'.repeat(10_002))).toThrow(JsonLimitError)
    expect(() => read(`0.${'9'.repeat(10_002)}`)).toThrow(JsonLimitError)
    expect(read(`[${' '.repeat(65_536)}]`)).toEqual({ value: [] })
    expect(() => read(`[${' '.repeat(65_537)}]`)).toThrow(JsonLimitError)
  })

  test('reads some thousand values per turn', () => {
    expect(turnsOf(readingJson('[1,2,3]'))).toBe(1)
    const turns = turnsOf(readingJson(`[${'{"a":[]},'.repeat(60_000)}1]`))
    expect(turns).toBeGreaterThan(150)
    expect(turns).toBeLessThan(200)
    expect(turnsOf(readingJson(`[${`"${'x'.repeat(64 * 1024)}",`.repeat(16)}1]`))).toBeGreaterThan(
      7,
    )
  })
})

/** Writes the value as text and as bytes, which must be the same. */
function writtenJson(value: unknown): string {
  const text = atOnce(writingJson(value))
  const bytes = atOnce(writingJsonBytes(value))
  expect(bytes.equals(Buffer.from(text))).toBe(true)
  return text
}

describe('JSON that is written in turns', () => {
  test('is the same as from JSON.stringify', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'medium' }), (value) => {
        expect(writtenJson(value)).toBe(JSON.stringify(value))
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    [{ a: undefined, b: [undefined], c: { d: undefined } }],
    [JSON.parse('{"__proto__":{"a":1}}')],
    ['\ud800'],
    [[[], {}, [[]], '', null]],
  ])('is the same as from JSON.stringify for %j', (value) => {
    expect(writtenJson(value)).toBe(JSON.stringify(value))
  })

  test('keeps the surrogate pairs of a long text together', () => {
    for (const text of [
      '😀'.repeat(400_000),
      `x${'😀'.repeat(400_000)}`,
      '\ud800'.repeat(300_000),
    ]) {
      expect(writtenJson([text]) === JSON.stringify([text])).toBe(true)
    }
  })

  test('has numbers as they were read', () => {
    const text = '{"a":[1.0,-0,1e400,12345678901234567890],"b":2}'
    expect(writtenJson(atOnce(readingKept(text))?.value)).toBe(text)
  })

  test('can have long strings, which the reader reads in chunks like JSON.parse', () => {
    const unit = fc.constantFrom('\\\\', '\\n', '\\u00e9', '\\ud83d\\ude00', '\\"', 'x', 'ü', 'xyz')
    const runs = fc.array(fc.tuple(unit, fc.integer({ min: 1, max: 200_000 })), { maxLength: 6 })
    fc.assert(
      fc.property(runs, fc.constantFrom('', '\\', '\\u00', '\n', '\\x'), (given, end) => {
        const inner = given.map(([one, times]) => one.repeat(times)).join('')
        const text = `["${inner}${end}"]`
        expect(atOnce(readingJson(text))?.value).toEqual(parseJson(text)?.value)
      }),
      { seed: 20_261_128, numRuns: 25 },
    )
  })

  test('is the same as from JSON.stringify for text that was read', () => {
    const strings = fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 })
    const long = fc.tuple(fc.constantFrom('x', 'ü', '\u007f\u2028', '\ud83d\ude00'), fc.nat(20_000))
    const values = fc.record({
      any: fc.anything({ maxDepth: 2, values: [strings, fc.double(), fc.constant(null)] }),
      long: long.map(([unit, times]) => unit.repeat(times)),
      list: fc.array(
        long.map(([unit, times]) => unit.repeat(times)),
        { maxLength: 3 },
      ),
      strings,
    })
    fc.assert(
      fc.property(values, (value) => {
        const text = JSON.stringify(value)
        const read = atOnce(readingKept(text))
        const written = writtenJson(read?.value)
        expect(JSON.stringify(JSON.parse(written))).toBe(JSON.stringify(JSON.parse(text)))
        if (read?.isPlain) expect(written).toBe(JSON.stringify(JSON.parse(text)))
      }),
      { seed: 20_261_128, numRuns: 100 },
    )
  })

  test('has some thousand values per turn, and a long text in chunks', () => {
    expect(turnsOf(writingJson(Array.from({ length: 100_000 }, () => 1)))).toBe(101)
    expect(turnsOf(writingJson('x'.repeat(1024 * 1024)))).toBe(5)
    expect(turnsOf(writingJsonBytes('x'.repeat(1024 * 1024)))).toBe(34)
  })
})
