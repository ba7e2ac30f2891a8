import type { AST } from '@eslint-community/regexpp'

/** The steps of the engine's backtracking, at most: `fixed + perCharacter * text.length`. */
export interface EngineCost {
  readonly fixed: number
  readonly perCharacter: number
}

/** Patterns that cost more than this are left to the linear matcher. */
const MAX_FIXED = 4_096
const MAX_PER_CHARACTER = 128

const END: EngineCost = { fixed: 0, perCharacter: 0 }

/** What follows an element costs this each time the element matches; undefined: not bounded so. */
type Rest = EngineCost | undefined

/**
 * What it may cost at most to search a text for a pattern with the engine's own RegExp; undefined where
 * that may be more than proportional to the text. It is not where there is at most one loop with many
 * turns, no choice inside a loop, and one place to start from.
 */
export function engineCost({ alternatives }: AST.Pattern): EngineCost | undefined {
  const isAnchored = alternatives.every(({ elements: [first] }) => isStart(first))
  const once = ofAlternatives(alternatives, END)
  if (once === undefined || isAnchored) return once
  return once.perCharacter > 0 ? undefined : bounded(once.fixed, once.fixed + 1)
}

function ofAlternatives(alternatives: readonly AST.Alternative[], rest: Rest): Rest {
  return alternatives
    .map(({ elements }) => elements.reduceRight<Rest>((after, one) => ofElement(one, after), rest))
    .reduce(sum)
}

function ofElement(element: AST.Element, rest: Rest): Rest {
  switch (element.type) {
    case 'Group':
    case 'CapturingGroup':
      return ofAlternatives(element.alternatives, rest)
    case 'Quantifier':
      return ofLoop(element, rest)
    case 'Assertion':
      return 'alternatives' in element ? undefined : sum(rest, { fixed: 1, perCharacter: 0 })
    case 'Backreference':
      return undefined
    default:
      return sum(rest, { fixed: 1, perCharacter: 0 })
  }
}

function ofLoop({ element, min, max }: AST.Quantifier, rest: Rest): Rest {
  if (max === Number.POSITIVE_INFINITY) return ofEndlessLoop(element, rest)
  let cost: Rest = rest
  for (let turn = max; turn > 0 && cost !== undefined; turn--) {
    cost = ofElement(element, cost)
    if (turn > min) cost = sum(cost, rest)
  }
  return cost
}

/** After each turn the engine may try what follows. */
function ofEndlessLoop(element: AST.QuantifiableElement, rest: Rest): Rest {
  const turn = isPlain(element) ? ofElement(element, END) : undefined
  if (turn === undefined || rest === undefined || rest.perCharacter > 0) return undefined
  return bounded(turn.fixed + rest.fixed, turn.fixed + rest.fixed)
}

/** Whether there is one way through an element. */
function isPlain(element: AST.Element): boolean {
  switch (element.type) {
    case 'Group':
    case 'CapturingGroup':
      return (
        element.alternatives.length === 1 &&
        element.alternatives.every(({ elements }) => elements.every(isPlain))
      )
    case 'Quantifier':
      return element.min === element.max && isPlain(element.element)
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
