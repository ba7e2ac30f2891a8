import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scanningJson } from '../../../shared/json/json-scan.ts'
import { atOnce } from '../../../shared/json/turns.ts'
import { readingKept, readingKeptBytes } from '../../../shared/json/written-numbers.ts'

const ARGUMENTS = ['params', 'arguments']
const scan = (text: string, path: readonly string[] = ARGUMENTS) =>
  atOnce(scanningJson(Buffer.from(text), path))
const memberOf = (text: string, path?: readonly string[]) => {
  const { member } = scan(text, path)
  return member && Buffer.from(text).subarray(member.start, member.end).toString()
}
const read = (text: string) => atOnce(readingKeptBytes(Buffer.from(text), ARGUMENTS))
const padding = 'x'.repeat(20_000)
const message = (args: string, more = '') =>
  `{"method":"tools/call","params":{"name":"a","arguments":${args}},"padding":"${padding}"${more}}`

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

function countOf(value: unknown): { strings: number; containers: number } {
  if (typeof value === 'string') return { strings: 1, containers: 0 }
  if (typeof value !== 'object' || value === null) return { strings: 0, containers: 0 }
  const own = { strings: Array.isArray(value) ? 0 : Object.keys(value).length, containers: 1 }
  return Object.values(value)
    .map(countOf)
    .reduce(
      (sum, { strings, containers }) => ({
        strings: sum.strings + strings,
        containers: sum.containers + containers,
      }),
      own,
    )
}

const name = fc.constantFrom('params', 'arguments', 'a', '"', '\\', '__proto__', 'é', '{:,')
const { value: anyJson } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium' },
    fc.constantFrom(1, -1, 0, 1.5, true, false, null, 12345678901, 0.001),
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom('"', '\\', '\\"', ',}', '\u0000', '😀'.repeat(100), '\\'.repeat(200)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4 }),
  ),
}))
const indent = fc.constantFrom(undefined, 1, '\t')

describe('the scan of a JSON text', () => {
  test('has the depth and the numbers of containers and strings', () => {
    fc.assert(
      fc.property(anyJson, indent, (value, space) => {
        const { depth, containers, strings, mayDiffer } = scan(JSON.stringify(value, null, space))
        expect({ depth, containers, strings }).toEqual({ depth: depthOf(value), ...countOf(value) })
        expect(mayDiffer).toBe(false)
      }),
      { seed: 20_261_129, numRuns: 2_000 },
    )
  })

  test('finds the value at the path', () => {
    fc.assert(
      fc.property(anyJson, anyJson, anyJson, indent, (args, more, others, space) => {
        const params = { ...Object(more), arguments: args }
        const text = JSON.stringify({ ...Object(others), params, last: others }, null, space)
        expect(JSON.parse(memberOf(text) ?? '')).toEqual(JSON.parse(JSON.stringify(args)))
      }),
      { seed: 20_261_129, numRuns: 2_000 },
    )
  })

  test.each([
    ['{"params":{"arguments":{"a":1}}}', '{"a":1}'],
    ['{"params" : { "arguments" : [ 1 ] , "b":2}}', ' [ 1 ] '],
    ['{"params":{"a":{"arguments":1},"arguments":2}}', '2'],
    ['{"a":{"arguments":1},"params":{"arguments":2}}', '2'],
    ['{"params":1,"arguments":2,"x":{"params":{"arguments":3}}}', undefined],
    ['{"params":[{"arguments":1}],"a":{"arguments":1}}', undefined],
    ['{"a":{"params":{"arguments":1}}}', undefined],
    ['[{"params":{"arguments":1}}]', undefined],
    ['{"params":{"a":"arguments"},"b":1}', undefined],
    ['{"params":"arguments"}', undefined],
    ['{"params":{}}', undefined],
    ['{"p\\u0061rams":{"arguments":1}}', undefined],
    ['1', undefined],
    ['', undefined],
  ])('finds in %s the value %s', (text, member) => {
    expect(memberOf(text)).toBe(member)
  })

  test('finds the whole text for an empty path', () => {
    expect(memberOf(' {"a":1} ', [])).toBe(' {"a":1} ')
  })

  test('states for every number whether JavaScript may write it differently', () => {
    const digits = fc.string({
      unit: fc.constantFrom('0', '1', '9', '.', 'e', '-', '+'),
      maxLength: 20,
    })
    fc.assert(
      fc.property(
        digits,
        fc.constantFrom('[N]', '[0,N]', '{"a":N}', ' N\n', '[1.5,N ]'),
        (given, around) => {
          const text = around.replace('N', given)
          const read = atOnce(readingKept(text))
          if (read === undefined || given === '') return
          if (JSON.stringify(JSON.parse(given)) !== given.trim())
            expect(scan(text).mayDiffer).toBe(true)
        },
      ),
      { seed: 20_261_129, numRuns: 20_000 },
    )
    for (const plain of [
      '0',
      '-1',
      '1.5',
      '0.01234567',
      '-0.000001',
      '123456789012345',
      '1000',
      '10.01',
    ]) {
      expect([plain, scan(`[${plain}]`).mayDiffer]).toEqual([plain, false])
    }
    for (const other of [
      '-0',
      '1.0',
      '1e2',
      '1E2',
      '0.0000001',
      '-0.0000001',
      '1234567890123456',
      '0.1234567890123456',
    ]) {
      expect([other, scan(`[${other}]`).mayDiffer]).toEqual([other, true])
    }
  })

  test.each([
    '"',
    '"a',
    '"\\',
    `"${'\\'.repeat(200)}`,
    '{"a":"',
    '-',
    '1',
    '{{[',
    '}]}',
    ':,',
    '0.00000',
  ])('ends for %j, which is not JSON', (text) => {
    expect(() => scan(text)).not.toThrow()
  })

  test('takes time in proportion to the length, whatever the bytes are', () => {
    const steps = (unit: string) => {
      const work = scanningJson(Buffer.from(unit.repeat((1024 * 1024) / unit.length)), ARGUMENTS)
      let turns = 0
      while (!work.next().done) turns++
      return turns
    }
    for (const unit of ['{', '[', '1,', '"a",', '\\', '"', ' ', ':', '}', '1']) {
      expect([unit, steps(unit) <= 4]).toEqual([unit, true])
    }
  })
})

describe('the arguments as the client wrote them', () => {
  test.each([
    ['{"a":1,"b":["x",{"c":null}]}'],
    [' { "a" : 1 } '],
    ['{"a":"\\u0041\\n"}'],
    ['{"\\u0061":1}'],
    ['{"__proto__":{"a":1}}'],
    ['{}'],
    ['null'],
  ])('are found for %s', (args) => {
    expect(read(message(args))?.verbatim?.toString()).toBe(args)
  })

  test.each([
    ['two members of the same name', message('{"a":1,"a":2}')],
    ['two members of the same name, one with an escape', message('{"a":1,"\\u0061":2}')],
    ['two members of the same name in an inner object', message('[{"a":{"b":1,"b":2}}]')],
    ['two members __proto__', message('{"__proto__":1,"__proto__":2}')],
    ['two arguments', message('{"a":1},"arguments":{"a":2}')],
    ['two params', message('{"a":1}', ',"params":{"arguments":{"a":2}}')],
    ['two equal names outside', message('{"a":1}', ',"method":"tools/call"')],
    ['two equal names with a string less and a name more', message('{"a":"b","a":{"c":1}}')],
    ['a number that is kept as written', message('{"a":1.0}')],
    ['a number outside that is kept as written', message('{"a":1}', ',"id":1.0')],
    ['a short body', '{"params":{"arguments":{"a":1}}}'],
    ['a batch', `[${message('{"a":1}')}]`],
  ])('are not used for %s', (_, text) => {
    expect(read(text)).toBeDefined()
    expect(read(text)?.verbatim).toBeUndefined()
  })

  test('are not used for any duplicate name', () => {
    const text = fc
      .array(fc.tuple(name, anyJson), { minLength: 1, maxLength: 5 })
      .map((members) => {
        const written = members.map(
          ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`,
        )
        return { names: members.map(([key]) => key), json: `{${written.join(',')}}` }
      })
    fc.assert(
      fc.property(text, ({ names, json }) => {
        const isUnique = new Set(names).size === names.length
        expect(read(message(json))?.verbatim?.toString()).toBe(isUnique ? json : undefined)
      }),
      { seed: 20_261_129, numRuns: 1_000 },
    )
  })
})
