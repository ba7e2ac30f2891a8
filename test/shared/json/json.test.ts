import { expect, test } from 'vitest'
import { atOnce } from '../../../shared/json/turns.ts'
import { readingKept } from '../../../shared/json/written-numbers.ts'
import { JsonLimitError } from '../../../shared/json/json-reader.ts'
import { asObject, decodeUtf8, parseJson, parseJsonOfAnyDepth } from '../../../shared/json.ts'
import { engineJson } from '../../support/engine-json.ts'

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

test.each([
  ['null', null],
  ['0', 0],
  [' {"a": [1, "b"]}\r\n', { a: [1, 'b'] }],
  ['{"a": 1, "a": 2}', { a: 2 }],
  ['"\\ud800"', '\ud800'],
])('parseJson reads %j', (text, value) => {
  expect(parseJson(text)).toEqual({ value })
  expect(parseJson(Buffer.from(text))).toEqual({ value })
})

test.each([
  ['256 levels', nested(256)],
  ['256 levels beside 10,000 lists', `[${'[],'.repeat(10_000)}${nested(255)}]`],
  ['256 levels of objects', `${'{"a":'.repeat(256)}1${'}'.repeat(256)}`],
  ['brackets in a string', JSON.stringify(nested(1_000))],
  ['brackets after a quote in a string', JSON.stringify(`\\"${nested(1_000)}`)],
  ['many brackets side by side', `[${'[],'.repeat(1_000)}0]`],
])('parseJson accepts %s', (_, text) => {
  expect(parseJson(text)).toEqual({ value: JSON.parse(text) })
})

test.each([
  ['257 lists', nested(257)],
  ['257 objects', `${'{"a":'.repeat(257)}1${'}'.repeat(257)}`],
  ['257 lists after a string that ends in a backslash', `["\\\\",${nested(257)}]`],
  ['a million brackets', '['.repeat(1_000_000)],
  ['half a million lists', nested(500_000)],
  ['257 lists beside 10,000 others', `[${'[],'.repeat(10_000)}${nested(256)}]`],
])('parseJson rejects %s as too deep', (_, text) => {
  expect(parseJson(text)).toBeUndefined()
  expect(parseJson(Buffer.from(text))).toBeUndefined()
})

test('parseJsonOfAnyDepth reads 500,000 levels', () => {
  expect(parseJsonOfAnyDepth(nested(500_000))).toBeDefined()
  expect(parseJsonOfAnyDepth('{')).toBeUndefined()
})

test.each([
  ['{"id":1234567890123456789,"ids":[-9007199254740993,18446744073709551616]}'],
  ['9007199254740993'],
  ['[1e400,-1E+999]'],
  [`[${'9'.repeat(400)}]`],
  ['{"__proto__":12345678901234567,"a":[{"b":null}],"c":"12345678901234567"}'],
])('readingKept preserves the numbers in %s', (text) => {
  expect(JSON.stringify(atOnce(readingKept(text))?.value)).toBe(text)
  for (const end of ['', '\\n']) {
    const long = `{"text":"${'x'.repeat(10_000)}${end}","value":${text}}`
    const kept = atOnce(readingKept(long))
    expect(JSON.stringify(kept?.value)).toBe(long)
    expect(kept?.isPlain).toBe(false)
  }
})

test.each([
  ['[9007199254740991,-9007199254740991,0.1,1e+21,5e-324]'],
  ['{"e1234":"e1234","n":0.1234567890123456,"-0":"-0, 1.0"}'],
])('readingKept returns plain values for %s', (text) => {
  expect(atOnce(readingKept(text))?.value).toEqual(JSON.parse(text))
  const long = `{"${'x'.repeat(10_000)}":${text}}`
  expect(atOnce(readingKept(long))).toMatchObject({ value: JSON.parse(long), isPlain: true })
})

test('parseJson reads __proto__ as an ordinary member', () => {
  const value = parseJson('{"__proto__": {"admin": true}}')?.value
  expect(Object.keys(Object(value))).toEqual(['__proto__'])
  expect(Object(value).admin).toBeUndefined()
})

test.each([
  '',
  ' ',
  '{',
  '{"a":}',
  "{'a': 1}",
  '{"a": 1,}',
  '// x\n1',
  'NaN',
  '01',
  '"a\nb"',
  '\ufeff{}',
  '{}{}',
  '1 2',
])('parseJson rejects %j', (text) => {
  expect(parseJson(text)).toBeUndefined()
  expect(parseJson(Buffer.from(text))).toBeUndefined()
})

test.each([
  ['a byte of Latin-1', [0x22, 0xe9, 0x22]],
  ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
  ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ['an incomplete character', [0x22, 0xe2, 0x82, 0x22]],
  ['a code point beyond Unicode', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
])('decodeUtf8 rejects %s', (_, bytes) => {
  expect(decodeUtf8(Buffer.from(bytes))).toBeUndefined()
  expect(parseJson(Buffer.from(bytes))).toBeUndefined()
})

test('decodeUtf8 keeps a byte order mark', () => {
  expect(decodeUtf8(Buffer.from('\ufeffä€😀'))).toBe('\ufeffä€😀')
})

test.each([null, undefined, true, 1, 'x', [], [{}]])(
  'asObject returns undefined for %j',
  (value) => {
    expect(asObject(value)).toBeUndefined()
  },
)

test('asObject returns an object unchanged', () => {
  const value = { a: 1 }
  expect(asObject(value)).toBe(value)
})

test('a name with an escape is read as itself after a text with another name', () => {
  // V8 12.8 and later: https://github.com/nodejs/node/issues/63785
  const escapes = ['\\u0061', '\\n', '\\"', '\\\\', '\\u005c', '\\/', 'a\\u0062', '\\ud83d\\ude00']
  for (const first of escapes) {
    JSON.parse(`{"x":1,"${first}":1}`)
    for (const escaped of escapes) {
      const name: string = JSON.parse(`"${escaped}"`)
      for (const blank of ['', ' ', '\n\t ']) {
        const text = `{"x":1,"${escaped}"${blank}:2,"y":["a\\nb"]}`
        const parsed = asObject(parseJson(text)?.value)
        expect([first, Object.keys(parsed ?? {})]).toEqual([first, ['x', name, 'y']])
        expect(asObject(parseJsonOfAnyDepth(text)?.value)).toEqual(parsed)
      }
    }
  }
})

test.each([
  '{"\\',
  '{"a\\"',
  '"\\"',
  '"a\\n"',
  '["\\"", 1]',
  '{"\\x":1}',
  `{"a":"${'\\n'.repeat(9)}"}`,
])('JSON with an escape is read as by JSON.parse: %s', (text) => {
  expect(parseJson(text)).toEqual(engineJson(text))
})

test('a million escapes are searched once', () => {
  const text = `["${'\\n'.repeat(500_000)}","${'\\\\'.repeat(500_000)}"]`
  expect(parseJson(text)).toBeDefined()
})

test('a long text with an escaped name and many blanks exceeds a limit and is not called malformed', () => {
  const text = `{"\\n":1${' '.repeat(70_000)}}`
  expect(() => atOnce(readingKept(text))).toThrow(JsonLimitError)
})
