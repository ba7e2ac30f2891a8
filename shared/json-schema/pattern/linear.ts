import type { AST } from '@eslint-community/regexpp'

/** The maximum number of backtracking steps of the engine: `fixed + perCharacter * text.length`. */
export interface EngineCost {
  readonly fixed: number
  readonly perCharacter: number
}

/** The linear matcher matches patterns that cost more than this. */
const MAX_FIXED = 4_096
const MAX_PER_CHARACTER = 128

const END: EngineCost = { fixed: 0, perCharacter: 0 }

/**
 * The cost of the rest of the pattern each time an element matches; undefined if it has no such bound.
 */
type Rest = EngineCost | undefined

/**
 * Returns the maximum cost of a search with the engine's own RegExp; undefined if it may be more than
 * linear in the length of the text. It is linear for a pattern with at most one unbounded loop, without
 * alternatives inside a loop, and with one possible start of a match.
 */
export function engineCost({ alternatives }: AST.Pattern): EngineCost | undefined {
  const isAnchored = alternatives.every(({ elements: [first] }) => isStart(first))
  const costOfStart = costOfAlternatives(alternatives, END)
  if (costOfStart === undefined || isAnchored) return costOfStart
  return costOfStart.perCharacter > 0
    ? undefined
    : bounded(costOfStart.fixed, costOfStart.fixed + 1)
}

function costOfAlternatives(alternatives: readonly AST.Alternative[], rest: Rest): Rest {
  return alternatives
    .map(({ elements }) =>
      elements.reduceRight<Rest>((after, one) => costOfElement(one, after), rest),
    )
    .reduce(sum)
}

function costOfElement(element: AST.Element, rest: Rest): Rest {
  switch (element.type) {
    case 'Group':
    case 'CapturingGroup':
      return costOfAlternatives(element.alternatives, rest)
    case 'Quantifier':
      return costOfLoop(element, rest)
    case 'Assertion':
      return 'alternatives' in element ? undefined : sum(rest, { fixed: 1, perCharacter: 0 })
    case 'Backreference':
      return undefined
    default:
      return sum(rest, { fixed: 1, perCharacter: 0 })
  }
}

function costOfLoop({ element, min, max }: AST.Quantifier, rest: Rest): Rest {
  if (max === Number.POSITIVE_INFINITY) return costOfUnboundedLoop(element, rest)
  let cost: Rest = rest
  for (let iteration = max; iteration > 0 && cost !== undefined; iteration--) {
    cost = costOfElement(element, cost)
    if (iteration > min) cost = sum(cost, rest)
  }
  return cost
}

/** Adds the cost of the rest to that of each iteration, because the engine may try it after each one. */
function costOfUnboundedLoop(element: AST.QuantifiableElement, rest: Rest): Rest {
  const iteration = hasOnePath(element) ? costOfElement(element, END) : undefined
  if (iteration === undefined || rest === undefined || rest.perCharacter > 0) return undefined
  return bounded(iteration.fixed + rest.fixed, iteration.fixed + rest.fixed)
}

/** Returns whether an element matches in only one way. */
function hasOnePath(element: AST.Element): boolean {
  switch (element.type) {
    case 'Group':
    case 'CapturingGroup':
      return (
        element.alternatives.length === 1 &&
        element.alternatives.every(({ elements }) => elements.every(hasOnePath))
      )
    case 'Quantifier':
      return element.min === element.max && hasOnePath(element.element)
    default:
      return true
  }
}

function sum(one: Rest, other: Rest): Rest {
  if (one === undefined || other === undefined) return undefined
  return bounded(one.fixed + other.fixed, one.perCharacter + other.perCharacter)
}

function bounded(fixed: number, perCharacter: number): Rest {
  return fixed <= MAX_FIXED && perCharacter <= MAX_PER_CHARACTER
    ? { fixed, perCharacter }
    : undefined
}

function isStart(element: AST.Element | undefined): boolean {
  return element?.type === 'Assertion' && element.kind === 'start'
}
