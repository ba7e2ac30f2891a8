import type { AST } from '@eslint-community/regexpp'

/** One step of a program. The numbers are indices of steps. */
export type Step =
  | { readonly do: 'match' }
  | { readonly do: 'take'; readonly test: (character: string) => boolean; next: number }
  | { readonly do: 'split'; first: number; second: number }
  | { readonly do: 'assert'; readonly kind: 'start' | 'end' | 'word' | 'no-word'; next: number }
  | { readonly do: 'look'; readonly start: number; readonly negate: boolean; next: number }

/** A compiled pattern for `matches`. It has no capturing groups, because schemas do not use captures. */
export interface Program {
  readonly steps: readonly Step[]
  readonly start: number
  /** The steps in lookbehinds, which match from right to left. */
  readonly backward: ReadonlySet<number>
  readonly isUnicode: boolean
}

const MAX_STEPS = 20_000

/** Compiles a syntax tree. Returns the reason as text if the pattern cannot be matched in linear time. */
export function programOf(pattern: AST.Pattern, flags: string): Program | string {
  const steps: Step[] = [{ do: 'match' }]
  const backward = new Set<number>()
  let problem: string | undefined

  // The program is built from its end, because each part needs the index of the next step.
  const add = (step: Step, isBackward: boolean): number => {
    if (steps.length >= MAX_STEPS) problem = 'is too large when its quantifiers are expanded'
    else steps.push(step)
    if (isBackward) backward.add(steps.length - 1)
    return steps.length - 1
  }
  const either = (
    alternatives: readonly AST.Alternative[],
    next: number,
    isBackward: boolean,
  ): number => {
    const starts = alternatives.map((alternative) => sequence(alternative, next, isBackward))
    return starts.reduceRight((second, first) => add({ do: 'split', first, second }, isBackward))
  }
  const sequence = ({ elements }: AST.Alternative, next: number, isBackward: boolean): number => {
    const ordered = isBackward ? elements : elements.toReversed()
    return ordered.reduce((after, element) => part(element, after, isBackward), next)
  }
  const part = (element: AST.Element, next: number, isBackward: boolean): number => {
    if (problem !== undefined) return next
    switch (element.type) {
      case 'Group':
        if (element.modifiers !== null) problem = 'has inline flags, which are not supported'
        return either(element.alternatives, next, isBackward)
      case 'CapturingGroup':
        return either(element.alternatives, next, isBackward)
      case 'Quantifier':
        return repeat(element, next, isBackward)
      case 'Assertion':
        return assertion(element, next, isBackward)
      case 'Backreference':
        problem = 'has a back-reference, which cannot be matched in bounded time'
        return next
      default:
        return add({ do: 'take', test: characterTest(element.raw, flags), next }, isBackward)
    }
  }
  const repeat = (
    { element, min, max }: AST.Quantifier,
    next: number,
    isBackward: boolean,
  ): number => {
    let at = next
    if (max === Number.POSITIVE_INFINITY) {
      const loop = add({ do: 'split', first: next, second: next }, isBackward)
      const body = part(element, loop, isBackward)
      const step = steps[loop]
      if (step?.do === 'split') step.first = body
      at = loop
    } else {
      for (let left = max - min; left > 0 && problem === undefined; left--) {
        at = add({ do: 'split', first: part(element, at, isBackward), second: next }, isBackward)
      }
    }
    for (let left = min; left > 0 && problem === undefined; left--) {
      at = part(element, at, isBackward)
    }
    return at
  }
  const assertion = (element: AST.Assertion, next: number, isBackward: boolean): number => {
    switch (element.kind) {
      case 'start':
      case 'end':
        return add({ do: 'assert', kind: element.kind, next }, isBackward)
      case 'word':
        return add({ do: 'assert', kind: element.negate ? 'no-word' : 'word', next }, isBackward)
      default: {
        const start = either(element.alternatives, 0, element.kind === 'lookbehind')
        return add({ do: 'look', start, negate: element.negate, next }, isBackward)
      }
    }
  }
  const start = either(pattern.alternatives, 0, false)
  return problem ?? { steps, start, backward, isUnicode: flags.includes('u') }
}

const ASCII = 128

/** Returns a test that uses the engine to match a character with a class, an escape or a literal. */
function characterTest(raw: string, flags: string): (character: string) => boolean {
  const expression = new RegExp(`^(?:${raw})$`, flags)
  const known: (boolean | undefined)[] = []
  return (character) => {
    const code = character.length === 1 ? character.charCodeAt(0) : ASCII
    if (code >= ASCII) return expression.test(character)
    known[code] ??= expression.test(character)
    return known[code]
  }
}
