import { parsePattern } from './parse.ts'
import { programOf } from './program.ts'

// Neither a back-reference nor an inline flag, and no number large enough to make a program large.
const PLAIN = /^(?:[^\\(]|\\[^1-9k]|\((?!\?)|\(\?(?:[:=!]|<[=!A-Za-z_$]))*$/s
const LARGE_COUNT = /\{\d*,?\d{3}/
const MAX_SHOWN = 200

/**
 * What is wrong with a pattern, with the pattern; undefined for a regular expression (ECMA-262, with
 * the `u` flag or without it) whose matching can be bounded.
 */
export function patternFault(pattern: string): string | undefined {
  const shown = JSON.stringify(pattern.slice(0, MAX_SHOWN))
  const flags = flagsOf(pattern)
  if (flags === undefined) return `${shown} is not a regular expression (ECMA-262)${why(pattern)}`
  if (PLAIN.test(pattern) && !LARGE_COUNT.test(pattern)) return undefined
  const program = programOf(parsePattern(pattern, flags), flags)
  return typeof program === 'string' ? `${shown} ${program}` : undefined
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
