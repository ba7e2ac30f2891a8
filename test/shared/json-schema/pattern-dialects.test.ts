import { describe, expect, test } from 'vitest'
import { publishTool } from '../../../shared/compile-catalogue.ts'
import { patternFault } from '../../../shared/json-schema/pattern/check.ts'
import { withoutForeignSyntax } from '../../../shared/json-schema/pattern/foreign-syntax.ts'
import { parseTools } from '../../../shared/tools.ts'

describe('patternFault', () => {
  test.each([
    ['\\A[a-z]+\\Z', '\\A is the syntax of another dialect; use ^'],
    ['[a-z]+\\Z', '\\Z is the syntax of another dialect; use $'],
    ['^a\\z', '\\z is the syntax of another dialect; use $'],
    ['^\\h+$', '\\h is'],
    ['^[\\h]+$', '\\h is'],
    ['\\Ga', '\\G is'],
    ['\\Qa.b\\E', '\\Q is'],
    ['\\R', '\\R is'],
    ['\\X', '\\X is'],
    ['\\Ka', '\\K is'],
    ['^\\x{41}$', '\\x is'],
    ['^\\u{41}\\_$', '\\u is'],
    ['^a{,3}$', '{,3} is'],
    ['^[a-z&&[^aeiou]]$', '&&[ is'],
    ['^\\p{L}\\_$', '\\p requires a pattern that is valid with the u flag'],
    ['^[[:alpha:]]+$', '[:alpha:] is the syntax of another dialect; use A-Za-z'],
    ['^[^[:space:]]+$', '[:space:] is'],
  ])('rejects %s, which other dialects read differently', (pattern, reason) => {
    expect(patternFault(pattern)).toContain(`is not a regular expression (ECMA-262): ${reason}`)
  })

  test.each([
    '^[\\w\\-]+$',
    '^\\/a\\:b\\@\\_$',
    '^\\[.*]$',
    '^[^[]]$',
    '\\\\A\\-',
    '^\\x41\\u0041\\cA\\-$',
    '^\\p{L}[\\-]$',
    '^[:alpha]\\-$',
    '^\\{,3}\\-$',
  ])('accepts %s', (pattern) => {
    expect(patternFault(pattern)).toBeUndefined()
  })
})

test.each([
  ['\\A[[:alpha:]_][[:digit:][:upper:]]*\\Z', '^[A-Za-z_][0-9A-Z]*$'],
  ['\\A\\\\A\\z', '^\\\\A$'],
  ['^[\\A]\\h[[:space:]]$', '^[\\A]\\h[[:space:]]$'],
])('withoutForeignSyntax translates %s to %s', (pattern, translated) => {
  expect(withoutForeignSyntax(pattern)).toBe(translated)
})

test('a catalogue with such a pattern is refused with its place', () => {
  const tool = {
    scopes: [],
    inputSchema: { type: 'object', properties: { id: { pattern: '\\A[a-z]+\\Z' } } },
  }
  expect(() => parseTools({ TOOLS: JSON.stringify({ find: tool }) }, publishTool)).toThrow(
    /tool "find".*\/properties\/id.*"\\\\A\[a-z\]\+\\\\Z" is not a regular expression/,
  )
})
