import fc from 'fast-check'
import { readCorpus } from './corpus.ts'
import { FuzzFinding, type FuzzTarget } from './target.ts'
import { textsLike } from './texts.ts'

export interface FuzzOptions {
  readonly seed: number
  /** Number of generated texts. */
  readonly runs: number
  /** CPU milliseconds that a text may take, by its length. Without it, time is not checked. */
  readonly budgetMs?: ((length: number) => number) | undefined
  /** Milliseconds after which testing and shrinking stop. */
  readonly timeLimitMs?: number | undefined
}

/** A text on which a target fails, as far as it could be shrunk. */
export interface Failure {
  readonly target: string
  readonly text: string
  readonly seed: number
  readonly cause: unknown
}

/** Number of retries before a text counts as slow, because garbage collection may have run. */
const RETRIES = 4

/** Checks a target with its seeds, its corpus and generated texts. Returns undefined if all pass. */
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

/** CPU milliseconds, so that other load on the machine does not count. */
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
