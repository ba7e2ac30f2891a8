import { parsePattern } from './parse.ts'
import { programOf } from './program.ts'

// Neither a back-reference nor an inline flag, and too few and too small counts to make a program large.
const PLAIN = /^(?:[^\\(]|\\[^1-9k]|\((?!\?)|\(\?(?:[:=!]|<[=!A-Za-z_$]))*$/s
const LARGE_COUNT = /\{\d*,?\d{3}|\)\{/
const MAX_PLAIN = 1_000
const MAX_SHOWN = 200

/**
 * What is wrong with a pattern, with the pattern; undefined for a regular expression (ECMA-262, with
 * the `u` flag or without it) whose matching can be bounded.
 */
export function patternFault(pattern: string): string | undefined {
  const shown = JSON.stringify(pattern.slice(0, MAX_SHOWN))
  const flags = flagsOf(pattern)
  if (flags === undefined) return `${shown} is not a regular expression (ECMA-262)${why(pattern)}`
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

/** The flags with which a pattern compiles, `u` first (JSON Schema core s6.4); undefined: neither. */
export function flagsOf(pattern: string): 'u' | '' | undefined {
  return (['u', ''] as const).find((flags) => {
    try {
      return new RegExp(pattern, flags) instanceof RegExp
    } catch {
      return false
    }
  })
}

function why(pattern: string): string {
  try {
    new RegExp(pattern)
    return ''
  } catch (error) {
    const reason = /:\s*([^:/]+)$/.exec(error instanceof Error ? error.message : '')?.[1]
    return reason === undefined ? '' : `: ${reason}`
  }
}
