import { flagsOf } from './check.ts'
import { engineCost } from './linear.ts'
import { matches, type Spend } from './match.ts'
import { parsePattern } from './parse.ts'
import { programOf } from './program.ts'

/** Whether a pattern matches somewhere in a text; takes the time that it needs out of a budget. */
export type PatternTest = (text: string, spend: Spend) => boolean

/**
 * Compiles a pattern that `patternFault` has nothing to say of. The engine's own RegExp does the
 * matching where its time is bounded by the length of the text, else the linear matcher.
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
