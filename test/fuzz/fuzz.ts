import fc from 'fast-check'
import { readCorpus } from './corpus.ts'
import { FuzzFinding, type FuzzTarget } from './target.ts'
import { textsLike } from './texts.ts'

export interface FuzzOptions {
  readonly seed: number
  /** How many texts. */
  readonly runs: number
  /** Milliseconds that a text may take at most, by its length; without it time does not count. */
  readonly budgetMs?: ((length: number) => number) | undefined
}

/** A text on which a target fails, made as small as it was possible. */
export interface Failure {
  readonly target: string
  readonly text: string
  readonly seed: number
  readonly cause: unknown
}

/** How often a text is tried again before it counts as slow: the machine may have been busy. */
const RETRIES = 4

/** Tries a target with its corpus and then with texts made from it; undefined when all holds. */
export async function fuzz(
  target: FuzzTarget,
  { seed, runs, budgetMs }: FuzzOptions,
): Promise<Failure | undefined> {
  const corpus = readCorpus(target.name)
  const seeds = [...target.seeds, ...corpus]
  const run = async (text: string) => {
    const startedAt = performance.now()
    await target.check(text)
    const took = performance.now() - startedAt
    if (budgetMs === undefined || took <= budgetMs(text.length)) return
    const best = await fastest(target, text)
    if (best <= budgetMs(text.length)) return
    throw new FuzzFinding(`${Math.round(best)} ms for ${text.length} characters`)
  }
  const result = await fc.check(fc.asyncProperty(textsLike(seeds), run), {
    seed,
    numRuns: runs + seeds.length,
    examples: seeds.map((text) => [text]),
    endOnFailure: false,
  })
  if (!result.failed) return undefined
  const [text = ''] = result.counterexample ?? []
  return { target: target.name, text, seed, cause: result.errorInstance }
}

async function fastest({ check }: FuzzTarget, text: string): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let time = 0; time < RETRIES; time++) {
    const startedAt = performance.now()
    await check(text)
    best = Math.min(best, performance.now() - startedAt)
  }
  return best
}
