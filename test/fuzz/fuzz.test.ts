import { describe, expect, test } from 'vitest'
import { readCorpus } from './corpus.ts'
import { fuzz } from './fuzz.ts'
import { type FuzzTarget, must } from './target.ts'
import { TARGETS } from './targets.ts'

const SEED = 20_261_128
const RUNS = 300

describe.each(TARGETS)('the fuzz target $name', (target) => {
  test('holds for the texts of its corpus', async () => {
    const corpus = readCorpus(target.name)
    expect(corpus.length).toBeGreaterThan(0)
    for (const text of corpus) await target.check(text)
  })

  test(`holds for ${RUNS} generated texts`, async () => {
    expect(await fuzz(target, { seed: SEED, runs: RUNS })).toBeUndefined()
  })
})

describe('the fuzzer', () => {
  const failing = (check: FuzzTarget['check']): FuzzTarget => ({
    name: 'none',
    seeds: ['abc'],
    check,
  })

  test('finds a text on which a check fails and shrinks it', async () => {
    const target = failing((text) => must(!text.includes('"'), 'a quotation mark'))
    const failure = await fuzz(target, { seed: SEED, runs: 2_000 })
    expect(failure).toMatchObject({ target: 'none', seed: SEED })
    expect(failure?.text).toContain('"')
    expect(failure?.text.length).toBeLessThan(20)
  })

  test('generates the same texts for the same seed', async () => {
    const texts = async () => {
      const seen: string[] = []
      await fuzz(
        failing((text) => void seen.push(text)),
        { seed: SEED, runs: 50 },
      )
      return seen
    }
    expect(await texts()).toEqual(await texts())
  })

  test('reports a text that takes more time than its budget', async () => {
    const target = failing(() => undefined)
    expect(await fuzz(target, { seed: SEED, runs: 1, budgetMs: () => -1 })).toMatchObject({
      cause: expect.objectContaining({ name: 'FuzzFinding' }),
    })
  })
})
