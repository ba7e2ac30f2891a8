import { type AST, RegExpParser } from '@eslint-community/regexpp'

const parser = new RegExpParser({ ecmaVersion: 2025 })

/** Returns the syntax tree of a pattern that compiles with these flags. */
export function parsePattern(pattern: string, flags: string): AST.Pattern {
  return parser.parsePattern(pattern, 0, pattern.length, { unicode: flags.includes('u') })
}
