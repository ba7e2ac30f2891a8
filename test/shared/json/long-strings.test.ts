import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scanningJson } from '../../../shared/json/json-scan.ts'
import { separatingStrings } from '../../../shared/json/long-strings.ts'
import { atOnce } from '../../../shared/json/turns.ts'
import { readingKept, readingKeptBytes } from '../../../shared/json/written-numbers.ts'
import { engineJson } from '../../support/engine-json.ts'

const read = (json: Buffer | string) => atOnce(readingKeptBytes(Buffer.from(json), []))
const separated = (text: string) => {
  const json = Buffer.from(text)
  return atOnce(separatingStrings(json, atOnce(scanningJson(json, [])).longStrings))
}
/** Whether the text has the same value in both forms. Values are compared as JSON and not printed. */
const isSame = (value: unknown, text: string) =>
  JSON.stringify(value) === JSON.stringify(atOnce(readingKept(text))?.value)
const long = 'x'.repeat(20_000)

/** The inner text of strings in JSON: mostly valid, with characters of every length in UTF-8. */
const inner = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        ...['x', 'ü', '東', '😀', '\u007f', '\u2028', 'abc {[,:'],
        ...['\\n', '\\\\', '\\"', '\\u00e9', '\\ud83d\\ude00', '\\ud800', '\\/'],
      ),
      fc.integer({ min: 1, max: 15_000 }),
    ),
    { maxLength: 4 },
  )
  .map((runs) => runs.map(([one, times]) => one.repeat(times)).join(''))
const broken = fc.oneof(
  { weight: 9, arbitrary: fc.constant('') },
  fc.constantFrom('\\', '\\x', '\\u12', '\n', '\0', '"'),
)
const strings = fc.tuple(inner, broken, inner).map((parts) => `"${parts.join('')}"`)
const values = fc.oneof(
  { weight: 3, arbitrary: strings },
  fc.constantFrom('1', '1.0', 'true', 'null', '[]', '{}', '12345678901234567890'),
)
const names = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('"a"', '"b"', '"1"', '"__proto__"', '"rawJSON"', 'a') },
  fc.constantFrom('x', '\\u00e9').map((one) => `"${one.repeat(9_000)}"`),
)
const members = fc
  .array(fc.tuple(names, fc.constantFrom(':', ' :\n', ''), values), { maxLength: 4 })
  .map((all) => `{${all.map((member) => member.join('')).join(',')}}`)
const texts = fc.oneof(
  values,
  members,
  fc.array(fc.oneof(values, members), { maxLength: 4 }).map((all) => `[${all.join(' , ')}]`),
)

describe('long strings that are read separately', () => {
  test('have the same values as from JSON.parse', () => {
    let count = 0
    fc.assert(
      fc.property(texts, (text) => {
        const kept = read(text)
        expect(kept === undefined).toBe(engineJson(text) === undefined)
        if (kept === undefined) return
        if (text.length > 16 * 1024) count++
        expect(kept.isPlain).toBe(atOnce(readingKept(text))?.isPlain)
        expect(isSame(kept.value, text)).toBe(true)
        if (kept.verbatim !== undefined) expect(kept.verbatim.toString() === text).toBe(true)
      }),
      { seed: 20_261_129, numRuns: 400 },
    )
    expect(count).toBeGreaterThan(50)
  })

  test.each([
    ['as the whole value', `"${long}"`],
    ['in an array', `[1,"${long}",{"a":"${long}"}]`],
    ['as the value of __proto__', `{"__proto__":"${long}"}`],
    ['as the first of two members with the same name', `{"a":"${long}","a":1}`],
    ['as the second of two members with the same name', `{"a":1,"a":"${long}"}`],
    ['beside a number that is kept as written', `{"a":"${long}","b":1.0}`],
    ['with escapes', `["${'line\\n'.repeat(5_000)}"]`],
    ['with an escape across every piece', `["${'\\u00e9'.repeat(20_000)}"]`],
    ['with characters of three and four bytes', `["${'東😀'.repeat(20_000)}"]`],
    ['with lone surrogates', `["${'\\ud83d'.repeat(20_000)}"]`],
  ])('can occur %s', (_, text) => {
    expect(isSame(read(text)?.value, text)).toBe(true)
  })

  test.each([
    ['a name', `{"${long}":1}`],
    ['a name beside a long value', `{"${long}":"${long}"}`],
  ])('are read with the rest as %s', (_, text) => {
    const { rest, putBack } = separated(text) ?? { rest: '' }
    expect(putBack?.(JSON.parse(rest))).toBeUndefined()
    expect(JSON.stringify(read(text)?.value) === text).toBe(true)
  })

  test.each([
    ['a control character', `["${long}\n${long}"]`],
    ['a control character as its first character', `["\t${long}"]`],
    ['a control character as its last character', `["${long}\0"]`],
    ['an unknown escape', `["${long}\\x${long}"]`],
    ['no end', `["${long}`],
    ['no end as the whole value', `"${long}`],
    ['an escaped end', `["${long}\\"]`],
    ['no comma before it', `[1"${long}"]`],
    ['no comma after it', `["${long}""${long}"]`],
  ])('are not JSON with %s', (_, text) => {
    expect(engineJson(text)).toBeUndefined()
    expect(read(text)).toBeUndefined()
  })

  test.each([0, 1, 2, 3])('are checked for control characters at each of %i offsets', (offset) => {
    for (let at = 0; at < 8; at++) {
      for (const place of [at, 20_000 - 1 - at]) {
        const inner = `${'x'.repeat(place)}\x1f${'x'.repeat(20_000 - 1 - place)}`
        expect(read(`${' '.repeat(offset)}"${inner}"`)).toBeUndefined()
      }
    }
    const allowed = `${' !~\u007f'.repeat(5_000)}`
    expect(read(`${' '.repeat(offset)}"${allowed}"`)?.value === allowed).toBe(true)
  })

  test('are not JSON if they are not UTF-8', () => {
    const head = Buffer.from(`["${long}`)
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80]]) {
      expect(read(Buffer.concat([head, Buffer.from(bytes), Buffer.from('"]')]))).toBeUndefined()
    }
  })

  test('are read in turns', () => {
    const json = Buffer.from(`[${`"${'x'.repeat(100_000)}",`.repeat(8)}1]`)
    const work = separatingStrings(json, atOnce(scanningJson(json, [])).longStrings)
    let turns = 1
    while (!work.next().done) turns++
    expect(turns).toBe(1 + 8 * 4)
  })

  test('cannot be replaced by a text that looks like a placeholder', () => {
    const placeholder: unknown = JSON.parse(separated(`["${long}"]`)?.rest ?? '')[0]
    const other = `["${placeholder}","${long}"]`
    expect(JSON.stringify(read(other)?.value) === other).toBe(true)
  })
})
