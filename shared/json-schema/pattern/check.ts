import { foreignSyntax } from './foreign-syntax.ts'
import { parsePattern } from './parse.ts'
import { programOf } from './program.ts'

// Patterns without back-references and inline flags.
const PLAIN = /^(?:[^\\(]|\\[^1-9k]|\((?!\?)|\(\?(?:[:=!]|<[=!A-Za-z_$]))*$/s
const LARGE_COUNT = /\{\d*,?\d{3}|\)\{/
const MAX_PLAIN = 1_000
const MAX_SHOWN = 200

/**
 * Returns the fault of a pattern, which quotes the pattern; undefined for a regular expression (ECMA-262,
 * with or without the `u` flag) that can be matched in bounded time. The syntax of other dialects that
 * compiles only without the flag, with another meaning, is a fault.
 */
export function patternFault(pattern: string): string | undefined {
  const shown = JSON.stringify(pattern.slice(0, MAX_SHOWN))
  const flags = flagsOf(pattern)
  if (flags === undefined)
    return `${shown} is not a regular expression (ECMA-262)${syntaxErrorOf(pattern)}`
  const foreign = flags === '' ? foreignSyntax(pattern) : undefined
  if (foreign !== undefined) {
    return `${shown} is not a regular expression (ECMA-262): ${foreign}`
  }
  const isPlain = PLAIN.test(pattern) && !LARGE_COUNT.test(pattern)
  if (isPlain && pattern.length <= MAX_PLAIN) return undefined
  const problem = problemOf(pattern, flags)
  return problem === undefined ? undefined : `${shown} ${problem}`
}

function problemOf(pattern: string, flags: string): string | undefined {
  try {
    const program = programOf(parsePattern(pattern, flags), flags)
    return typeof program === 'string' ? program : undefined
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return 'is nested too deeply'
  }
}

/**
 * Returns the flags with which a pattern compiles, preferring `u` (JSON Schema core s6.4); undefined if
 * none.
 */
export function flagsOf(pattern: string): 'u' | '' | undefined {
  return (['u', ''] as const).find((flags) => {
    try {
      return new RegExp(pattern, flags) instanceof RegExp
    } catch {
      return false
    }
  })
}

function syntaxErrorOf(pattern: string): string {
  try {
    new RegExp(pattern)
    return ''
  } catch (error) {
    const reason = /:\s*([^:/]+)$/.exec(error instanceof Error ? error.message : '')?.[1]
    return reason === undefined ? '' : `: ${reason}`
  }
}
