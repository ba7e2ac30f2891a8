import { flagsOf } from './check.ts'
import { engineCost } from './linear.ts'
import { matches, type Spend } from './match.ts'
import { parsePattern } from './parse.ts'
import { programOf } from './program.ts'

/** Returns whether a pattern matches anywhere in a text. Takes its steps from a budget. */
export type PatternTest = (text: string, spend: Spend) => boolean

/**
 * Compiles a pattern for which `patternFault` returns no fault. Uses the engine's own RegExp if its time
 * is linear in the length of the text, and the linear matcher otherwise.
 */
export function compilePattern(
  pattern: string,
  flags: string = flagsOf(pattern) ?? 'u',
): PatternTest {
  const tree = parsePattern(pattern, flags)
  const cost = engineCost(tree)
  if (cost !== undefined) {
    const { fixed, perCharacter } = cost
    const expression = new RegExp(pattern, flags)
    return (text, spend) => {
      spend(3 + Math.floor((fixed + text.length * perCharacter) / 8))
      return expression.test(text)
    }
  }
  const program = programOf(tree, flags)
  if (typeof program === 'string') throw new Error(`The pattern ${program}`)
  return (text, spend) => matches(program, text, spend)
}
