import fc from 'fast-check'
import { readCorpus } from './corpus.ts'
import { FuzzFinding, type FuzzTarget } from './target.ts'
import { textsLike } from './texts.ts'

export interface FuzzOptions {
  readonly seed: number
  /** How many texts. */
  readonly runs: number
  /** Milliseconds of the processor that a text may take, by its length; undefined: as many as it takes. */
  readonly budgetMs?: ((length: number) => number) | undefined
  /** Milliseconds after which no text is tried any more, and none made smaller. */
  readonly timeLimitMs?: number | undefined
}

/** A text on which a target fails, made as small as it was possible. */
export interface Failure {
  readonly target: string
  readonly text: string
  readonly seed: number
  readonly cause: unknown
}

/** How often a text is tried again before it counts as slow: garbage may have been collected. */
const RETRIES = 4

/** Tries a target with its corpus and then with texts made from it; undefined when all holds. */
export async function fuzz(
  target: FuzzTarget,
  { seed, runs, budgetMs, timeLimitMs }: FuzzOptions,
): Promise<Failure | undefined> {
  const corpus = readCorpus(target.name)
  const seeds = [...target.seeds, ...corpus]
  const run = async (text: string) => {
    const took = await costOf(target, text)
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
    ...(timeLimitMs !== undefined && { interruptAfterTimeLimit: timeLimitMs }),
  })
  if (!result.failed) return undefined
  const [text = ''] = result.counterexample ?? []
  return { target: target.name, text, seed, cause: result.errorInstance }
}

/** Milliseconds of the processor, so that what else the machine does is not counted. */
async function costOf({ check }: FuzzTarget, text: string): Promise<number> {
  const before = process.cpuUsage()
  await check(text)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

async function fastest(target: FuzzTarget, text: string): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let time = 0; time < RETRIES; time++) {
    best = Math.min(best, await costOf(target, text))
  }
  return best
}
