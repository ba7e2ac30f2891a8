import type { AST } from '@eslint-community/regexpp'

/** More ways than this through the bounded parts of a pattern are left to the linear matcher. */
const MAX_WAYS = 64
/** A bounded loop with more turns to choose from counts as an unbounded one. */
const MAX_TURNS = 16

/**
 * The number of ways, at most, in which the engine's backtracking can try a pattern at each character
 * of a text; undefined where that may depend on the text. It does not where there is at most one loop
 * with many turns, no choice inside a loop, and one place to start from.
 */
export function waysThrough({ alternatives }: AST.Pattern): number | undefined {
  const isAnchored = alternatives.every(({ elements: [first] }) => isStart(first))
  const { ways, loops } = ofAlternatives(alternatives)
  return ways <= MAX_WAYS && loops + (isAnchored ? 0 : 1) <= 1 ? ways : undefined
}

interface Cost {
  readonly ways: number
  readonly loops: number
}

const UNBOUNDED: Cost = { ways: Number.POSITIVE_INFINITY, loops: Number.POSITIVE_INFINITY }
const NONE: Cost = { ways: 1, loops: 0 }

function ofAlternatives(alternatives: readonly AST.Alternative[]): Cost {
  const costs = alternatives.map(({ elements }) =>
    elements
      .map(ofElement)
      .reduce((sum, cost) => ({ ways: sum.ways * cost.ways, loops: sum.loops + cost.loops }), NONE),
  )
  return costs.reduce((sum, cost) => ({
    ways: sum.ways + cost.ways,
    loops: Math.max(sum.loops, cost.loops),
  }))
}

function ofElement(element: AST.Element): Cost {
  switch (element.type) {
    case 'Group':
    case 'CapturingGroup':
      return ofAlternatives(element.alternatives)
    case 'Quantifier':
      return ofLoop(element)
    case 'Assertion':
      return 'alternatives' in element ? UNBOUNDED : NONE
    case 'Backreference':
      return UNBOUNDED
    default:
      return NONE
  }
}

function ofLoop({ element, min, max }: AST.Quantifier): Cost {
  const body = ofElement(element)
  if (max <= 1) return { ways: body.ways * (max - min + 1), loops: body.loops }
  if (body.ways > 1 || body.loops > 0) return UNBOUNDED
  const turns = max - min + 1
  return turns > MAX_TURNS ? { ways: 1, loops: 1 } : { ways: turns, loops: 0 }
}

function isStart(element: AST.Element | undefined): boolean {
  return element?.type === 'Assertion' && element.kind === 'start'
}
